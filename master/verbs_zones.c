/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/verbs_zones.c - the verbs about zones. Runs in the master. Those of
 * zone transfers, which do not exist yet, answer what PowerDNS says when it
 * has no such role.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dns/name.h"
#include "lib/mem.h"
#include "master/command.h"
#include "master/parts.h"
#include "master/verbs.h"
#include "shm/zonelist.h"

/* --- list-zones ------------------------------------------------------------*/

enum { PIECE_BYTES = 64 * 1024, KIND_ANY = ZONE_KINDS };

static const char *const kinds[ZONE_KINDS] = {
    [ZONE_NATIVE] = "native",	    [ZONE_PRIMARY] = "primary",
    [ZONE_SECONDARY] = "secondary", [ZONE_PRODUCER] = "producer",
    [ZONE_CONSUMER] = "consumer",
};

/* A list may be longer than what a client takes at once: it is written piece
 * by piece, as the client reads. */
struct listing {
	struct zone_list *list; /* NULL: there is none */
	size_t at, n;		/* the next entry; written so far */
	int kind;
	const char *title; /* of the kind, as it was asked for */
	struct json json;
};

static bool
kind_parse(const char *word, int *kind)
{
	static const struct {
		const char *word;
		int kind;
	} old[] = {{"master", ZONE_PRIMARY}, {"slave", ZONE_SECONDARY}};

	for (int i = 0; i < ZONE_KINDS; i++)
		if (strcasecmp(word, kinds[i]) == 0) {
			*kind = i;
			return true;
		}
	for (size_t i = 0; i < COUNT(old); i++)
		if (strcasecmp(word, old[i].word) == 0) {
			*kind = old[i].kind;
			return true;
		}
	return false;
}

/* Two backends may list a zone: the first has it. */
static bool
is_wanted(const struct listing *l, const struct zone_entry *e,
	  const uint8_t *name)
{
	if (e->backend == ZONE_IS_ANCESTOR || e->kind >= ZONE_KINDS ||
	    (l->kind != KIND_ANY && e->kind != l->kind) ||
	    name_check(slice_of(name, e->name_len)) != e->name_len)
		return false;
	for (unsigned i = 0; i < e->backend; i++)
		if (zonelist_find(l->list, name, e->name_len, i))
			return false;
	return true;
}

static void
put_zone(struct command *c, struct listing *l, const struct zone_entry *e,
	 const uint8_t *name)
{
	char text[NAME_TEXT_MAX];

	name_text(name, text);
	l->n++;
	if (!c->json) {
		text_fmt(&c->out, "%s\n", text);
		return;
	}
	json_object(&l->json, NULL);
	json_str(&l->json, "zone", text);
	json_str(&l->json, "kind", kinds[e->kind]);
	json_num(&l->json, "id", e->id);
	json_count(&l->json, "serial", e->serial);
	json_end(&l->json);
}

static void
end_listing(struct command *c, struct listing *l)
{
	if (c->json)
		json_end(&l->json);
	else
		text_fmt(&c->out, "%s zonecount: %zu\n", l->title, l->n);
	zonelist_close(l->list);
	free(l);
	command_end(c, CONTROL_DONE, "");
}

static void
drop_listing(struct command *c)
{
	struct listing *l = c->ctx;

	zonelist_close(l->list);
	free(l);
}

static void
next_piece(struct command *c)
{
	struct listing *l = c->ctx;
	const struct zone_entry *e = NULL;
	const uint8_t *name;

	while (c->out.len < PIECE_BYTES && l->list &&
	       (e = zonelist_at(l->list, l->at, &name))) {
		l->at++;
		if (is_wanted(l, e, name))
			put_zone(c, l, e, name);
	}
	if (e)
		command_flush(c);
	else
		end_listing(c, l);
}

static const char *
title_of(int kind)
{
	static const char *const titles[] = {
	    [ZONE_NATIVE] = "Native",	    [ZONE_PRIMARY] = "Primary",
	    [ZONE_SECONDARY] = "Secondary", [ZONE_PRODUCER] = "Producer",
	    [ZONE_CONSUMER] = "Consumer",   [KIND_ANY] = "All"};

	return titles[kind];
}

static void
begin_listing(struct command *c, int list)
{
	static const struct command_ops ops = {.cancel = drop_listing,
					       .room = next_piece};
	struct listing *l = xnew(struct listing);

	l->list = list >= 0 ? zonelist_open(list) : NULL;
	l->kind = KIND_ANY;
	if (c->n > 1 && !kind_parse(c->words[1], &l->kind))
		l->kind = KIND_ANY;
	l->title = title_of(l->kind);
	l->json = json_over(&c->out);
	if (c->json)
		json_array(&l->json, NULL);
	command_keep(c, &ops, l, "the zones are being listed");
	next_piece(c);
}

static void
listed(struct command *c, int list, const char *why)
{
	if (why)
		command_fail(c, "the zones cannot be listed: %s", why);
	else
		begin_listing(c, list);
}

void
verb_do_list_zones(struct command *c)
{
	int kind;

	if (c->n > 1 && !kind_parse(c->words[1], &kind))
		command_usage(c);
	else if (zones_are_listed(c->m))
		begin_listing(c, c->m->now.zone_list);
	else /* no list is kept: one is made to be shown */
		zones_ask(c->m, c, listed);
}

/* --- rediscover ------------------------------------------------------------*/

static void
say_ok(struct command *c)
{
	struct json j = command_json(c);

	if (!c->json) {
		text_str(&c->out, "Ok\n");
	} else {
		json_object(&j, NULL);
		json_str(&j, "answer", "Ok");
		json_end(&j);
	}
}

static void
rediscovered(struct command *c)
{
	say_ok(c);
	command_end(c, CONTROL_DONE, "");
}

static void
found(struct command *c, int list, const char *why)
{
	(void)list;
	if (why)
		command_fail(c, "the zones cannot be listed: %s", why);
	else
		news_wait(c->m, c, rediscovered);
}

/* Without a list every question looks for its zone anew. */
void
verb_do_rediscover(struct command *c)
{
	if (zones_are_listed(c->m))
		zones_ask(c->m, c, found);
	else
		say_ok(c);
}

/* Nothing is kept back. */
void
verb_do_flush(struct command *c)
{
	say_ok(c);
}

/* --- transfers -------------------------------------------------------------*/

static bool
is_name(const char *word, char text[NAME_TEXT_MAX])
{
	uint8_t wire[NAME_MAX_BYTES];
	size_t len = strlen(word);

	if (name_parse(slice_of(word, len), wire, &len) != ERR_NONE)
		return false;
	name_text(wire, text);
	return true;
}

static void
refuse_notify(struct command *c)
{
	command_answer(c, CONTROL_FAILED,
		       "pdnslua not configured as primary, or secondary with "
		       "re-notifications: it has no zone transfers yet");
}

void
verb_do_notify(struct command *c)
{
	refuse_notify(c);
}

void
verb_do_notify_host(struct command *c)
{
	refuse_notify(c);
}

static bool
is_listed(const struct master *m, const char *word)
{
	struct zone_list *list =
	    m->now.zone_list >= 0 ? zonelist_open(m->now.zone_list) : NULL;
	uint8_t wire[NAME_MAX_BYTES], name[NAME_MAX_BYTES];
	size_t len = strlen(word);
	bool has = !list; /* there is no telling */

	if (list && name_parse(slice_of(word, len), wire, &len) == ERR_NONE) {
		name_lower(wire, name);
		for (unsigned i = 0; i < ZONE_IS_ANCESTOR && !has; i++)
			has = zonelist_find(list, name, len, i) != NULL;
	}
	zonelist_close(list);
	return has;
}

void
verb_do_retrieve(struct command *c)
{
	char zone[NAME_TEXT_MAX];

	if (!is_name(c->words[1], zone))
		command_answer(c, CONTROL_FAILED,
			       "Failed to parse zone as valid DNS name");
	else if (!is_listed(c->m, c->words[1]))
		command_answer(c, CONTROL_FAILED, "Zone '%s' unknown", zone);
	else
		command_answer(c, CONTROL_FAILED,
			       "Zone '%s' is not a secondary/consumer zone (or "
			       "has no primary defined): pdnslua has no zone "
			       "transfers yet",
			       zone);
}

/* Always empty. */
void
verb_do_xfr_queue(struct command *c)
{
	struct json j = command_json(c);

	if (!c->json)
		return;
	json_array(&j, NULL);
	json_end(&j);
}
