/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/lua2_intern.c - words of row tables known by address. Runs in workers,
 * jobs and --ask. Lua keeps one copy of each short string, so while ours is
 * alive an equal one of the script has the same address: no comparing, no
 * search through the list of types. Where that were not so, words are
 * compared as text.
 */
#include <string.h>

#include "dns/type.h"
#include "luaapi/lua2_state.h"

static const char *const key_names[LUA2_KEY_COUNT] = {
    [LUA2_KEY_TYPE] = "type",
    [LUA2_KEY_NAME] = "name",
    [LUA2_KEY_CONTENT] = "content",
    [LUA2_KEY_TTL] = "ttl",
    [LUA2_KEY_DOMAIN_ID] = "domain_id",
    [LUA2_KEY_AUTH] = "auth",
    [LUA2_KEY_LAST_MODIFIED] = "last_modified",
    [LUA2_KEY_SCOPEMASK] = "scopeMask",
    [LUA2_KEY_SCOPE_MASK] = "scope_mask",
};

static size_t
slot_of(const void *text)
{
	uint64_t h = (uint64_t)(uintptr_t)text * 0x9e3779b97f4a7c15u;

	return h >> 56; /* LUA2_TYPE_SLOTS of them */
}

static const void *
keep(lua_State *L, const char *text)
{
	const void *p;

	lua_pushstring(L, text);
	p = lua_topointer(L, -1);
	luaL_ref(L, LUA_REGISTRYINDEX);
	return p;
}

static void
keep_type(lua_State *L, struct lua2 *b, const struct type_info *t)
{
	const void *text = keep(L, t->name);
	size_t i = slot_of(text);

	while (b->types[i].text)
		i = (i + 1) % LUA2_TYPE_SLOTS;
	b->types[i].text = text;
	b->types[i].type = t->code;
}

void
lua2_intern(lua_State *L, struct lua2 *b)
{
	const struct type_info *t;

	for (size_t i = 0; i < LUA2_KEY_COUNT; i++)
		b->key[i] = keep(L, key_names[i]);
	for (size_t i = 0; (t = type_at(i)) != NULL; i++) {
		bug_on(i >= LUA2_TYPE_SLOTS / 2); /* or a search gets long */
		keep_type(L, b, t);
	}
}

static enum lua2_key
compare_text(lua_State *L, int idx)
{
	size_t i = LUA2_KEY_COUNT;

	if (lua_type(L, idx) == LUA_TSTRING) {
		const char *s = lua_tostring(L, idx);

		for (i = 0; i < LUA2_KEY_COUNT; i++)
			if (strcmp(key_names[i], s) == 0)
				break;
	}
	return (enum lua2_key)i;
}

enum lua2_key
lua2_key_at(lua_State *L, const struct lua2 *b, int idx)
{
	const void *p = lua_topointer(L, idx);

	for (size_t i = 0; i < LUA2_KEY_COUNT; i++)
		if (b->key[i] == p)
			return (enum lua2_key)i;
	return compare_text(L, idx);
}

bool
lua2_type_at(lua_State *L, const struct lua2 *b, int idx, uint16_t *type)
{
	const void *p = lua_topointer(L, idx);
	size_t i = slot_of(p);

	for (; b->types[i].text; i = (i + 1) % LUA2_TYPE_SLOTS)
		if (b->types[i].text == p) {
			*type = b->types[i].type;
			return true;
		}
	return false;
}
