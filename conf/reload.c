/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/reload.c - the configuration of the next generation. Runs in the master.
 * Invariant: a setting that is read at the start only has its old value, in
 * storage of the new struct conf.
 */
#include "conf/conf.h"

#include <string.h>

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

enum err
conf_reload(const struct cmdline *cl, const struct conf *old, struct text *kept,
	    struct conf **out)
{
	struct cmdline again = *cl;
	struct conf *c;
	enum err e;

	/* whether files and users exist is seen when they are needed */
	again.action = CONF_DUMP;
	e = conf_load(&again, &c);
	if (e != ERR_NONE)
		return e;
	for (size_t i = 0; i < option_count(); i++) {
		const struct option *o = option_at(i);

		if (o->type == OPTION_HEADING || o->when != OPTION_RESTART)
			continue;
		if (strcmp(c->texts[i], old->texts[i]) != 0)
			text_fmt(kept, "%s%s", kept->len ? ", " : "", o->name);
		c->texts[i] = keep_text(c, old->texts[i]);
		keep_value(c, old, o);
	}
	keep_launches(c, old);
	/* one that was drawn is kept as long as nobody asks for another */
	if (strcmp(c->edns_cookie_secret, old->edns_cookie_secret) != 0 &&
	    strcmp(c->texts[option_find("edns-cookie-secret")], "random") ==
		0 &&
	    strcmp(old->texts[option_find("edns-cookie-secret")], "random") ==
		0)
		c->edns_cookie_secret = keep_text(c, old->edns_cookie_secret);
	*out = c;
	return ERR_NONE;
}
