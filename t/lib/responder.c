/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/lib/responder.c - answers without a server. In tests and fuzzers.
 */
#include "t/lib/responder.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/zones.h"
#include "conf/conf.h"
#include "dns/rdata.h"
#include "dns/type.h"
#include "lib/rd.h"
#include "lib/text.h"
#include "shm/zonelist.h"
#include "t/lib/referee.h"

enum { NOW_SEC = 1700000000, RECORD_BYTES = 16384, RECORDS_MAX = 512 };

struct responder *
responder_new(const char *settings, const char *const *zones, size_t n)
{
	struct responder *r = xnew(struct responder);
	char *text = xprintf("no-shuffle=yes\n%s\n", settings);
	enum err e = conf_load_text("test", slice_str(text), &r->conf);

	bug_on(e != ERR_NONE || n > RESPONDER_BACKENDS);
	free(text);
	r->parser = rdata_parser_new();
	arena_init(&r->arena, 65536, 0);
	arena_init(&r->reply_arena, 65536, 0);
	for (size_t i = 0; i < n; i++) {
		zonefile_init(&r->zones[i], r->parser, zones[i]);
		r->backends.at[i] = zonefile_backend(&r->zones[i], (uint32_t)i);
	}
	r->backends.n = n;
	r->answerer = (struct answerer){.conf = r->conf,
					.backends = &r->backends,
					.slot = &r->slot,
					.now_sec = NOW_SEC,
					.now_ms = 1000};
	prng_seed(&r->answerer.prng);
	e = addr_parse(slice_str("192.0.2.99:5353"), 0, &r->client);
	bug_on(e != ERR_NONE);
	return r;
}

void
responder_free(struct responder *r)
{
	for (size_t i = 0; i < r->backends.n; i++)
		zonefile_fini(&r->zones[i]);
	zonelist_close(r->answerer.zone_list);
	arena_fini(&r->arena);
	arena_fini(&r->reply_arena);
	rdata_parser_free(r->parser);
	conf_free(r->conf);
	free(r);
}

void
responder_list_zones(struct responder *r)
{
	int fd = -1;

	for (size_t i = 0; i < r->backends.n; i++)
		r->backends.at[i] = zonefile_backend(&r->zones[i], (uint32_t)i);
	bug_on(backends_list_zones(&r->backends, &fd) != ERR_NONE);
	zonelist_close(r->answerer.zone_list);
	r->answerer.zone_list = fd < 0 ? NULL : zonelist_open(fd);
	if (fd >= 0)
		close(fd);
}

/* What holds for every reply to anything. */
static const char *
judge(struct responder *r, struct slice in)
{
	struct slice out = slice_of(r->out, r->len);
	const struct message *m = &r->message;
	uint16_t id, flags;

	if (out.len > r->query.max || out.len > r->query.out.len)
		return "longer than the client takes";
	if (!r->tcp && out.len > (size_t)r->conf->udp_truncation_threshold)
		return "longer than udp-truncation-threshold";
	arena_reset(&r->reply_arena);
	if (message_decode(&r->reply_arena, out, &r->message) != ERR_NONE)
		return "not a DNS message";
	id = (uint16_t)(in.at[0] << 8 | in.at[1]);
	flags = (uint16_t)(in.at[2] << 8 | in.at[3]);
	if (m->id != id)
		return "another id";
	if (!(m->flags & WIRE_QR))
		return "not a response";
	if ((m->flags ^ flags) & (WIRE_OPCODE | WIRE_RD))
		return "opcode or RD are not the query's";
	if (m->flags & (WIRE_RA | WIRE_AD | WIRE_CD | 0x40))
		return "a flag that an authoritative server does not set";
	if (m->flags & WIRE_TC && r->tcp)
		return "TC over TCP";
	return referee_complaint(out, m);
}

/* As much as a worker has. */
static size_t
out_bytes(const struct responder *r)
{
	size_t most = (size_t)r->conf->udp_truncation_threshold;

	return (r->tcp ? WIRE_MESSAGE_MAX : most) + QUERY_SLACK;
}

const char *
responder_run(struct responder *r, struct slice packet)
{
	struct query *q = &r->query;
	/* bytes of our own, so that a sanitizer sees their end */
	uint8_t *in = malloc(packet.len ? packet.len : 1);
	const char *why = NULL;

	bug_on(!in);
	if (packet.len)
		memcpy(in, packet.at, packet.len);
	for (size_t i = 0; i < r->backends.n; i++)
		zonefile_rearm(&r->zones[i]);
	arena_reset(&r->arena);
	q->h = &r->answerer;
	q->arena = &r->arena;
	memset(&q->asker, 0, sizeof(q->asker));
	q->asker.remote = r->client;
	q->asker.real = prefix_of(&r->client, addr_bits(&r->client));
	q->asker.tcp = r->tcp;
	q->in = slice_of(in, packet.len);
	q->out = (struct span){r->out, out_bytes(r)};
	r->len = query_run(q);
	if (r->len && r->len != QUERY_DEFERRED)
		why = judge(r, q->in);
	free(in);
	return why;
}

/* --- the reply in words --------------------------------------------------- */

static const char *
rcode_word(unsigned rcode)
{
	switch (rcode) {
	case RCODE_NOERROR:
		return "NOERROR";
	case RCODE_FORMERR:
		return "FORMERR";
	case RCODE_SERVFAIL:
		return "SERVFAIL";
	case RCODE_NXDOMAIN:
		return "NXDOMAIN";
	case RCODE_NOTIMP:
		return "NOTIMP";
	case RCODE_REFUSED:
		return "REFUSED";
	case RCODE_YXDOMAIN:
		return "YXDOMAIN";
	case RCODE_NOTAUTH:
		return "NOTAUTH";
	case RCODE_BADVERS:
		return "BADVERS";
	case RCODE_BADCOOKIE:
		return "BADCOOKIE";
	default:
		return "RCODE?";
	}
}

static unsigned
whole_rcode(const struct message *m)
{
	for (size_t i = 0; i < m->first[SECTION_COUNT]; i++)
		if (m->records[i].type == TYPE_OPT)
			return (m->records[i].ttl_sec >> 20 & 0xff0) |
			       message_rcode(m);
	return message_rcode(m);
}

static char *
record_words(const struct message_record *rec)
{
	static char buf[RECORD_BYTES];
	struct text t = text_over(buf, sizeof(buf));
	char name[NAME_TEXT_MAX], type[16];

	name_text(rec->owner, name);
	text_fmt(&t, "%s %u %s ", name, rec->ttl_sec,
		 type_text(rec->type, type));
	rdata_text(rec->type, rec->rdata, &t);
	return xstrdup(buf);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
section_words(struct text *t, const struct message *m, enum section s)
{
	static const char *const titles[SECTION_COUNT] = {"an", "ns", "ar"};
	char *lines[RECORDS_MAX] = {NULL};
	const struct message_record *r;
	size_t n, kept = 0;

	r = message_section(m, s, &n);
	for (size_t i = 0; i < n && kept < RECORDS_MAX; i++)
		if (r[i].type != TYPE_OPT)
			lines[kept++] = record_words(&r[i]);
	qsort(lines, kept, sizeof(*lines), by_text);
	for (size_t i = 0; i < kept; i++) {
		if (i == 0)
			text_fmt(t, " | %s ", titles[s]);
		else
			text_str(t, ", ");
		text_str(t, lines[i]);
		free(lines[i]);
	}
}

const char *
responder_ask(struct responder *r, const struct packet *p)
{
	struct text t = text_over(r->words, sizeof(r->words));
	const char *why = responder_run(r, packet_make(p));
	const struct message *m = &r->message;

	if (why) {
		text_fmt(&t, "broken reply: %s", why);
		return r->words;
	}
	if (!r->len)
		return "silence";
	if (r->len == QUERY_DEFERRED)
		return "deferred";
	text_str(&t, rcode_word(whole_rcode(m)));
	if (m->flags & WIRE_AA)
		text_str(&t, " aa");
	if (m->flags & WIRE_TC)
		text_str(&t, " tc");
	for (int s = 0; s < SECTION_COUNT; s++)
		section_words(&t, m, (enum section)s);
	return r->words;
}

bool
responder_option(const struct responder *r, uint16_t code, struct slice *body)
{
	for (size_t i = 0; i < r->message.first[SECTION_COUNT]; i++) {
		struct rd rd = rd_over(r->message.records[i].rdata);

		while (r->message.records[i].type == TYPE_OPT && rd_left(&rd)) {
			uint16_t found = rd_u16(&rd), n = rd_u16(&rd);

			*body = rd_slice(&rd, n);
			if (found == code)
				return true;
		}
	}
	return false;
}
