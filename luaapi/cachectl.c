/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/cachectl.c - pdnslua.cache: purge and tag. Runs wherever a script
 * runs; without caches (--ask) both do nothing.
 */
#include <string.h>

#include "backend/story.h"
#include "dns/name.h"
#include "luaapi/part.h"
#include "shm/purge.h"
#include "shm/segment.h"

static struct slice
text_arg(lua_State *L, int arg)
{
	struct slice text;

	text.at = (const uint8_t *)luaL_checklstring(L, arg, &text.len);
	return text;
}

/* The name at index 1, in lower case, without a final "$"; its length. */
static size_t
name_arg(lua_State *L, uint8_t name[NAME_MAX_BYTES], bool *subtree)
{
	uint8_t wire[NAME_MAX_BYTES];
	struct slice text;

	*subtree = false;
	if (lua_type(L, 1) == LUA_TSTRING) {
		text = text_arg(L, 1);
		*subtree = text.len > 1 && text.at[text.len - 1] == '$';
		if (*subtree) {
			lua_pushlstring(L, (const char *)text.at, text.len - 1);
			lua_replace(L, 1);
		}
	}
	object_arg_name(L, 1, wire);
	return name_lower(wire, name);
}

static size_t
purge_name(lua_State *L, const struct purge *p)
{
	uint8_t name[NAME_MAX_BYTES];
	bool subtree;
	size_t len = name_arg(L, name, &subtree);

	return p ? purge_names(p, subtree ? PURGE_SUBTREE : PURGE_NAME, name,
			       len)
		 : 0;
}

/* purge() all, purge("name"), purge("name$"): how many entries went. */
static int
purge(lua_State *L)
{
	const struct purge *p = env_of(L)->host.purge;
	size_t n = 0;

	if (!lua_isnoneornil(L, 1))
		n = purge_name(L, p);
	else if (p)
		n = purge_all(p);
	lua_pushinteger(L, (lua_Integer)n);
	return 1;
}

/* purge_zone("example.com"): its names, and answers made of it. */
static int
purge_zone(lua_State *L)
{
	const struct purge *p = env_of(L)->host.purge;
	uint8_t name[NAME_MAX_BYTES];
	bool subtree;
	size_t len = name_arg(L, name, &subtree), n = 0;

	if (p)
		n = purge_names(p, PURGE_ZONE, name, len);
	lua_pushinteger(L, (lua_Integer)n);
	return 1;
}

/* purge_tag("tag"): what was computed with that tag. */
static int
purge_tagged(lua_State *L)
{
	const struct purge *p = env_of(L)->host.purge;
	struct slice tag = text_arg(L, 1);

	if (p)
		purge_tag(p, tag);
	return 0;
}

/* tag("tag"): what the running look-up returns is kept under it. */
static int
tag(lua_State *L)
{
	struct env *env = env_of(L);
	struct slice text = text_arg(L, 1);

	if (env->story)
		story_tell(env->story, STEP_tagged, story_words("tag", text));
	if (!env->host.purge)
		return 0;
	if (env->n_tags == ROWS_TAGS)
		return luaL_error(L, "a look-up has at most %d tags",
				  (int)ROWS_TAGS);
	env->tags[env->n_tags++] = tag_slot(env->host.purge->segment, text);
	return 0;
}

void
cachectl_push(lua_State *L)
{
	static const luaL_Reg functions[] = {{"purge", purge},
					     {"purge_zone", purge_zone},
					     {"purge_tag", purge_tagged},
					     {"tag", tag},
					     {NULL, NULL}};

	luaL_newlib(L, functions);
}
