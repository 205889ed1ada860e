/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/lib/zonefile_backend.c - rows from text, for tests of answer/.
 */
#include "t/lib/zonefile_backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/rdata.h"
#include "dns/type.h"

enum { LINE_BYTES = 4096, WORD_BYTES = 1100 };

static const uint8_t *
keep_name(struct zonefile *z, const char *text)
{
	uint8_t name[NAME_MAX_BYTES], *kept = arena_alloc(&z->mem, 256);
	size_t len;

	bug_on(!kept);
	bug_on(name_parse(slice_str(text), name, &len) != ERR_NONE);
	name_lower(name, kept);
	return kept;
}

/* The third word: "~A/24". */
static void
read_type(struct row *r, char *word)
{
	char *slash = strchr(word, '/');

	r->auth = word[0] != '~';
	if (slash)
		r->scope_bits = (uint8_t)atoi(slash + 1);
	if (slash)
		*slash = '\0';
	word += !r->auth;
	if (strcmp(word, "ENT") != 0)
		bug_on(type_parse(slice_str(word), &r->type) != ERR_NONE);
}

static void
read_row(struct zonefile *z, struct rdata_parser *parser, const char *line,
	 int32_t zone_id)
{
	static uint8_t wire[RDATA_MAX_BYTES];
	char name[WORD_BYTES], type[32];
	struct row r = {.zone_id = zone_id};
	const char *why;
	size_t len = 0;
	int at = 0;

	bug_on(sscanf(line, "%1099s %u %31s %n", name, &r.ttl_sec, type, &at) !=
	       3);
	r.owner = keep_name(z, name);
	read_type(&r, type);
	if (r.type && rdata_parse(parser, r.type, slice_str(line + at),
				  (struct span){wire, sizeof(wire)}, &len,
				  &why) != ERR_NONE) {
		fprintf(stderr, "%s: %s\n", line, why);
		abort();
	}
	r.rdata = slice_of(arena_copy(&z->mem, wire, len), len);
	if (z->n_rows == z->cap) {
		z->cap = z->cap ? 2 * z->cap : 64;
		z->rows = xrealloc(z->rows, z->cap * sizeof(*z->rows));
	}
	z->rows[z->n_rows++] = r;
}

static int32_t
read_zone(struct zonefile *z, const char *line)
{
	struct domain *d = &z->domains[z->n_domains++];
	char name[WORD_BYTES];

	bug_on(z->n_domains > ZONEFILE_ZONES);
	bug_on(sscanf(line, "$ZONE %1099s %d", name, &d->id) != 2);
	name_lower(keep_name(z, name), d->name);
	return d->id;
}

void
zonefile_init(struct zonefile *z, struct rdata_parser *parser, const char *text)
{
	int32_t zone_id = ZONE_ID_NONE;
	char line[LINE_BYTES];

	memset(z, 0, sizeof(*z));
	arena_init(&z->mem, 65536, 0);
	z->fail_with = ERR_SCRIPT;
	while (*text) {
		size_t n = strcspn(text, "\n");

		bug_on(n >= sizeof(line));
		memcpy(line, text, n);
		line[n] = '\0';
		text += n + (text[n] != '\0');
		if (line[0] == '$')
			zone_id = read_zone(z, line);
		else if (line[0] && line[0] != ';')
			read_row(z, parser, line, zone_id);
	}
}

void
zonefile_fini(struct zonefile *z)
{
	arena_fini(&z->mem);
	free(z->rows);
}

void
zonefile_rearm(struct zonefile *z)
{
	z->calls = z->repeats = 0;
	z->n_asked = 0;
}

static bool
same_question(const struct zonefile_asked *a, const struct zonefile_asked *b)
{
	return a->type == b->type && a->zone_id == b->zone_id &&
	       a->internal == b->internal && name_equal(a->name, b->name);
}

static void
remember(struct zonefile *z, const struct lookup *l)
{
	struct zonefile_asked a = {
	    .type = l->type, .zone_id = l->zone_id, .internal = !l->who};

	memcpy(a.name, l->name, name_len(l->name));
	memset(z->shown, 0, sizeof(z->shown));
	memcpy(z->shown, l->shown, name_len(l->shown));
	if (l->who)
		z->who = *l->who;
	for (size_t i = 0; i < z->n_asked; i++)
		z->repeats += same_question(&z->asked[i], &a);
	if (z->n_asked < ZONEFILE_ASKED)
		z->asked[z->n_asked++] = a;
}

static bool
wanted(const struct zonefile *z, const struct lookup *l, const struct row *r)
{
	if (z->by_id && l->zone_id != ZONE_ID_NONE && l->zone_id != r->zone_id)
		return false;
	if (z->only_any && l->type != TYPE_ANY)
		return false;
	if (z->shy_soa && r->type == TYPE_SOA && l->type != TYPE_SOA)
		return false;
	if (l->type != TYPE_ANY && l->type != r->type && !z->all_types)
		return false;
	return name_equal(r->owner, l->name);
}

static enum err
lookup(void *self, const struct lookup *l, struct rows *out)
{
	struct zonefile *z = self;
	struct row *rows;
	size_t n = 0;

	remember(z, l);
	if (++z->calls == z->fail_at)
		return z->fail_with;
	for (size_t i = 0; i < z->n_rows; i++)
		n += wanted(z, l, &z->rows[i]);
	*out = (struct rows){.at = NULL, .n = 0};
	if (n == 0)
		return ERR_NONE;
	rows = arena_alloc(l->arena, n * sizeof(*rows));
	if (!rows)
		return ERR_MEMORY;
	*out = (struct rows){.at = rows, .n = n};
	for (size_t i = 0; i < z->n_rows; i++)
		if (wanted(z, l, &z->rows[i]))
			*rows++ = z->rows[i];
	return ERR_NONE;
}

static enum err
has_below(void *self, const uint8_t *zone, int32_t zone_id, uint32_t serial,
	  const uint8_t *name, bool *found)
{
	struct zonefile *z = self;

	(void)serial;
	if (++z->calls == z->fail_at)
		return z->fail_with;
	*found = false;
	for (size_t i = 0; i < z->n_rows && !*found; i++) {
		const struct row *r = &z->rows[i];

		if (z->by_id && zone_id != ZONE_ID_NONE &&
		    r->zone_id != zone_id)
			continue;
		*found = name_is_below(r->owner, zone) &&
			 name_is_below(r->owner, name) &&
			 !name_equal(r->owner, name);
	}
	return ERR_NONE;
}

static enum err
domains(void *self, domain_cb *cb, void *ctx)
{
	struct zonefile *z = self;

	for (size_t i = 0; i < z->n_domains; i++) {
		enum err e = cb(ctx, &z->domains[i]);

		if (e != ERR_NONE)
			return e;
	}
	return ERR_NONE;
}

static void
close_nothing(void *self)
{
	(void)self;
}

struct backend
zonefile_backend(struct zonefile *z, uint32_t index)
{
	z->ops = (struct backend_ops){.lookup = lookup};
	if (z->knows_below)
		z->ops.has_below = has_below;
	if (z->lists_zones)
		z->ops.domains = domains;
	return (struct backend){.ops = &z->ops,
				.self = z,
				.label = "zonefile",
				.index = index,
				.close = close_nothing};
}
