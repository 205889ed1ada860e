/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/check.c - names and values of settings. Runs in the master, before
 * anything starts, and in tools. Invariant: each setting is checked where it
 * was written, so that a mistake names its own line even when a later line
 * wins.
 */
#include "conf/check.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf/conf.h"
#include "conf/launch.h"
#include "conf/names.h"
#include "conf/option.h"
#include "conf/parse.h"
#include "conf/value.h"

static const char blanks_and_commas[] = ", \t";

const struct conf_setting *
check_place(const struct conf *c, const char *name, struct conf_setting *none)
{
	const struct conf_setting *s = parse_last(c->given, name);

	*none = (struct conf_setting){.name = name, .value = ""};
	return s ? s : none;
}

/* --- names ---------------------------------------------------------------- */

/* Is this the first setting of its name? Each name is warned about once. */
static bool
is_first(const struct given *g, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (strcmp(g->at[j].name, g->at[i].name) == 0)
			return false;
	return true;
}

static void
rename_old(struct given *g, size_t i)
{
	struct conf_setting *s = &g->at[i];
	const char *now = names_renamed(s->name);

	if (!now)
		return;
	if (is_first(g, i))
		parse_warning(s, "is an old name of %s", now);
}

/* All of them at once, afterwards: is_first compares the names as written. */
static void
rename_all(struct given *g)
{
	for (size_t i = 0; i < g->n; i++)
		rename_old(g, i);
	for (size_t i = 0; i < g->n; i++) {
		const char *now = names_renamed(g->at[i].name);

		if (now)
			g->at[i].name = now;
	}
}

static bool
list_has(const char *list, const char *name)
{
	struct slice w;

	while (parse_word(&list, blanks_and_commas, &w))
		if (slice_equal(w, slice_str(name)))
			return true;
	return false;
}

/* A name we do not know: a mistake, unless ignore-unknown-settings has it. */
static void
unknown_name(struct given *g, const struct conf_setting *s)
{
	const char *near = names_near(s->name, NULL, 0);

	for (size_t i = 0; i < g->n; i++)
		if (strcmp(g->at[i].name, "ignore-unknown-settings") == 0 &&
		    list_has(g->at[i].value, s->name)) {
			parse_warning(s, "unknown setting, ignored");
			return;
		}
	if (near)
		parse_mistake(g, s, "unknown setting (did you mean %s?)", near);
	else
		parse_mistake(g, s, "unknown setting");
}

/* Is it one of options.tbl? All else is dealt with here. */
static bool
check_name(struct given *g, size_t i)
{
	const struct conf_setting *s = &g->at[i];
	bool first = is_first(g, i);
	const char *why;

	switch (names_find(s->name, &why)) {
	case NAMES_OPTION:
		return true;
	case NAMES_IGNORED:
		if (first)
			parse_warning(s, "has no meaning here: %s", why);
		break;
	case NAMES_LATER:
		if (first)
			parse_warning(s,
				      "has no effect in this version, which "
				      "does not have %s yet",
				      why);
		break;
	case NAMES_FOREIGN:
		if (first)
			parse_warning(s,
				      "has no meaning here: it belongs to "
				      "PowerDNS' %s backend",
				      why);
		break;
	case NAMES_LMDB:
		parse_mistake(
		    g, s,
		    "pdnslua does not read the LMDB files of "
		    "PowerDNS: answer from a lua2 script (launch=lua2)");
		break;
	case NAMES_PARAM: /* see check_params */
		break;
	case NAMES_UNKNOWN:
		unknown_name(g, s);
		break;
	}
	return false;
}

/* --- values --------------------------------------------------------------- */

static bool
is_list(enum option_type t)
{
	return t == OPTION_LIST || t == OPTION_ADDRS || t == OPTION_MASKS;
}

/* K, M or G behind a number: 1,024 to the power of 1, 2, 3. */
static void
take_unit(char **end, int64_t *v)
{
	static const char units[] = "KMG";
	const char *u =
	    **end ? strchr(units, toupper((unsigned char)**end)) : NULL;

	if (!u || *v > INT64_MAX >> 31 || *v < 0)
		return;
	*v <<= 10 * (u - units + 1);
	++*end;
}

static void
set_number(struct given *g, const struct option *o,
	   const struct conf_setting *s, int64_t *field)
{
	char range[OPTION_RANGE_MAX];
	char *end;
	int64_t v;

	errno = 0;
	v = strtoll(s->value, &end, 10);
	take_unit(&end, &v);
	if (s->value[0] == '\0' || *end || strchr(" \t+", s->value[0]))
		parse_mistake(g, s, "\"%s\" is not a number", s->value);
	else if (errno || v < o->min || v > o->max)
		parse_mistake(g, s, "%s is not in %s", s->value,
			      option_range(o, range));
	else
		*field = v;
}

static void
set_bool(struct given *g, const struct conf_setting *s, bool *field)
{
	if (!value_is_bool(s->value))
		parse_mistake(g, s, "\"%s\" is neither yes nor no", s->value);
	else
		*field = conf_is_yes(s->value);
}

static void
set_text(struct given *g, const struct option *o, const struct conf_setting *s,
	 const char **field)
{
	if (o->max && strlen(s->value) > (size_t)o->max)
		parse_mistake(g, s, "longer than %" PRId64 " bytes", o->max);
	else
		*field = s->value;
}

static void
set_addrs(struct given *g, const struct conf_setting *s,
	  struct addr_list *field)
{
	const char *at = s->value;
	struct slice w;

	while (parse_word(&at, blanks_and_commas, &w))
		value_add_addr(g, s, w, field);
}

static void
set_masks(struct given *g, const struct conf_setting *s,
	  struct prefix_list *field)
{
	const char *at = s->value;
	struct slice w;

	while (parse_word(&at, blanks_and_commas, &w))
		value_add_mask(g, s, w, field);
}

static void
set_field(struct conf *c, const struct option *o, const struct conf_setting *s)
{
	void *field = (char *)c + o->offset;
	struct given *g = c->given;

	switch (o->type) {
	case OPTION_HEADING:
		break;
	case OPTION_BOOL:
		set_bool(g, s, field);
		break;
	case OPTION_NUM:
		set_number(g, o, s, field);
		break;
	case OPTION_TEXT:
	case OPTION_SECRET:
	case OPTION_PATH:
	case OPTION_LIST:
		set_text(g, o, s, field);
		break;
	case OPTION_ADDRS:
		set_addrs(g, s, field);
		break;
	case OPTION_MASKS:
		set_masks(g, s, field);
		break;
	}
}

/* A plain = forgets what a list held. */
static void
forget(struct conf *c, const struct option *o)
{
	void *field = (char *)c + o->offset;

	if (o->type == OPTION_ADDRS)
		*(struct addr_list *)field = (struct addr_list){NULL, 0};
	if (o->type == OPTION_MASKS)
		*(struct prefix_list *)field =
		    (struct prefix_list){NULL, NULL, 0};
}

static const char *
joined(struct given *g, const char *before, const char *more)
{
	if (before[0] == '\0' || more[0] == '\0')
		return before[0] ? before : more;
	return parse_keep_fmt(g, "%s, %s", before, more);
}

/* Checks of single settings beyond their type. */
static const struct rule {
	const char *name;
	void (*check)(struct given *, const struct conf_setting *);
} rules[] = {
    {"config-dir", value_cmdline_only},
    {"config-name", value_config_name},
    {"no-config", value_cmdline_only},
    {"control-socket-alias", value_socket_alias},
    {"edns-cookie-secret", value_cookie_secret},
    {"log-format", value_log_format},
    {"logging-facility", value_facility},
};

/* more: what += adds to, else NULL. Addresses are added piece by piece, texts
 * are set as a whole. */
static void
set_value(struct conf *c, size_t row, struct conf_setting *s, const char *more)
{
	const struct option *o = option_at(row);
	const char *whole = more ? joined(c->given, more, s->value) : s->value;
	struct conf_setting text = *s;

	if (!more)
		forget(c, o);
	if (o->type == OPTION_LIST)
		text.value = whole;
	set_field(c, o, &text);
	for (size_t i = 0; i < COUNT(rules); i++)
		if (strcmp(rules[i].name, o->name) == 0)
			rules[i].check(c->given, s);
	s->value = whole;
	c->texts[row] = whole;
}

static void
set_option(struct conf *c, size_t i)
{
	struct conf_setting *s = &c->given->at[i];
	size_t row = option_find(s->name);
	const struct option *o = option_at(row);
	bool more = s->append && !is_first(c->given, i);

	if (s->append && !is_list(o->type)) {
		parse_mistake(c->given, s, "is not a list, += cannot append");
		return;
	}
	if (s->bare && o->type != OPTION_BOOL) {
		parse_mistake(c->given, s, "needs a value");
		return;
	}
	/* "resolver=no" is how PowerDNS says none. */
	if (strcmp(s->name, "resolver") == 0 && strcasecmp(s->value, "no") == 0)
		s->value = "";
	set_value(c, row, s, more ? c->texts[row] : NULL);
}

/* A setting that is not of options.tbl, appended to. */
static void
join_other(struct given *g, size_t i)
{
	struct conf_setting *s = &g->at[i];

	for (size_t j = i; s->append && j-- > 0;)
		if (strcmp(g->at[j].name, s->name) == 0) {
			s->value = joined(g, g->at[j].value, s->value);
			return;
		}
}

static void
set_defaults(struct conf *c)
{
	size_t n = option_count(), before = c->given->n_mistakes;

	c->texts = parse_keep(c->given, n * sizeof(*c->texts));
	for (size_t i = 0; i < n; i++) {
		const struct option *o = option_at(i);
		struct conf_setting s = {.name = o->name, .value = o->dflt};

		c->texts[i] = "";
		if (o->type != OPTION_HEADING)
			set_value(c, i, &s, NULL);
	}
	bug_on(c->given->n_mistakes != before);
}

/* --- settings that go together -------------------------------------------- */

static void
check_addresses(struct conf *c)
{
	struct conf_setting none;
	const struct conf_setting *s = check_place(c, "local-address", &none);

	value_finish_addrs(s, &c->local_address, (uint16_t)c->local_port);
	value_finish_addrs(check_place(c, "resolver", &none), &c->resolver,
			   (uint16_t)option_at(option_find("resolver"))->min);
	if (c->local_address.n == 0 && s->value[0] == '\0')
		parse_mistake(c->given, check_place(c, "local-address", &none),
			      "no address to listen on");
}

static void
check_limits(struct conf *c)
{
	struct conf_setting none;

	if (c->worker_watchdog <= c->script_time_limit)
		parse_warning(
		    check_place(c, "worker-watchdog", &none),
		    "%" PRId64 " ms is not above script-time-limit (%" PRId64
		    " ms): a script will cost its worker before it is stopped",
		    c->worker_watchdog, c->script_time_limit);
}

/* Parameters of scripts that look like slips of the pen for settings. */
static void
check_params(struct conf *c)
{
	struct given *g = c->given;

	for (size_t i = 0; i < g->n; i++) {
		const struct conf_setting *s = &g->at[i];
		const char *near, *why;

		if (names_find(s->name, &why) != NAMES_PARAM ||
		    launch_has(c, s->name) || !is_first(g, i))
			continue;
		near = names_near_param(s->name);
		if (near)
			parse_warning(s,
				      "kept as a parameter of scripts (did "
				      "you mean %s?)",
				      near);
	}
}

void
check_settings(struct conf *c)
{
	struct given *g = c->given;

	set_defaults(c);
	rename_all(g);
	for (size_t i = 0; i < g->n; i++) {
		if (check_name(g, i))
			set_option(c, i);
		else
			join_other(g, i);
	}
	check_addresses(c);
	check_limits(c);
	launch_parse(c);
	check_params(c);
}
