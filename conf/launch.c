/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/launch.c - backends. Runs in the master and in tools. Invariant: what
 * launch= names is served or refused, never silently left out.
 */
#include "conf/launch.h"

#include <stdio.h>
#include <string.h>

#include "conf/check.h"
#include "conf/conf.h"
#include "conf/names.h"
#include "conf/parse.h"

enum { INSTANCE_MAX_BYTES = 63 };

const char *
launch_setting(const struct launch *l, const char *key,
	       char out[LAUNCH_NAME_MAX])
{
	snprintf(out, LAUNCH_NAME_MAX, "%s%s%s-%s", l->type,
		 l->instance[0] ? "-" : "", l->instance, key);
	return out;
}

const char *
conf_backend(const struct conf *c, const struct launch *l, const char *key)
{
	const struct names_backend_option *o;
	char name[LAUNCH_NAME_MAX];

	for (size_t i = 0; (o = names_backend_option_at(i)) != NULL; i++)
		if (strcmp(o->type, l->type) == 0 && strcmp(o->key, key) == 0) {
			const char *v =
			    conf_param(c, launch_setting(l, key, name));

			return v ? v : o->dflt;
		}
	return NULL;
}

bool
launch_has(const struct conf *c, const char *name)
{
	const struct names_backend_option *o;
	char own[LAUNCH_NAME_MAX];

	for (size_t i = 0; i < c->n_launches; i++)
		for (size_t k = 0; (o = names_backend_option_at(k)); k++)
			if (strcmp(o->type, c->launches[i].type) == 0 &&
			    strcmp(launch_setting(&c->launches[i], o->key, own),
				   name) == 0)
				return true;
	return false;
}

/* Says why a type cannot be launched; true if it can. */
static bool
check_type(struct given *g, const struct conf_setting *s, const char *type)
{
	const struct names_backend *b = names_backend(type);
	const char *near = names_near_backend(type);

	if (!b && near)
		parse_mistake(g, s,
			      "there is no backend \"%s\" (did you mean "
			      "%s?)",
			      type, near);
	else if (!b)
		parse_mistake(g, s, "there is no backend \"%s\", only lua2",
			      type);
	else if (b->state == NAMES_BACKEND_LATER)
		parse_mistake(g, s,
			      "%s is not in this version of pdnslua yet, "
			      "only lua2 is",
			      type);
	else if (b->state == NAMES_BACKEND_LACKING)
		parse_mistake(g, s, "pdnslua has no %s backend: %s", type,
			      b->way);
	return b && b->state == NAMES_BACKEND_OURS;
}

static bool
check_instance(struct given *g, const struct conf_setting *s, const char *label,
	       const char *instance)
{
	size_t n = strlen(instance);

	if (n > 0 && n <= INSTANCE_MAX_BYTES &&
	    strspn(instance, "abcdefghijklmnopqrstuvwxyz0123456789_-"
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == n)
		return true;
	parse_mistake(g, s,
		      "\"%s\": a name of letters, digits, - and _ must "
		      "follow the colon",
		      label);
	return false;
}

static bool
check_new(struct conf *c, const struct conf_setting *s, const char *label)
{
	for (size_t i = 0; i < c->n_launches; i++)
		if (strcmp(c->launches[i].label, label) == 0) {
			parse_mistake(
			    c->given, s,
			    "%s is there twice; a "
			    "second one needs a name of its own (%s:NAME)",
			    label, c->launches[i].type);
			return false;
		}
	if (c->n_launches < CONF_LAUNCH_MAX)
		return true;
	parse_mistake(c->given, s, "more than %d backends", CONF_LAUNCH_MAX);
	return false;
}

/* "type" or "type:instance". */
static void
add_launch(struct conf *c, const struct conf_setting *s, struct slice word)
{
	struct launch l = {.instance = ""};
	const char *colon = memchr(word.at, ':', word.len);

	l.label = parse_keep_text(c->given, (const char *)word.at, word.len);
	l.type = l.label;
	if (colon) {
		size_t n = (size_t)((const uint8_t *)colon - word.at);

		l.type = parse_keep_text(c->given, l.label, n);
		l.instance = l.label + n + 1;
	}
	if (!check_type(c->given, s, l.type))
		return;
	if (colon && !check_instance(c->given, s, l.label, l.instance))
		return;
	if (check_new(c, s, l.label))
		c->launches[c->n_launches++] = l;
}

static void
check_api(struct conf *c, const struct launch *l)
{
	struct conf_setting none;
	char name[LAUNCH_NAME_MAX];
	const char *api = conf_backend(c, l, "api");
	const struct conf_setting *s =
	    check_place(c, launch_setting(l, "api", name), &none);

	if (strcmp(api, "1") == 0)
		parse_mistake(
		    c->given, s,
		    "version 1 is the interface of the "
		    "lua backend: that is launch=lua, not in this version yet");
	else if (strcmp(api, "2") != 0)
		parse_mistake(c->given, s,
			      "\"%s\" is not a version of the "
			      "interface, only 2 is",
			      api);
}

void
launch_parse(struct conf *c)
{
	struct conf_setting none;
	const struct conf_setting *s = check_place(c, "launch", &none);
	const char *at = c->launch;
	struct slice w;

	c->launches =
	    parse_keep(c->given, CONF_LAUNCH_MAX * sizeof(*c->launches));
	while (parse_word(&at, ", \t", &w))
		add_launch(c, s, w);
	for (size_t i = 0; i < c->n_launches; i++)
		check_api(c, &c->launches[i]);
}
