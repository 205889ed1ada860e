/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/sources.h - where the text of scripts comes from. All workers of a
 * generation run the same text: the first one (the probe) reads the files and
 * keeps what it read until it says READY; that is the snapshot, and everybody
 * else of that generation, also one born a year later, reads from it.
 *
 *   probe:  disk --read--> scripts, and a copy of each file --seal--> snapshot
 *   others: snapshot --> scripts       (a file that only a later call of
 *                                       require or dofile names: the disk)
 */
#ifndef LUAAPI_SOURCES_H
#define LUAAPI_SOURCES_H

#include "lib/bug.h"
#include "lib/err.h"
#include "lib/slice.h"

struct sources;

/* snapshot: a descriptor made by sources_seal, borrowed; -1: read the disk and
 * remember. Dies when the snapshot cannot be mapped. Child process. */
struct sources *sources_new(int snapshot) MUST_CHECK;
void sources_free(struct sources *);
/* The text of a file; lives as long as the sources. ERR_SYS with errno. */
enum err sources_read(struct sources *, const char *path,
		      struct slice *text) MUST_CHECK;
/* The names of a directory's *.lua files in order of name, letter case aside,
 * each ending in a 0. Kept in the snapshot as a file is. ERR_SYS with errno. */
enum err sources_list(struct sources *, const char *dir,
		      struct slice *names) MUST_CHECK;
/* All that was read so far as a sealed file; -1 with errno. The caller's. */
int sources_seal(const struct sources *) MUST_CHECK;

#endif
