/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/lua2_command.c - direct commands (lua-api A9): an operator calls any
 * global function of the script with one string. Runs in workers.
 */
#include <string.h>

#include "conf/conf.h"
#include "lib/mem.h"
#include "luaapi/lua2_state.h"
#include "luaapi/object.h"

struct command_call {
	struct lua2_call c;
	struct slice word, rest;
	struct slice out;
};

static struct slice
keep(lua_State *L, const struct lua2_call *c, const char *text, size_t len)
{
	char *copy = lua2_alloc(L, c, len + 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	return slice_of(copy, len);
}

static int
call_command(lua_State *L)
{
	struct command_call *c = lua_touserdata(L, 1);
	const char *text;
	size_t len;

	lua_pushlstring(L, (const char *)c->word.at, c->word.len);
	lua2_push_global(L, lua_tostring(L, -1));
	c->c.missing = !lua_isfunction(L, -1) && !lua_isuserdata(L, -1);
	if (c->c.missing) {
		lua_pushlstring(L, (const char *)c->word.at, c->word.len);
		lua_pushliteral(L, "not found");
		lua_concat(L, 2);
	} else {
		lua_pushlstring(L, (const char *)c->rest.at, c->rest.len);
		lua_call(L, 1, 1);
		if (!lua_isstring(L, -1))
			return luaL_error(L, "it returned a %s, not a string",
					  luaL_typename(L, -1));
	}
	text = object_push_text(L, -1, &len);
	c->out = keep(L, &c->c, text, len);
	return 0;
}

/* The word up to the first blank or tab, and all behind that one. */
static void
split(struct command_call *c, struct slice text)
{
	size_t n = 0;

	while (n < text.len && text.at[n] != ' ' && text.at[n] != '\t')
		n++;
	c->word = slice_of(text.at, n);
	n += n < text.len;
	c->rest = slice_of(text.at + n, text.len - n);
}

enum err
lua2_command(void *self, struct arena *arena, struct slice text,
	     struct slice *out)
{
	struct lua2 *b = self;
	struct command_call c = {
	    .c = {.b = b, .arena = arena, .function = "command"}};
	char word[LUA2_SHOWN_MAX];
	const char *why;
	enum err e;

	split(&c, text);
	c.c.detail = lua2_quoted(c.word, word);
	if (lua2_logs(b))
		log_debug("[%s] Calling %.*s(parameter=%.*s)", b->label,
			  (int)c.word.len, (const char *)c.word.at,
			  (int)c.rest.len, (const char *)c.rest.at);
	e = lua2_run(&c.c, call_command, b->conf->script_load_limit);
	if (e == ERR_NONE || e == ERR_MISS) {
		*out = c.out;
		return e;
	}
	why = b->script->error;
	*out = slice_of(arena_copy(arena, why, strlen(why)), strlen(why));
	if (!out->at)
		out->len = 0;
	return e;
}
