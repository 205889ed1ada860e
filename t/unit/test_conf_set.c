/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_conf_set.c - one setting of a running server, and what programs
 * are told of all of them.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/option.h"
#include "lib/log.h"
#include "lib/text.h"

static struct conf *
load(const char *text)
{
	struct conf *c = NULL;

	log_set_level(LOG_LEVEL_EMERG);
	cr_assert_eq(conf_load_text("main.conf", slice_str(text), &c),
		     ERR_NONE);
	return c;
}

static const struct {
	const char *name;
	enum conf_change change;
	const char *why;
} changes[] = {
    {"query-logging", CONF_CHANGE_LIVE, ""},
    {"loglevel", CONF_CHANGE_LIVE, ""},
    {"cache-ttl", CONF_CHANGE_RELOAD, ""},
    {"local-port", CONF_CHANGE_NEVER, "it needs a restart"},
    {"include-dir", CONF_CHANGE_NEVER,
     "it is about reading the configuration: reload"},
    {"lua2-anything", CONF_CHANGE_NEVER,
     "it is read when the script is loaded: reload"},
    {"webserver", CONF_CHANGE_NEVER, "it has no effect here"},
    {"guardian", CONF_CHANGE_NEVER, "it has no effect here"},
    {"gmysql-host", CONF_CHANGE_NEVER, "it has no effect here"},
    {"nonsense", CONF_CHANGE_NEVER, "unknown setting"},
    {"", CONF_CHANGE_NEVER, "unknown setting"},
};

Test(conf_set, the_table_says_what_may_change)
{
	for (size_t i = 0; i < COUNT(changes); i++) {
		const char *why = NULL;

		cr_expect_eq(conf_change(changes[i].name, &why),
			     changes[i].change, "%s", changes[i].name);
		cr_expect_str_eq(why, changes[i].why, "%s", changes[i].name);
	}
}

/* conf_set_live knows how to set them in place. */
Test(conf_set, what_changes_at_once_is_a_number_a_choice_or_the_format)
{
	const struct option *o;

	for (size_t i = 0; (o = option_at(i)); i++)
		if (o->type != OPTION_HEADING && o->when == OPTION_LIVE)
			cr_expect(o->type == OPTION_BOOL ||
				      o->type == OPTION_NUM ||
				      strcmp(o->name, "log-format") == 0,
				  "%s", o->name);
}

Test(conf_set, changes_one_setting_and_nothing_else)
{
	struct conf *old = load("launch=lua2\nlocal-address=192.0.2.1\n"
				"local-address+=192.0.2.2\ncache-ttl=7\n"
				"lua2-param=x\nworkers=3\nany-to-tcp\n");
	struct conf *new = NULL;

	cr_assert_eq(conf_with(old, "query-cache-ttl", "9", &new), ERR_NONE);
	conf_free(old); /* nothing of it lives in the old one's memory */
	cr_expect_eq(new->query_cache_ttl, 9);
	cr_expect_eq(new->cache_ttl, 7);
	cr_expect_eq(new->local_address.n, 2);
	cr_expect_eq(new->workers, 3);
	cr_expect(new->any_to_tcp);
	cr_expect_str_eq(new->launches[0].type, "lua2");
	cr_expect_str_eq(conf_param(new, "lua2-param"), "x");
	old = new;
	cr_assert_eq(conf_with(old, "cache-ttl", "8", &new), ERR_NONE);
	cr_expect_eq(new->cache_ttl, 8, "again");
	cr_expect_eq(new->query_cache_ttl, 9);
	cr_expect_eq(new->local_address.n, 2);
	conf_free(old);
	conf_free(new);
}

Test(conf_set, an_old_name_is_the_new_one)
{
	struct conf *old = load("launch=lua2\n"), *new = NULL;
	const char *why;

	cr_expect_eq(conf_change("domain-metadata-cache-ttl", &why),
		     CONF_CHANGE_NEVER);
	cr_assert_eq(conf_with(old, "slave-renotify", "yes", &new), ERR_NONE);
	conf_free(old);
	conf_free(new);
}

static void
take(void *ctx, const char *line)
{
	text_str(ctx, line);
}

Test(conf_set, a_wrong_value_is_told_and_changes_nothing)
{
	struct conf *old = load("cache-ttl=7\n"), *new = NULL;
	char buf[256];
	struct text said = text_over(buf, sizeof(buf));

	log_set_tap(take, &said);
	cr_expect_eq(conf_with(old, "cache-ttl", "much", &new), ERR_FORMAT);
	log_set_tap(NULL, NULL);
	cr_expect_null(new);
	cr_expect_str_eq(buf, "set: cache-ttl: \"much\" is not a number");
	cr_expect_eq(old->cache_ttl, 7);
	conf_free(old);
}

Test(conf_set, in_place_only_what_changes_at_once)
{
	struct conf *c = load("loglevel=3\nlog-format=text\n");

	conf_set_live(c, "query-logging", "yes");
	conf_set_live(c, "loglevel", "0");
	conf_set_live(c, "log-format", "json");
	conf_set_live(c, "cache-ttl", "99");
	conf_set_live(c, "nonsense", "99");
	cr_expect(c->query_logging);
	cr_expect_eq(c->loglevel, 0);
	cr_expect_str_eq(c->log_format, "json");
	cr_expect_eq(c->cache_ttl, 20);
	conf_free(c);
}

/* --- for programs ----------------------------------------------------------*/

static const char *
json_of(const struct conf *c, const char *mode, struct text *out)
{
	conf_dump_json(c, mode, out);
	return out->at;
}

Test(conf_set, json_of_what_is_not_the_default)
{
	struct conf *c =
	    load("launch=lua2\nlocal-address=192.0.2.1, ::1\ndaemon=yes\n"
		 "shm-size=8M\nlua2-filename=/x\nlua2-my_key=geheim\n"
		 "lua2-colour=blue\n"
		 "edns-cookie-secret=00112233445566778899aabbccddeeff\n");
	struct text t = text_growing(1 << 20);

	cr_expect_str_eq(
	    json_of(c, "diff", &t),
	    "{\"local_address\":[\"192.0.2.1\",\"::1\"],\"daemon\":true,"
	    "\"launch\":[\"lua2\"],\"edns_cookie_secret\":\"****\","
	    "\"shm_size\":8388608,\"lua2_filename\":\"/x\",\"parameters\":"
	    "{\"lua2-my_key\":\"****\",\"lua2-colour\":\"blue\"}}\n",
	    "%s", t.at);
	text_free(&t);
	conf_free(c);
}

Test(conf_set, json_has_every_setting_once)
{
	struct conf *c = load("");
	struct text t = text_growing(1 << 20);
	const struct option *o;

	json_of(c, "", &t);
	for (size_t i = 0; (o = option_at(i)); i++) {
		char key[96];
		struct text k = text_over(key, sizeof(key));
		const char *at;

		text_char(&k, '"');
		for (const char *p = o->name; *p; p++)
			text_char(&k, *p == '-' ? '_' : *p);
		text_str(&k, "\":");
		at = strstr(t.at, key);
		cr_expect_eq(at != NULL, o->type != OPTION_HEADING, "%s", key);
		cr_expect(!at || !strstr(at + 1, key), "%s twice", key);
	}
	text_free(&t);
	conf_free(c);
}

Test(conf_set, json_of_the_defaults_explains_them)
{
	struct conf *c = load("");
	struct text t = text_growing(1 << 20);

	cr_expect_not_null(
	    strstr(json_of(c, "default", &t),
		   "{\"name\":\"cache-ttl\",\"default\":\"20\",\"values\":"
		   "\"0..2147483\",\"help\":\"Most seconds that"));
	text_free(&t);
	conf_free(c);
}

static const struct {
	const char *text;
	enum err want;
} aliases[] = {
    {"control-socket-alias=\n", ERR_NONE},
    {"control-socket-alias=pdns-a.controlsocket\n", ERR_NONE},
    {"control-socket-alias=/run/x\n", ERR_FORMAT},
    {"control-socket-alias=..\n", ERR_FORMAT},
    {"control-socket-alias=pdnslua.controlsocket\n", ERR_FORMAT},
};

Test(conf_set, the_link_beside_the_socket_is_a_file_name)
{
	log_set_level(LOG_LEVEL_EMERG);
	for (size_t i = 0; i < COUNT(aliases); i++) {
		struct conf *c = NULL;

		cr_expect_eq(
		    conf_load_text("f", slice_str(aliases[i].text), &c),
		    aliases[i].want, "%s", aliases[i].text);
		conf_free(c);
	}
}
