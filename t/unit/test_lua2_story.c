/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_lua2_story.c - what a lua2 script's calls tell a story: where the
 * function is, its arguments, what it says and reads, what of its rows is left
 * out, how it ends.
 */
#include "t/unit/lua2script.h"

#include "backend/story.h"

static const char code[] =
    "function dns_lookup(qtype, qname, id, ctx)\n"
    "	local name = tostring(qname)\n"
    "	if name == 'who.test.' then\n"
    "		return {{type = 'TXT', content = ctx.source_address}}\n"
    "	elseif name == 'scope.test.' then\n"
    "		return {{type = 'TXT', content = ctx.source_address,\n"
    "			scopeMask = 24}}\n"
    "	elseif name == 'bad.test.' then\n"
    "		error('no data')\n"
    "	elseif name == 'odd.test.' then\n"
    "		pdnslog('odd one')\n"
    "		return {{type = 'A', content = '192.0.2.1', ttl = -1},\n"
    "			{type = 'A', name = 'x.test', content = '192.0.2.1'}}\n"
    "	elseif name == 'tag.test.' then\n"
    "		require('pdnslua').cache.tag('green')\n"
    "		return {{type = 'A', content = '192.0.2.1'}}\n"
    "	elseif name == 'no.test.' then\n"
    "		return false\n"
    "	end\n"
    "	return {}\n"
    "end\n"
    "function dns_list(zone, id)\n"
    "	return {{type = 'A', name = 'a.b.test', content = '192.0.2.1'}}\n"
    "end\n"
    "function dns_get_domain_metadata() return {'1'} end\n"
    "function hello(x) return 'hello ' .. x end\n";

/* Each event's words in a line; times and the directory are not ours. */
static const char *
lines_of(const struct lua2_script *s, const struct story *story)
{
	static char buf[8192];
	struct text t = text_over(buf, sizeof(buf));

	for (const struct story_event *e = story->first; e; e = e->next) {
		size_t from = t.len;
		char *at;

		story_event_words(e, &t);
		at = strstr(buf + from, s->dir);
		if (at)
			memmove(at, at + strlen(s->dir) + 1,
				strlen(at + strlen(s->dir) + 1) + 1);
		at = strstr(buf + from, " in ");
		if (at)
			*at = '\0';
		buf[from + strcspn(buf + from, "\n")] = '\0';
		t.len = strlen(buf);
		text_char(&t, '\n');
	}
	return buf;
}

#define PLACE "of script.lua:1\n"
#define US ", 7, {192.0.2.7}) " PLACE

static const struct {
	const char *name, *want;
} lookups[] = {
    {"none.test", "dns_lookup(none.test., ANY" US "nothing\n"},
    {"no.test", "dns_lookup(no.test., ANY" US "nothing\n"},
    {"Who.test", "dns_lookup(who.test., ANY" US "nothing\n"},
    {"who.test", "dns_lookup(who.test., ANY" US "1 row\n"
		 "it looked at who asks, and gave no scope: good for this "
		 "address only\n"},
    {"scope.test", "dns_lookup(scope.test., ANY" US "1 row\n"},
    {"bad.test", "dns_lookup(bad.test., ANY" US "failed\n"},
    {"odd.test", "dns_lookup(odd.test., ANY" US "says: odd one\n"
		 "TTL -1 is out of range: 0 is used\n"
		 "left out: a row for x.test.\n1 row\n"},
    {"tag.test", "dns_lookup(tag.test., ANY" US "tag green\n1 row\n"},
};

Test(lua2_story, a_call_tells_all_of_itself)
{
	static struct lua2_script s;
	struct story *story = story_new();

	cr_assert_eq(script_open(&s, code, NULL), ERR_NONE);
	lua2_ops.listen(s.self, story);
	for (size_t i = 0; i < COUNT(lookups); i++) {
		const char *got;

		story_begin(story);
		cr_expect_eq(script_lookup(&s, lookups[i].name, TYPE_ANY, 7),
			     strstr(lookups[i].want, "failed") ? ERR_SCRIPT
							       : ERR_NONE);
		got = lines_of(&s, story);
		cr_expect_str_eq(got, lookups[i].want, "%s: %s",
				 lookups[i].name, got);
	}
	story_free(story);
	script_close(&s);
}

static const struct story_field *
field(const struct story_event *e, const char *key)
{
	for (size_t i = 0; i < e->n; i++)
		if (strcmp(e->field[i].key, key) == 0)
			return &e->field[i];
	cr_assert_fail("no field %s", key);
	return NULL;
}

Test(lua2_story, an_error_comes_with_its_place_and_time)
{
	static struct lua2_script s;
	struct story *story = story_new();
	const struct story_field *f;

	cr_assert_eq(script_open(&s, code, NULL), ERR_NONE);
	lua2_ops.listen(s.self, story);
	cr_expect_eq(script_lookup(&s, "bad.test", TYPE_ANY, 7), ERR_SCRIPT);
	cr_assert_eq(story->last->step, STEP_failed);
	f = field(story->last, "error");
	cr_expect_not_null(
	    memmem(f->bytes.at, f->bytes.len,
		   "script.lua:9: no data\nstack traceback:", 38));
	cr_expect_gt(field(story->last, "time")->number, 0);
	story_free(story);
	script_close(&s);
}

/* Whatever is called, not only look-ups. */
Test(lua2_story, other_callbacks_are_told_too)
{
	static struct lua2_script s;
	struct story *story = story_new();
	uint8_t zone[NAME_MAX_BYTES], name[NAME_MAX_BYTES];
	struct metadata values;
	const char *got;
	bool found = false;

	cr_assert_eq(script_open(&s, code, NULL), ERR_NONE);
	wire("test", zone);
	wire("b.test", name);
	lua2_ops.listen(s.self, story);
	cr_expect_eq(lua2_ops.has_below(s.self, zone, 7, 1, name, &found),
		     ERR_NONE);
	cr_expect(found);
	cr_expect_eq(
	    lua2_ops.metadata(s.self, &s.arena, zone, "SOA-EDIT", &values),
	    ERR_NONE);
	script_command(&s, "hello you");
	got = lines_of(&s, story);
	cr_expect_str_eq(got,
			 "dns_list(test., 7) of script.lua:22\n1 row\n"
			 "dns_get_domain_metadata(test., SOA-EDIT) of "
			 "script.lua:25\ndone\n"
			 "command('hello')\ndone\n",
			 "%s", got);
	story_free(story);
	script_close(&s);
}

Test(lua2_story, who_does_not_listen_is_told_nothing)
{
	static struct lua2_script s;
	struct story *story = story_new();

	cr_assert_eq(script_open(&s, code, NULL), ERR_NONE);
	lua2_ops.listen(s.self, story);
	lua2_ops.listen(s.self, NULL);
	cr_expect_eq(script_lookup(&s, "odd.test", TYPE_ANY, 7), ERR_NONE);
	cr_expect_eq(story->n, 0);
	story_free(story);
	script_close(&s);
}
