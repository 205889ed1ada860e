/* SPDX-License-Identifier: GPL-3.0-or-later
 * ipc/verb.h - the verbs of the control socket, from verbs.tbl. Two protocols
 * share it. Lines, as PowerDNS has them and pdns_control speaks them: one line
 * "VERB ARGUMENT ...\n" in, text until the server closes out. And frames
 * (frame.h). Letter case of a verb does not matter.
 */
#ifndef IPC_VERB_H
#define IPC_VERB_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/bug.h"

#define VERB_SOCKET "pdnslua.controlsocket" /* in socket-dir */

enum { CONTROL_LINE_MAX = 65536 };

enum verb {
#define VERB(id, name, args, place, doc) VERB_##id,
#include "ipc/verbs.tbl"
#undef VERB
	VERB_COUNT
};

enum verb_place { VERB_IN_MASTER, VERB_IN_TOOL };

struct verb_info {
	const char *name;
	const char *args, *doc;
	enum verb_place place;
};

const struct verb_info *verb_info(enum verb);
/* VERB_COUNT if there is none of that name. */
enum verb verb_parse(const char *word);
/* May so many words, options included, stand behind the verb? */
bool verb_takes(enum verb, int words);
/* The same for any arguments as verbs.tbl has them. */
void verb_count_args(const char *args, int *least, int *most);
/* Bytes of the first sentence of what it does, without the full stop. */
size_t verb_sentence(const char *doc);
/* Path of the control socket in socket_dir, into out; -1: too long. */
int verb_socket_path(const char *socket_dir, char *out, size_t cap) MUST_CHECK;

#endif
