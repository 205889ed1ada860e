/* SPDX-License-Identifier: GPL-3.0-or-later
 * ipc/verb.h - the control socket: one line "VERB ARGUMENT ...\n" in, text
 * until the server closes out. Stock pdns_control speaks it. Letter case
 * of a verb does not matter.
 */
#ifndef IPC_VERB_H
#define IPC_VERB_H

#include <stddef.h>

#include "lib/bug.h"

enum { CONTROL_LINE_MAX = 4096, CONTROL_WORDS_MAX = 64 };

enum verb {
#define VERB(id, name, args, doc) VERB_##id,
#include "ipc/verbs.tbl"
#undef VERB
	VERB_COUNT
};

struct verb_info {
	const char *name;
	const char *args, *doc;
};

const struct verb_info *verb_info(enum verb);
/* VERB_COUNT if there is none of that name. */
enum verb verb_parse(const char *word);
/* Path of the control socket in socket_dir, into out; -1: too long. */
int verb_socket_path(const char *socket_dir, char *out, size_t cap) MUST_CHECK;

#endif
