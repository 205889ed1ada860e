/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/script.h - one Lua state with one operator's script in it: opened,
 * loaded, called, closed. Everything that may raise runs through script_call,
 * so that no error of a script leaves this folder as anything but an enum err
 * and text.
 */
#ifndef LUAAPI_SCRIPT_H
#define LUAAPI_SCRIPT_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/bug.h"
#include "lib/err.h"
#include "luaapi/alloc.h"
#include "luaapi/env.h"

struct conf;

struct script {
	lua_State *L;
	struct env env;
	struct alloc memory;
	struct sources *own_sources; /* if the host lends none */
	const char *error; /* of the last failed call: message and traceback;
			      borrowed until the next call */
	enum limit limit;  /* that ended the last failed call */
	int64_t born_us;
	int64_t took_ns; /* the last call */
};

/* A state with libraries, host objects and shims, seeded with 128 random
 * bits. Dies when there is no memory: at the start only. Child process. */
struct script *script_new(const struct conf *, const struct host *,
			  const char *label) MUST_CHECK;
void script_free(struct script *);
/* Compile (text only) and run a file. ERR_SCRIPT: s->error tells file, line
 * and traceback. */
enum err script_run_file(struct script *, const char *path) MUST_CHECK;
/* Run every *.lua of a directory, in order of name. */
enum err script_run_dir(struct script *, const char *dir) MUST_CHECK;
/* Run body(L) with ctx as light userdata 1, protected, within limit_ms (0:
 * whatever it takes). ERR_SCRIPT, ERR_LIMIT (counted): s->error has the words;
 * ERR_MEMORY: the machine has none. */
enum err script_call(struct script *, lua_CFunction body, void *ctx,
		     int64_t limit_ms) MUST_CHECK;
/* Milliseconds of script-load-limit that a new script has left, at least 1:
 * all that is done to load it shares them. */
int64_t script_load_left(const struct script *);
/* The script is loaded: what it holds now does not count for
 * script-memory-limit. ERR_SCRIPT, ERR_LIMIT. */
enum err script_loaded(struct script *) MUST_CHECK;
/* Is the failure of its last call to be logged? A limit is news once a minute
 * for each place in the script; *left_out = how often it was not since. */
bool script_failure_is_news(struct script *, unsigned *left_out);
/* How much of script-memory-limit has it used up? Another state should take
 * its place before it reaches the end. Cheap; now and then it collects. */
enum wear script_wear(struct script *);

#endif
