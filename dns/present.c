/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/present.c - messages for people. Runs in --ask and tools.
 */
#include "dns/present.h"

#include <stdlib.h>
#include <string.h>

#include "dns/message.h"
#include "dns/rdata.h"
#include "dns/type.h"
#include "lib/mem.h"
#include "lib/rd.h"
#include "lib/text.h"

enum { TEXT_BYTES = 512 * 1024, ARENA_BYTES = 256 * 1024 };

/* Where dig's columns begin, and how far a tab goes. */
enum { TTL_AT = 24, CLASS_AT = 32, TYPE_AT = 40, DATA_AT = 48, TAB = 8 };

static const char *const section_titles[SECTION_COUNT] = {"ANSWER", "AUTHORITY",
							  "ADDITIONAL"};

const char *
present_rcode(unsigned rcode, char out[PRESENT_RCODE_MAX])
{
	static const char *const names[] = {
	    "NOERROR",	"FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
	    "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE"};

	if (rcode < COUNT(names))
		return names[rcode];
	if (rcode == RCODE_BADVERS)
		return "BADVERS";
	if (rcode == RCODE_BADCOOKIE)
		return "BADCOOKIE";
	snprintf(out, PRESENT_RCODE_MAX, "RCODE%u", rcode);
	return out;
}

static const char *
opcode_text(unsigned opcode)
{
	switch (opcode) {
	case OPCODE_QUERY:
		return "QUERY";
	case OPCODE_STATUS:
		return "STATUS";
	case OPCODE_NOTIFY:
		return "NOTIFY";
	case OPCODE_UPDATE:
		return "UPDATE";
	default:
		return "RESERVED";
	}
}

static const struct message_record *
find_opt(const struct message *m)
{
	size_t n;
	const struct message_record *r =
	    message_section(m, SECTION_ADDITIONAL, &n);

	for (size_t i = 0; i < n; i++)
		if (r[i].type == TYPE_OPT)
			return &r[i];
	return NULL;
}

static void
put_header(FILE *f, const struct message *m, const struct message_record *opt)
{
	static const struct {
		uint16_t bit;
		const char *name;
	} flags[] = {{WIRE_QR, "qr"}, {WIRE_AA, "aa"}, {WIRE_TC, "tc"},
		     {WIRE_RD, "rd"}, {WIRE_RA, "ra"}, {WIRE_AD, "ad"},
		     {WIRE_CD, "cd"}};
	unsigned rcode = message_rcode(m);
	char buf[16];

	if (opt)
		rcode |= opt->ttl_sec >> 20 & 0xff0;
	fprintf(f, ";; ->>HEADER<<- opcode: %s, status: %s, id: %u\n;; flags:",
		opcode_text((m->flags & WIRE_OPCODE) >> 11),
		present_rcode(rcode, buf), m->id);
	for (size_t i = 0; i < COUNT(flags); i++)
		if (m->flags & flags[i].bit)
			fprintf(f, " %s", flags[i].name);
	fprintf(f, "; QUERY: %zu", m->n_questions);
	for (int s = 0; s < SECTION_COUNT; s++)
		fprintf(f, ", %s: %zu", section_titles[s],
			m->first[s + 1] - m->first[s]);
	fputs("\n", f);
}

static void
put_hex(FILE *f, struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		fprintf(f, "%02x", s.at[i]);
}

static void
put_printable(FILE *f, struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		fputc(s.at[i] >= 0x20 && s.at[i] < 0x7f ? s.at[i] : '.', f);
}

static void
put_subnet(FILE *f, struct slice body)
{
	struct rd r = rd_over(body);
	uint16_t family = rd_u16(&r);
	uint8_t source = rd_u8(&r), scope = rd_u8(&r), bytes[16] = {0};
	struct slice raw = rd_slice(&r, rd_left(&r));
	char text[ADDR_TEXT_MAX];
	struct addr a;

	if (rd_failed(&r) || raw.len > sizeof(bytes))
		return;
	if (raw.len)
		memcpy(bytes, raw.at, raw.len);
	if (addr_from_raw(slice_of(bytes, family == 1 ? 4 : 16), 0, &a) ==
	    ERR_NONE)
		fprintf(f, "; CLIENT-SUBNET: %s/%u/%u\n", addr_text(&a, text),
			source, scope);
}

static void
put_option(FILE *f, uint16_t code, struct slice body)
{
	struct rd r = rd_over(body);

	switch (code) {
	case EDNS_NSID:
		fputs("; NSID: ", f);
		put_hex(f, body);
		fputs(" (\"", f);
		put_printable(f, body);
		fputs("\")\n", f);
		return;
	case EDNS_COOKIE:
		fputs("; COOKIE: ", f);
		put_hex(f, body);
		fputs("\n", f);
		return;
	case EDNS_ECS:
		put_subnet(f, body);
		return;
	case EDNS_EDE:
		fprintf(f, "; EDE: %u", rd_u16(&r));
		if (rd_left(&r)) {
			fputs(" (", f);
			put_printable(f, rd_slice(&r, rd_left(&r)));
			fputs(")", f);
		}
		fputs("\n", f);
		return;
	default:
		fprintf(f, "; OPT=%u: ", code);
		put_hex(f, body);
		fputs("\n", f);
	}
}

static void
put_opt(FILE *f, const struct message_record *opt)
{
	struct rd r = rd_over(opt->rdata);

	fprintf(f,
		"\n;; OPT PSEUDOSECTION:\n; EDNS: version: %u, flags:%s; "
		"udp: %u\n",
		opt->ttl_sec >> 16 & 0xff, opt->ttl_sec & EDNS_DO ? " do" : "",
		opt->class);
	while (rd_left(&r)) {
		uint16_t code = rd_u16(&r), n = rd_u16(&r);
		struct slice body = rd_slice(&r, n);

		if (rd_failed(&r))
			return;
		put_option(f, code, body);
	}
}

static const char *
class_text(uint16_t class, char out[16])
{
	switch (class) {
	case CLASS_IN:
		return "IN";
	case CLASS_CH:
		return "CH";
	case CLASS_ANY:
		return "ANY";
	default:
		snprintf(out, 16, "CLASS%u", class);
		return out;
	}
}

/* From one column to another, with tabs; at least one blank. */
static unsigned
put_gap(FILE *f, unsigned from, unsigned to)
{
	if (to <= from)
		to = from + 1;
	for (; from / TAB < to / TAB; from = (from / TAB + 1) * TAB)
		fputc('\t', f);
	for (; from < to; from++)
		fputc(' ', f);
	return to;
}

static unsigned
put_text(FILE *f, unsigned at, const char *text)
{
	fputs(text, f);
	return at + (unsigned)strlen(text);
}

static void
put_record(FILE *f, const struct message_record *r, char *buf)
{
	char owner[NAME_TEXT_MAX], class[16], type[16], ttl[16];
	struct text t = text_over(buf, TEXT_BYTES);
	unsigned at = 0;

	name_text(r->owner, owner);
	rdata_text(r->type, r->rdata, &t);
	snprintf(ttl, sizeof(ttl), "%u", r->ttl_sec);
	at = put_gap(f, put_text(f, at, owner), TTL_AT);
	at = put_gap(f, put_text(f, at, ttl), CLASS_AT);
	at = put_gap(f, put_text(f, at, class_text(r->class, class)), TYPE_AT);
	put_gap(f, put_text(f, at, type_text(r->type, type)), DATA_AT);
	fputs(buf, f);
	fputc('\n', f);
}

static void
put_section(FILE *f, const struct message *m, enum section s, char *buf)
{
	size_t n;
	const struct message_record *r = message_section(m, s, &n);
	bool titled = false;

	for (size_t i = 0; i < n; i++) {
		if (r[i].type == TYPE_OPT)
			continue;
		if (!titled)
			fprintf(f, "\n;; %s SECTION:\n", section_titles[s]);
		titled = true;
		put_record(f, &r[i], buf);
	}
}

static void
put_questions(FILE *f, const struct message *m)
{
	char name[NAME_TEXT_MAX], class[16], type[16];

	if (m->n_questions)
		fputs("\n;; QUESTION SECTION:\n", f);
	for (size_t i = 0; i < m->n_questions; i++) {
		const struct message_question *q = &m->questions[i];
		unsigned at = 0; /* the semicolon does not count */

		name_text(q->name, name);
		fputc(';', f);
		at = put_gap(f, put_text(f, at, name), CLASS_AT);
		put_gap(f, put_text(f, at, class_text(q->class, class)),
			TYPE_AT);
		fprintf(f, "%s\n", type_text(q->type, type));
	}
}

enum err
present_message(FILE *f, struct slice bytes)
{
	const struct message_record *opt;
	struct message m;
	struct arena arena;
	enum err e;
	char *buf;

	arena_init(&arena, ARENA_BYTES, 0);
	e = message_decode(&arena, bytes, &m);
	if (e != ERR_NONE) {
		arena_fini(&arena);
		return ERR_FORMAT;
	}
	buf = xalloc(TEXT_BYTES);
	opt = find_opt(&m);
	put_header(f, &m, opt);
	if (opt)
		put_opt(f, opt);
	put_questions(f, &m);
	for (int s = 0; s < SECTION_COUNT; s++)
		put_section(f, &m, (enum section)s, buf);
	free(buf);
	arena_fini(&arena);
	return ERR_NONE;
}
