/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/err.h - the result of everything that can fail. 0 is success; foreign
 * codes (errno, LUA_*, zscanner's) are translated once per folder.
 */
#ifndef LIB_ERR_H
#define LIB_ERR_H

enum err {
#define ERR(name, text) ERR_##name,
#include "lib/err.tbl"
#undef ERR
	ERR_COUNT
};

/* Words for people; static storage. Any process. */
const char *err_text(enum err);

#endif
