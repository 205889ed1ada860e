/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/lua2_story.c - calls of a lua2 script, for the story of a query. Runs
 * in workers and --ask. Invariant: between the calls of a script nothing here
 * runs its code or raises.
 */
#include <string.h>

#include "backend/story.h"
#include "lib/text.h"
#include "luaapi/lua2_state.h"

enum { ARGUMENTS_MAX = NAME_TEXT_MAX + LUA2_SHOWN_MAX + 256, PLACE_MAX = 128 };

static const char *const names[] = {
#define CALLBACK(id, name) [LUA2_##id] = (name),
#include "luaapi/lua2_callbacks.tbl"
#undef CALLBACK
};

/* "zone.lua:41": where the function that is called begins. NULL: it is none
 * of Lua. */
static const char *
place_of(const struct lua2_call *c, char out[PLACE_MAX])
{
	struct text t = text_over(out, PLACE_MAX);
	lua_State *L = c->b->script->L;
	lua_Debug ar;
	size_t i = 0;

	while (i < COUNT(names) && strcmp(names[i], c->function) != 0)
		i++;
	if (i == COUNT(names) || !lua2_has(c->b, (enum lua2_function)i))
		return NULL;
	lua2_push(L, c->b, (enum lua2_function)i);
	if (!lua_isfunction(L, -1) || lua_iscfunction(L, -1)) {
		lua_pop(L, 1);
		return NULL;
	}
	lua_getinfo(L, ">S", &ar);
	text_fmt(&t, "%s:%d", ar.short_src, ar.linedefined);
	return out;
}

void
lua2_tell_call(const struct lua2_call *c)
{
	char buf[ARGUMENTS_MAX], at[PLACE_MAX];
	struct text t = text_over(buf, sizeof(buf));
	const char *place = place_of(c, at);

	lua2_put_question(c, &t);
	if (c->put_more)
		c->put_more(c, &t);
	story_tell(c->b->script->env.story, STEP_call,
		   story_str("backend", c->b->label),
		   story_str("function", c->function),
		   story_str("arguments", buf),
		   place ? story_str("place", place) : story_none());
}

void
lua2_tell_end(const struct lua2_call *c, enum err e)
{
	const struct script *s = c->b->script;
	struct story_field time = story_ns("time", s->took_ns);

	if (e != ERR_NONE)
		story_tell(s->env.story, STEP_failed, time,
			   story_str("error", s->error));
	else if (c->missing || (c->rows && !c->rows->n))
		story_tell(s->env.story, STEP_nothing, time);
	else if (!c->rows)
		story_tell(s->env.story, STEP_done, time);
	else
		story_tell(s->env.story, STEP_returned,
			   story_rows("n", c->rows), time);
}
