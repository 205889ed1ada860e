/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/reload.c - the configuration of the next generation. Runs in the master.
 * Invariant: a setting that is read at the start only has its old value, in
 * storage of the new struct conf.
 */
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

#include "conf/check.h"
#include "conf/names.h"
#include "conf/option.h"
#include "conf/parse.h"
#include "lib/text.h"

static const char *
keep_text(struct conf *c, const char *text)
{
	return parse_keep_text(c->given, text, strlen(text));
}

static void *
keep_bytes(struct conf *c, const void *from, size_t n)
{
	void *to = parse_keep(c->given, n ? n : 1);

	if (n)
		memcpy(to, from, n);
	return to;
}

static void
keep_addrs(struct conf *c, struct addr_list *to, const struct addr_list *from)
{
	to->n = from->n;
	to->at = keep_bytes(c, from->at, from->n * sizeof(*from->at));
}

static void
keep_masks(struct conf *c, struct prefix_list *to,
	   const struct prefix_list *from)
{
	to->n = from->n;
	to->at = keep_bytes(c, from->at, from->n * sizeof(*from->at));
	to->deny = keep_bytes(c, from->deny, from->n * sizeof(*from->deny));
}

static void
keep_value(struct conf *c, const struct conf *old, const struct option *o)
{
	void *to = (char *)c + o->offset;
	const void *from = (const char *)old + o->offset;

	switch (o->type) {
	case OPTION_BOOL:
		memcpy(to, from, sizeof(CONF_BOOL));
		break;
	case OPTION_NUM:
		memcpy(to, from, sizeof(CONF_NUM));
		break;
	case OPTION_TEXT:
	case OPTION_SECRET:
	case OPTION_PATH:
	case OPTION_LIST:
		*(const char **)to = keep_text(c, *(const char *const *)from);
		break;
	case OPTION_ADDRS:
		keep_addrs(c, to, from);
		break;
	case OPTION_MASKS:
		keep_masks(c, to, from);
		break;
	case OPTION_HEADING:
		break;
	}
}

static void
keep_launches(struct conf *c, const struct conf *old)
{
	c->n_launches = old->n_launches;
	c->launches = keep_bytes(c, old->launches,
				 old->n_launches * sizeof(*old->launches));
	for (size_t i = 0; i < c->n_launches; i++) {
		struct launch *l = &c->launches[i];

		l->type = keep_text(c, l->type);
		l->instance = keep_text(c, l->instance);
		l->label = keep_text(c, l->label);
	}
}

/* What a start alone may change is as it was; kept: the names of what was to
 * change, or NULL. */
static void
keep_old(struct conf *c, const struct conf *old, struct text *kept)
{
	for (size_t i = 0; i < option_count(); i++) {
		const struct option *o = option_at(i);

		if (o->type == OPTION_HEADING || o->when != OPTION_RESTART)
			continue;
		if (kept && strcmp(c->texts[i], old->texts[i]) != 0)
			text_fmt(kept, "%s%s", kept->len ? ", " : "", o->name);
		c->texts[i] = keep_text(c, old->texts[i]);
		keep_value(c, old, o);
	}
	keep_launches(c, old);
}

/* One that was drawn is kept as long as nobody asks for another. */
static void
keep_secret(struct conf *c, const struct conf *old)
{
	size_t row = option_find("edns-cookie-secret");

	if (strcmp(c->texts[row], "random") == 0 &&
	    strcmp(old->texts[row], "random") == 0)
		c->edns_cookie_secret = keep_text(c, old->edns_cookie_secret);
}

enum err
conf_reload(const struct cmdline *cl, const struct conf *old, struct text *kept,
	    struct conf **out)
{
	struct cmdline again = *cl;
	enum err e;

	/* whether files and users exist is seen when they are needed */
	again.action = CONF_DUMP;
	e = conf_load(&again, out);
	if (e != ERR_NONE)
		return e;
	keep_old(*out, old, kept);
	keep_secret(*out, old);
	return ERR_NONE;
}

/* --- one setting of a running server --------------------------------------*/

enum conf_change
conf_change(const char *name, const char **why)
{
	static const char restart[] = "it needs a restart";
	const char *now = names_renamed(name);
	size_t row = option_find(now ? now : name);

	*why = "";
	if (strcmp(name, "include-dir") == 0 ||
	    strcmp(name, "ignore-unknown-settings") == 0) {
		*why = "it is about reading the configuration: reload";
		return CONF_CHANGE_NEVER;
	}
	if (row < option_count()) {
		enum option_when when = option_at(row)->when;

		if (when == OPTION_RESTART)
			*why = restart;
		return when == OPTION_RESTART ? CONF_CHANGE_NEVER
		       : when == OPTION_LIVE  ? CONF_CHANGE_LIVE
					      : CONF_CHANGE_RELOAD;
	}
	switch (names_find(name, why)) {
	case NAMES_PARAM:
		*why = "it is read when the script is loaded: reload";
		break;
	case NAMES_LATER:
	case NAMES_IGNORED:
	case NAMES_FOREIGN:
	case NAMES_LMDB:
		*why = "it has no effect here";
		break;
	case NAMES_OPTION:
	case NAMES_UNKNOWN:
		*why = "unknown setting";
	}
	return CONF_CHANGE_NEVER;
}

enum err
conf_with(const struct conf *old, const char *name, const char *value,
	  struct conf **out)
{
	const char *now = names_renamed(name);
	const struct conf_setting more = {
	    .file = "set", .name = now ? now : name, .value = value};
	enum err e = conf_load_given(old->given, &more, out);

	if (e != ERR_NONE)
		return e;
	keep_old(*out, old, NULL);
	keep_secret(*out, old);
	return ERR_NONE;
}

/* Texts are not copied: the caller's memory may be any. */
static void
set_live_text(struct conf *c, const char *value)
{
	c->log_format = strcmp(value, "json") == 0 ? "json" : "text";
}

void
conf_set_live(struct conf *c, const char *name, const char *value)
{
	size_t row = option_find(name);
	const struct option *o = row < option_count() ? option_at(row) : NULL;
	void *field = o ? (char *)c + o->offset : NULL;

	if (!o || o->when != OPTION_LIVE)
		return;
	if (o->type == OPTION_BOOL)
		*(bool *)field = conf_is_yes(value);
	else if (o->type == OPTION_NUM)
		*(int64_t *)field = strtoll(value, NULL, 10);
	else if (field == (void *)&c->log_format)
		set_live_text(c, value);
	conf_log_apply(c);
}
