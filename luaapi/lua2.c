/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/lua2.c - life of a lua2 script. Runs in workers, jobs and --ask.
 * Invariant: a call that fails leaves the state as it was; only the query gets
 * SERVFAIL.
 */
#include "luaapi/host.h"
#include "luaapi/lua2.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "dns/type.h"
#include "lib/clock.h"
#include "lib/hash.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "luaapi/lua2_state.h"
#include "shm/segment.h"

enum { QUESTION_MAX = NAME_TEXT_MAX + LUA2_SHOWN_MAX + 128, PLACE_MAX = 128 };

static const char *const callback_names[] = {
#define CALLBACK(id, name) [LUA2_##id] = (name),
#include "luaapi/lua2_callbacks.tbl"
#undef CALLBACK
};

/* -- Calls ----------------------------------------------------------------- */

void
lua2_put_question(const struct lua2_call *c, struct text *t)
{
	char name[NAME_TEXT_MAX], type[16];

	if (c->name) {
		name_text_script(c->name, name);
		text_str(t, name);
	}
	if (c->type || c->detail)
		text_str(t, c->name ? ", " : "");
	if (c->type)
		text_str(t, type_text(c->type, type));
	if (c->detail)
		text_str(t, c->detail);
}

/* Where the script failed: "FILE:LINE" at the beginning of Lua's message, so
 * that one bad line does not hide another; "" if it does not say. */
static void
place_of(const char *error, char place[PLACE_MAX])
{
	size_t colon = strcspn(error, ":\n");
	size_t digits =
	    error[colon] == ':' ? strspn(error + colon + 1, "0123456789") : 0;
	size_t len = digits ? colon + 1 + digits : 0;

	if (len >= PLACE_MAX)
		len = 0;
	memcpy(place, error, len);
	place[len] = '\0';
}

/* For who wants to know which lines of the script fail. */
static void
note_fault(const struct script *s, const char *place)
{
	size_t n = strlen(place);
	struct toplist_item item = {
	    .key = slice_of(place, n),
	    .note = slice_of(s->error, strcspn(s->error, "\n")),
	    .weight = 1,
	    .last_ms = clock_mono_ms()};

	if (!n)
		item.key = slice_str("no place in it");
	else if (item.note.len > n && strncmp(s->error, place, n) == 0)
		item.note = slice_of(s->error + n + 1, item.note.len - n - 1);
	while (item.note.len && item.note.at[0] == ' ')
		item.note = slice_of(item.note.at + 1, item.note.len - 1);
	if (s->env.host.slot)
		toplist_add(&s->env.host.slot->faults, hash_mix(item.key, 1),
			    &item);
}

static void
log_failure(const struct lua2_call *c)
{
	struct lua2 *b = c->b;
	char buf[QUESTION_MAX], place[PLACE_MAX], more[64] = "";
	unsigned left_out;
	struct text question = text_over(buf, sizeof(buf));
	struct log_field f[] = {
	    log_str("backend", b->label), log_str("function", c->function),
	    log_str("question", buf), log_str("place", place)};
	struct log_event ev = {.level = LOG_LEVEL_ERR,
			       .about = place,
			       .fields = f,
			       .n_fields = COUNT(f)};

	if (b->script->limit == LIMIT_NONE)
		place_of(b->script->error, place);
	else
		strlcpy(place, b->script->env.limits.place, sizeof(place));
	note_fault(b->script, place);
	if (!script_failure_is_news(b->script, &left_out))
		return;
	if (left_out)
		snprintf(more, sizeof(more), "\n(and %u more times since then)",
			 left_out);
	lua2_put_question(c, &question);
	/* words that people search for (lua-api G26) */
	log_event(&ev, "%s: %s%s(%s) failed: %s%s", b->label,
		  c->type ? "Exception building answer packet: " : "",
		  c->function, buf, b->script->error, more);
}

enum err
lua2_run(struct lua2_call *c, lua_CFunction body, int64_t limit_ms)
{
	struct script *s = c->b->script;
	enum err e;

	s->env.limits.called = c->function;
	if (UNLIKELY(s->env.story))
		lua2_tell_call(c);
	e = script_call(s, body, c, limit_ms);
	if (UNLIKELY(s->env.story))
		lua2_tell_end(c, e);
	if (s->env.host.slot)
		histogram_add(&s->env.host.slot->script, s->took_ns, 1);
	if (UNLIKELY(e != ERR_NONE)) {
		log_failure(c);
		return e;
	}
	return c->missing ? ERR_MISS : ERR_NONE;
}

/* -- Load ------------------------------------------------------------------ */

static int
get_global(lua_State *L)
{
	lua_getglobal(L, lua_touserdata(L, 1));
	return 1;
}

int
lua2_push_global(lua_State *L, const char *name)
{
	lua_pushcfunction(L, get_global);
	lua_pushlightuserdata(L, (void *)(uintptr_t)name);
	if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
		lua_pop(L, 1);
		lua_pushnil(L);
	}
	return lua_type(L, -1);
}

/* A callback may be a function or userdata; a number, say, is a mistake that
 * must not surface only when it is called. */
static void
capture(lua_State *L, struct lua2 *b, enum lua2_function f)
{
	const char *name = callback_names[f];

	switch (lua2_push_global(L, name)) {
	case LUA_TNIL:
		lua_pop(L, 1);
		return;
	case LUA_TFUNCTION:
	case LUA_TUSERDATA:
		b->function[f] = luaL_ref(L, LUA_REGISTRYINDEX);
		return;
	default:
		luaL_error(L, "%s is a %s, not a function", name,
			   luaL_typename(L, -1));
	}
}

static void
need(lua_State *L, const struct lua2 *b, enum lua2_function f)
{
	if (!lua2_has(b, f))
		luaL_error(L, "%s missing: dns_dnssec is true",
			   callback_names[f]);
}

/* A zone that cannot be signed properly must not be served half signed. */
static void
read_dnssec(lua_State *L, struct lua2 *b)
{
	int type = lua2_push_global(L, "dns_dnssec");

	if (type != LUA_TNIL && type != LUA_TBOOLEAN)
		luaL_error(L, "dns_dnssec is a %s, not a boolean",
			   luaL_typename(L, -1));
	b->dnssec = lua_toboolean(L, -1);
	lua_pop(L, 1);
	if (!b->dnssec)
		return;
	if (!lua2_has(b, LUA2_ALL_METADATA)) /* either serves for both */
		need(L, b, LUA2_METADATA);
	need(L, b, LUA2_BEFORE_AFTER);
	if (!lua2_has(b, LUA2_KEYS))
		log_warn("%s: dns_dnssec is true and dns_get_domain_keys "
			 "missing: nothing will be signed",
			 b->label);
}

/* The order of A2: other callbacks, dns_init, then dns_deinit and dns_dnssec,
 * which dns_init may still set. */
static int
start(lua_State *L)
{
	struct lua2 *b = lua_touserdata(L, 1);

	for (int f = 0; f < LUA2_DEINIT; f++)
		capture(L, b, (enum lua2_function)f);
	if (!lua2_has(b, LUA2_LOOKUP))
		return luaL_error(L, "dns_lookup missing: the script must "
				     "define it");
	lua2_intern(L, b);
	lua2_prepare_lookup(L, b);
	if (lua2_has(b, LUA2_INIT)) {
		lua2_push(L, b, LUA2_INIT);
		lua_call(L, 0, 0);
	}
	read_dnssec(L, b);
	capture(L, b, LUA2_DEINIT);
	return 0;
}

/* The script's own test of itself: an error, or a first result of false with
 * perhaps a reason behind it, means no. */
static int
selftest(lua_State *L)
{
	if (lua2_push_global(L, "dns_selftest") == LUA_TNIL)
		return 0;
	lua_call(L, 0, 2);
	if (lua_type(L, -2) == LUA_TBOOLEAN && !lua_toboolean(L, -2))
		return luaL_error(L, "dns_selftest says no: %s",
				  lua_isnil(L, -1)
				      ? "without a reason"
				      : luaL_tolstring(L, -1, NULL));
	return 0;
}

static enum err
load(struct lua2 *b, const char *path)
{
	const char *dir = b->conf->lua_global_include_dir;
	enum err e = script_call(b->script, lua2_guard_exit, b, 0);

	if (e == ERR_NONE && dir[0])
		e = script_run_dir(b->script, dir);
	if (e == ERR_NONE)
		e = script_run_file(b->script, path);
	if (e == ERR_NONE)
		e = script_call(b->script, start, b,
				script_load_left(b->script));
	if (e == ERR_NONE && b->script->env.host.probe)
		e = script_call(b->script, selftest, b,
				script_load_left(b->script));
	if (e == ERR_NONE)
		e = script_loaded(b->script);
	if (e != ERR_NONE)
		log_err("%s: cannot load script %s: %s", b->label, path,
			b->script->error);
	return e;
}

enum err
lua2_open(const struct conf *conf, const struct launch *launch,
	  const struct host *host, void **self)
{
	struct lua2 *b = xnew(struct lua2);
	enum err e;

	b->conf = conf;
	b->label = launch->label;
	b->logging = conf_is_yes(conf_backend(conf, launch, "query-logging"));
	b->scratch = xalloc(RDATA_MAX_BYTES);
	for (size_t i = 0; i < LUA2_FUNCTIONS; i++)
		b->function[i] = LUA_NOREF;
	b->script = script_new(conf, host, b->label);
	e = load(b, conf_backend(conf, launch, "filename"));
	if (e != ERR_NONE) { /* dns_deinit is last to be captured: not called */
		lua2_close(b);
		return e;
	}
	*self = b;
	return ERR_NONE;
}

static int
stop(lua_State *L)
{
	struct lua2 *b = lua_touserdata(L, 1);

	lua2_push(L, b, LUA2_DEINIT);
	lua_call(L, 0, 0);
	return 0;
}

void
lua2_close(void *self)
{
	struct lua2 *b = self;

	if (lua2_has(b, LUA2_DEINIT) &&
	    script_call(b->script, stop, b, b->conf->script_load_limit) !=
		ERR_NONE)
		log_err("%s: dns_deinit failed: %s", b->label,
			b->script->error);
	lua2_ents_free(b->ents);
	script_free(b->script);
	free(b->scratch);
	free(b);
}

static void
tell_to(void *self, struct story *story)
{
	struct lua2 *b = self;

	b->script->env.story = story;
}

static void
sample(void *self, struct folded *into)
{
	struct lua2 *b = self;

	limits_sample(&b->script->env.limits, into);
}

static bool
takes_part_in_dnssec(void *self)
{
	const struct lua2 *b = self;

	return b->dnssec;
}

static enum wear
wear(void *self)
{
	const struct lua2 *b = self;

	return script_wear(b->script);
}

const struct backend_ops lua2_ops = {
    .lookup = lua2_lookup,
    .list = lua2_list,
    .has_below = lua2_has_below,
    .domains = lua2_domains,
    .domain = lua2_domain,
    .metadata = lua2_metadata,
    .all_metadata = lua2_all_metadata,
    .dnssec = takes_part_in_dnssec,
    .keys = lua2_keys,
    .neighbours = lua2_neighbours,
    .set_notified = lua2_set_notified,
    .command = lua2_command,
    .listen = tell_to,
    .sample = sample,
    .wear = wear,
};
