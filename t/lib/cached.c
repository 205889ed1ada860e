/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/lib/cached.c - workers over one segment, for tests of the shared caches.
 */
#include "t/lib/cached.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "dns/rdata.h"
#include "dns/type.h"
#include "lib/wr.h"
#include "shm/cache.h"
#include "shm/segment.h"

enum {
	SHARED_BYTES = 4 << 20,
	LINE_BYTES = 2048,
	ROWS_MAX = 512,
	WORDS_MAX = 1200,
	NSID_CODE = 3,
	ECS_CODE = 8,
	COOKIE_CODE = 10,
	EDE_CODE = 15
};

/* --- the backend ---------------------------------------------------------- */

/* "TTL TYPE[/SCOPE] RDATA" */
static void
read_row(struct cached_worker *w, const struct lookup *l, const char *line,
	 struct row *row)
{
	uint8_t wire[LINE_BYTES];
	char type[32];
	const char *why, *slash;
	size_t len = 0;
	int at = 0;

	*row = (struct row){.owner = l->name, .auth = true, .zone_id = 1};
	bug_on(sscanf(line, "%u %31s %n", &row->ttl_sec, type, &at) != 2);
	slash = strchr(type, '/');
	if (slash)
		row->scope_bits = (uint8_t)strtoul(slash + 1, NULL, 10);
	type[strcspn(type, "/")] = '\0';
	bug_on(type_parse(slice_str(type), &row->type) != ERR_NONE);
	bug_on(rdata_parse(w->r->parser, row->type, slice_str(line + at),
			   (struct span){wire, sizeof(wire)}, &len,
			   &why) != ERR_NONE);
	row->rdata = slice_of(arena_copy(l->arena, wire, len), len);
}

static enum err
lookup(void *self, const struct lookup *l, struct rows *out)
{
	struct cached_worker *w = self;
	struct told t = {.asked = l, .worker = w->number, .out = out};
	struct row *rows = arena_alloc(l->arena, ROWS_MAX * sizeof(*rows));
	const char *text;

	bug_on(!rows);
	*out = (struct rows){.at = rows};
	name_text(l->name, t.name);
	w->calls++;
	w->all->calls++;
	text = w->all->rows(w->all->ctx, &t);
	if (!text)
		return ERR_SCRIPT;
	while (*text) {
		size_t n = strcspn(text, "\n");
		char line[LINE_BYTES];

		bug_on(out->n == ROWS_MAX || n >= sizeof(line));
		memcpy(line, text, n);
		line[n] = '\0';
		text += n + (text[n] != '\0');
		read_row(w, l, line, &rows[out->n]);
		out->n += l->type == TYPE_ANY || l->type == rows[out->n].type;
	}
	return ERR_NONE;
}

/* --- the workers ---------------------------------------------------------- */

static struct cache *
attach(struct cached *c, enum share share, int writer)
{
	size_t bytes;
	void *at = segment_share(c->segment, share, &bytes);

	return cache_attach(at, writer);
}

static void
hire(struct cached *c, unsigned i, const char *settings)
{
	static const char *const no_rows = "";
	struct cached_worker *w = &c->worker[i];
	struct responder *r = responder_new(settings, &no_rows, 1);
	struct answerer *a = &r->answerer;
	const struct conf *conf = r->conf;

	w->all = c;
	w->number = i;
	w->r = r;
	w->ops.lookup = lookup;
	r->backends.at[0].ops = &w->ops;
	r->backends.at[0].self = w;
	a->segment = c->segment;
	a->slot = segment_slot(c->segment, i);
	a->slot_index = i;
	a->generation = 1;
	a->scratch = xalloc(SCRATCH_BYTES);
	a->nsid = slice_str("server");
	nh_key_derive(&a->cache_key, segment_hash_key(c->segment));
	if (conf->cache_ttl)
		a->packets = attach(c, SHARE_PACKETS, (int)i);
	if (conf->query_cache_ttl + conf->negquery_cache_ttl)
		a->records = attach(c, SHARE_RECORDS, (int)i);
}

struct cached *
cached_new(const char *settings, told_rows *rows, void *ctx)
{
	struct cached *c = xnew(struct cached);

	c->rows = rows;
	c->ctx = ctx;
	c->segment = segment_new(CACHED_WORKERS, SHARED_BYTES);
	for (int s = SHARE_PACKETS; s <= SHARE_RECORDS; s++) {
		size_t bytes;
		void *at = segment_share(c->segment, (enum share)s, &bytes);

		cache_format(at, bytes, CACHED_WORKERS, 0);
	}
	for (unsigned i = 0; i < CACHED_WORKERS; i++)
		hire(c, i, settings);
	c->purge = (struct purge){c->segment, attach(c, SHARE_PACKETS, -1),
				  attach(c, SHARE_RECORDS, -1)};
	return c;
}

/* The segment itself stays: nothing unmaps one. */
void
cached_free(struct cached *c)
{
	for (unsigned i = 0; i < CACHED_WORKERS; i++) {
		struct answerer *a = &c->worker[i].r->answerer;

		if (a->packets)
			cache_detach(a->packets);
		if (a->records)
			cache_detach(a->records);
		free(a->scratch);
		responder_free(c->worker[i].r);
	}
	cache_detach(c->purge.packets);
	cache_detach(c->purge.records);
	free(c);
}

void
cached_sleep(struct cached *c, int64_t ms)
{
	for (unsigned i = 0; i < CACHED_WORKERS; i++)
		c->worker[i].r->answerer.now_ms += ms;
}

struct counters *
cached_counters(struct cached *c, unsigned worker)
{
	return &segment_slot(c->segment, worker)->counters;
}

int
cached_ede(const struct cached *c, unsigned worker)
{
	struct slice body;

	if (!responder_option(c->worker[worker].r, EDE_CODE, &body))
		return -1;
	return body.at[0] << 8 | body.at[1];
}

/* --- questions ------------------------------------------------------------ */

static struct slice
ecs_option(const char *text)
{
	static uint8_t body[20];
	struct wr w = wr_over((struct span){body, sizeof(body)});
	struct prefix p;
	struct slice raw;

	bug_on(prefix_parse(slice_str(text), &p) != ERR_NONE);
	raw = addr_raw(&p.net);
	wr_u16(&w, addr_family(&p.net) == AF_INET ? 1 : 2);
	wr_u8(&w, p.bits);
	wr_u8(&w, 0);
	wr_bytes(&w, raw.at, (p.bits + 7u) / 8);
	return packet_option(ECS_CODE, wr_done(&w));
}

static struct slice
cookie_option(const char *text)
{
	uint8_t body[8];

	memset(body, (int)strtoul(text, NULL, 10), sizeof(body));
	return packet_option(COOKIE_CODE, slice_of(body, sizeof(body)));
}

/* "+size=512": the text behind the "=", if that is the word's name. */
static const char *
value_of(const char *word, const char *name)
{
	size_t n = strlen(name);

	return strncmp(word, name, n) == 0 && word[n] == '=' ? word + n + 1
							     : NULL;
}

static void
set_client(struct responder *r, const char *text)
{
	bug_on(addr_parse(slice_str(text), 5353, &r->client) != ERR_NONE);
}

static void
apply(struct responder *r, struct packet *p, const char *word)
{
	const char *value;

	if (strcmp(word, "+tcp") == 0)
		r->tcp = true;
	else if (strcmp(word, "+do") == 0)
		p->do_bit = true;
	else if (strcmp(word, "+noedns") == 0)
		p->edns = false;
	else if (strcmp(word, "+defer") == 0)
		r->query.may_defer = true;
	else if (strcmp(word, "+nsid") == 0)
		p->options = packet_join(
		    p->options, packet_option(NSID_CODE, slice_of("", 0)));
	else if ((value = value_of(word, "+size")))
		p->payload = (uint16_t)strtoul(value, NULL, 10);
	else if ((value = value_of(word, "+from")))
		set_client(r, value);
	else if ((value = value_of(word, "+ecs")))
		p->options = packet_join(p->options, ecs_option(value));
	else if ((value = value_of(word, "+cookie")))
		p->options = packet_join(p->options, cookie_option(value));
	else
		bug_on(true);
}

const char *
cached_ask(struct cached *c, unsigned worker, const char *question)
{
	struct responder *r = c->worker[worker].r;
	char text[WORDS_MAX], *word, *rest = text;
	struct packet p = {.edns = true};

	bug_on(strlen(question) >= sizeof(text));
	memcpy(text, question, strlen(question) + 1);
	r->tcp = r->query.may_defer = false;
	set_client(r, "192.0.2.99");
	p.name = strsep(&rest, " ");
	word = strsep(&rest, " ");
	bug_on(!word || type_parse(slice_str(word), &p.type) != ERR_NONE);
	while ((word = strsep(&rest, " ")) != NULL)
		apply(r, &p, word);
	c->worker[worker].asked = packet_make(&p);
	return responder_ask(r, &p);
}
