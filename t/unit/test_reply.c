/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_reply.c - the reply writer: whatever is put in comes out again,
 * as two other parsers see it.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "dns/message.h"
#include "dns/rdata.h"
#include "dns/reply.h"
#include "lib/mem.h"
#include "t/lib/packet.h"
#include "t/lib/referee.h"

enum { RECORDS_MAX = 4000, ID = 0x1234 };

/* What was put into a reply. */
struct given {
	uint8_t owner[NAME_MAX_BYTES];
	uint8_t rdata[512];
	size_t rdata_len;
	uint16_t type;
	uint32_t ttl_sec;
	enum section section;
};

static uint8_t out_bytes[WIRE_MESSAGE_MAX];
static struct given given[RECORDS_MAX];
static size_t n_given;

static struct question
question_of(const char *name)
{
	struct packet p = {.name = name, .type = TYPE_ANY};
	struct question q = {0};

	cr_assert_eq(question_parse(&q, packet_make(&p)), QUESTION_OK);
	return q;
}

/* --- random records --------------------------------------------------------
 */

static unsigned seed, state; /* of a round; of the generator in it */

static void
start_round(unsigned number)
{
	seed = state = number;
}

static unsigned
dice(unsigned n)
{
	return (unsigned)rand_r(&state) % n;
}

/* A name of few labels from a small alphabet, in any letter case: suffixes
 * are shared often. Returns its length. */
static size_t
random_name(uint8_t *out)
{
	static const char *const labels[] = {
	    "a",  "B",	     "ab", "AB",   "com",  "CoM",
	    "ns", "example", "x",  "mail", "\001", "w\300\014"};
	struct wr w = wr_over((struct span){out, NAME_MAX_BYTES});
	unsigned n = dice(5);

	for (unsigned i = 0; i < n; i++) {
		const char *l = labels[dice(COUNT(labels))];

		wr_u8(&w, (uint8_t)strlen(l));
		wr_bytes(&w, l, strlen(l));
	}
	if (dice(20) == 0) { /* a rare long label */
		uint8_t len = (uint8_t)(1 + dice(63));

		wr_u8(&w, len);
		memset(wr_take(&w, len), 'L', len);
	}
	wr_u8(&w, 0);
	cr_assert_not(wr_failed(&w));
	return w.len;
}

static void
put_bytes(struct wr *w, size_t n)
{
	while (n-- > 0)
		wr_u8(w, (uint8_t)dice(256));
}

static void
put_names(struct wr *w, unsigned n)
{
	while (n-- > 0) {
		uint8_t name[NAME_MAX_BYTES];

		wr_bytes(w, name, random_name(name));
	}
}

static void
random_rdata(struct given *p)
{
	static const uint16_t types[] = {
	    TYPE_A,   TYPE_NS,	TYPE_MX,    TYPE_SOA, TYPE_TXT,
	    TYPE_SRV, TYPE_PTR, TYPE_MINFO, TYPE_RP,  65280};
	struct wr w = wr_over((struct span){p->rdata, sizeof(p->rdata)});
	unsigned n;

	p->type = types[dice(COUNT(types))];
	switch (p->type) {
	case TYPE_A:
		put_bytes(&w, 4);
		break;
	case TYPE_MX:
		put_bytes(&w, 2);
		put_names(&w, 1);
		break;
	case TYPE_SOA:
		put_names(&w, 2);
		put_bytes(&w, 20);
		break;
	case TYPE_MINFO:
	case TYPE_RP:
		put_names(&w, 2);
		break;
	case TYPE_SRV:
		put_bytes(&w, 6);
		put_names(&w, 1);
		break;
	case TYPE_TXT:
		n = dice(200);
		wr_u8(&w, (uint8_t)n);
		put_bytes(&w, n);
		break;
	case 65280:
		put_bytes(&w, dice(300));
		break;
	default:
		put_names(&w, 1);
	}
	cr_assert_not(wr_failed(&w));
	p->rdata_len = w.len;
	cr_assert_eq(rdata_check(p->type, wr_done(&w)), ERR_NONE);
}

static bool
put_record(struct reply *r, const struct given *p)
{
	return reply_record(r, p->section, p->owner, p->type, p->ttl_sec,
			    slice_of(p->rdata, p->rdata_len));
}

/* Put a random record into the reply, and into given[] if it fits. */
static bool
put_random(struct reply *r, enum section s)
{
	struct given *p = &given[n_given];

	cr_assert_lt(n_given, RECORDS_MAX);
	if (n_given == 0 || dice(3) == 0)
		random_name(p->owner);
	else
		memcpy(p->owner, given[dice((unsigned)n_given)].owner, 255);
	random_rdata(p);
	p->ttl_sec = (uint32_t)dice(100000);
	p->section = s;
	if (!put_record(r, p))
		return false;
	n_given++;
	return true;
}

/* --- reading them back ------------------------------------------------------
 */

static void
expect_same(const struct given *p, const struct message_record *got, size_t i)
{
	uint8_t want[512], have[WIRE_MESSAGE_MAX];

	/* compression may give a name the letter case of an earlier one */
	cr_assert(name_equal(p->owner, got->owner), "seed %u: owner %zu", seed,
		  i);
	cr_assert_eq(p->type, got->type, "seed %u: type %zu", seed, i);
	cr_assert_eq(p->ttl_sec, got->ttl_sec, "seed %u: TTL %zu", seed, i);
	cr_assert_eq(p->rdata_len, got->rdata.len, "seed %u: rdata %zu", seed,
		     i);
	memcpy(want, p->rdata, p->rdata_len);
	memcpy(have, got->rdata.at, got->rdata.len);
	rdata_canonical(p->type, (struct span){want, p->rdata_len});
	rdata_canonical(p->type, (struct span){have, got->rdata.len});
	cr_assert_eq(memcmp(want, have, p->rdata_len), 0, "seed %u: rdata %zu",
		     seed, i);
}

/* The finished message holds given[] and n_extra more records (OPT). */
static void
expect_all(size_t len, size_t n_extra)
{
	struct arena arena;
	struct message m;
	const char *why;
	size_t k = 0;

	arena_init(&arena, 1 << 20, 0);
	cr_assert_eq(message_decode(&arena, slice_of(out_bytes, len), &m),
		     ERR_NONE, "seed %u", seed);
	why = referee_complaint(slice_of(out_bytes, len), &m);
	cr_assert_null(why, "seed %u: %s", seed, why);
	cr_assert_eq(m.first[SECTION_COUNT], n_given + n_extra, "seed %u",
		     seed);
	for (int s = 0; s < SECTION_COUNT; s++) {
		size_t n;
		const struct message_record *r =
		    message_section(&m, (enum section)s, &n);

		for (size_t i = 0; i < n && k < n_given; i++)
			expect_same(&given[k++], &r[i], i);
	}
	arena_fini(&arena);
}

static void
begin(struct reply *r, const struct question *q, size_t max)
{
	n_given = 0;
	memset(r, 0xee, sizeof(*r)); /* reply_begin needs nothing cleared */
	memset(out_bytes, 0xee, sizeof(out_bytes));
	reply_begin(r, (struct span){out_bytes, sizeof(out_bytes)}, max, 0);
	reply_question(r, q);
}

static size_t
end(struct reply *r)
{
	return reply_end(r, ID, WIRE_QR, RCODE_NOERROR);
}

Test(reply, thousands_of_random_replies_survive)
{
	static const char *const names[] = {"a.com", "WWW.Example.COM", ".",
					    "x"};
	struct reply r;

	for (unsigned round = 0; round < 3000; round++) {
		struct question q = question_of(names[round % COUNT(names)]);
		unsigned n;

		start_round(round);
		n = dice(60);
		begin(&r, &q, 512 + dice(4000));
		for (unsigned i = 0; i < n; i++)
			if (!put_random(&r, (enum section)(i * 3 / n)))
				break;
		expect_all(end(&r), 0);
	}
}

Test(reply, large_messages_point_only_into_the_first_16_KiB)
{
	struct reply r;

	for (unsigned round = 0; round < 20; round++) {
		struct question q = question_of("big.example");
		size_t len;

		start_round(round);
		begin(&r, &q, WIRE_MESSAGE_MAX);
		while (put_random(&r, SECTION_ANSWER))
			;
		len = end(&r);
		cr_assert_gt(len, 64000);
		cr_assert_gt(n_given, 300);
		expect_all(len, 0);
	}
}

Test(reply, more_names_than_the_table_holds)
{
	struct question q = question_of("t");
	struct reply r;

	begin(&r, &q, 16000);
	for (unsigned i = 0; i < 300; i++) {
		struct given *p = &given[n_given];
		char label[8];

		snprintf(label, sizeof(label), "l%03u", i % 250);
		*p = (struct given){.type = TYPE_A, .rdata_len = 4};
		p->owner[0] = 4;
		memcpy(p->owner + 1, label, 4);
		memcpy(p->owner + 5, "\3sub\1t", 7);
		cr_assert(put_record(&r, p));
		n_given++;
	}
	cr_expect_eq(r.n_names, REPLY_NAMES * 3 / 4, "the table is full");
	expect_all(end(&r), 0);
}

Test(reply, names_are_compressed_as_far_as_possible)
{
	struct question q = question_of("Host.Example.com");
	struct reply r;
	size_t start;

	begin(&r, &q, 512);
	start = r.w.len;
	cr_assert(reply_record(&r, SECTION_ANSWER,
			       (const uint8_t *)"\4host\7example\3com", TYPE_MX,
			       60, slice_of("\0\1\4mail\7EXAMPLE\3com", 20)));
	/* pointer, type, class, ttl, rdlength, preference, label, pointer */
	cr_expect_eq(r.w.len - start, 2 + 10 + 2 + 5 + 2);
	start = r.w.len;
	cr_assert(reply_record(&r, SECTION_ADDITIONAL,
			       (const uint8_t *)"\4MAIL\7example\3com", TYPE_A,
			       60, slice_of("\1\2\3\4", 4)));
	cr_expect_eq(r.w.len - start, 2 + 10 + 4);
	start = r.w.len;
	cr_assert(reply_record(&r, SECTION_ADDITIONAL,
			       (const uint8_t *)"\1a\4SRV\0", TYPE_SRV, 60,
			       slice_of("\0\1\0\2\0\3\7example\3com", 19)));
	cr_expect_eq(r.w.len - start, 8 + 10 + 19,
		     "RFC 2782: the target is not compressed");
	start = r.w.len;
	cr_assert(reply_record(&r, SECTION_ADDITIONAL, name_root, TYPE_NS, 60,
			       slice_of("", 1)));
	cr_expect_eq(r.w.len - start, 1 + 10 + 1);
}

/* --- undo -------------------------------------------------------------------
 */

/* Records, then others that are taken back, then more: the bytes are those of
 * a reply that never saw the others. */
Test(reply, undo_leaves_no_trace)
{
	static uint8_t plain[WIRE_MESSAGE_MAX];

	for (unsigned round = 0; round < 2000; round++) {
		struct question q = question_of(round % 2 ? "a.com" : ".");
		struct reply r;
		struct reply_mark m;
		unsigned a, b, c;
		size_t len, kept;

		start_round(round);
		a = dice(10), b = dice(30), c = dice(10);
		begin(&r, &q, 2000);
		for (unsigned i = 0; i < a; i++)
			(void)put_random(&r, SECTION_ANSWER);
		m = reply_mark(&r);
		kept = n_given;
		for (unsigned i = 0; i < b; i++)
			(void)put_random(&r, SECTION_AUTHORITY);
		reply_undo(&r, &m);
		n_given = kept;
		for (unsigned i = 0; i < c; i++)
			(void)put_random(&r, SECTION_ADDITIONAL);
		len = end(&r);
		expect_all(len, 0);
		memcpy(plain, out_bytes, len);
		kept = n_given;
		begin(&r, &q, 2000);
		n_given = kept;
		for (size_t i = 0; i < kept; i++)
			cr_assert(put_record(&r, &given[i]));
		cr_assert_eq(end(&r), len, "seed %u", round);
		cr_assert_eq(memcmp(plain, out_bytes, len), 0, "seed %u",
			     round);
	}
}

Test(reply, clear_keeps_the_question)
{
	struct question q = question_of("a.com");
	struct reply r;
	size_t len;

	start_round(5);
	begin(&r, &q, 2000);
	for (unsigned i = 0; i < 10; i++)
		cr_assert(put_random(&r, SECTION_ANSWER));
	reply_clear(&r, &q);
	n_given = 0;
	len = end(&r);
	cr_expect_eq(len, 12 + q.wire.len);
	expect_all(len, 0);
	for (unsigned i = 0; i < 10; i++)
		cr_assert(put_random(&r, SECTION_ANSWER));
	expect_all(end(&r), 0);
}

/* --- limits -----------------------------------------------------------------
 */

static const uint8_t opt_cookie[24] = "clientccservercookieabcd";

static struct reply_opt
some_opt(const struct ecs *ecs)
{
	return (struct reply_opt){.present = true,
				  .do_bit = true,
				  .payload = 1232,
				  .nsid = slice_str("name"),
				  .cookie = slice_of(opt_cookie, 24),
				  .ecs = ecs,
				  .ecs_scope = 20,
				  .ede = EDE_OTHER,
				  .ede_text = slice_str("some words")};
}

Test(reply, every_size_is_kept)
{
	static const uint8_t raw[] = {192, 0, 2};
	struct ecs ecs = {.family = 1, .source_bits = 24, .raw = {raw, 3}};
	struct reply_opt opt = some_opt(&ecs);
	struct question q = question_of("some.name.example");

	cr_expect_eq(reply_opt_bytes(&opt), 11 + 8 + 28 + 11);
	for (size_t max = 512; max < 1400; max++) {
		struct reply r;
		size_t len;

		start_round((unsigned)max);
		begin(&r, &q, 512); /* clears */
		reply_begin(&r, (struct span){out_bytes, sizeof(out_bytes)},
			    max, reply_opt_bytes(&opt));
		reply_question(&r, &q);
		while (put_random(&r, SECTION_ANSWER))
			;
		reply_opt(&r, &opt, RCODE_BADVERS);
		len = end(&r);
		cr_assert_leq(len, max);
		cr_assert_eq(out_bytes[max], 0xee, "nothing behind %zu", max);
		expect_all(len, 1);
	}
}

Test(reply, a_set_that_does_not_fit_leaves_the_rest_untouched)
{
	struct question q = question_of("a");
	uint8_t big[500] = {0};
	struct reply r;
	size_t before;

	begin(&r, &q, 512);
	cr_assert(reply_record(&r, SECTION_ANSWER, (const uint8_t *)"\1a",
			       65280, 1, slice_of(big, 400)));
	before = r.w.len;
	cr_expect_not(reply_record(&r, SECTION_ANSWER,
				   (const uint8_t *)"\1b\1a", 65280, 1,
				   slice_of(big, 100)));
	cr_expect_eq(r.w.len, before);
	cr_expect_eq(r.counts[SECTION_ANSWER], 1);
	cr_assert(reply_record(&r, SECTION_ANSWER, (const uint8_t *)"\1b\1a",
			       65280, 1, slice_of(big, 10)));
}

/* --- OPT --------------------------------------------------------------------
 */

/* Decode the one record of the additional section. */
static struct message_record
only_opt(struct arena *arena, size_t len, struct message *m)
{
	size_t n;
	const struct message_record *r;

	arena_init(arena, 65536, 0);
	cr_assert_eq(message_decode(arena, slice_of(out_bytes, len), m),
		     ERR_NONE);
	r = message_section(m, SECTION_ADDITIONAL, &n);
	cr_assert_eq(n, 1);
	cr_assert_eq(r->type, TYPE_OPT);
	return *r;
}

Test(reply, opt_with_all_options)
{
	static const uint8_t raw[] = {192, 0, 2};
	struct ecs ecs = {.family = 1, .source_bits = 24, .raw = {raw, 3}};
	struct reply_opt opt = some_opt(&ecs);
	struct question q = question_of("a");
	static const char want[] = "\0\3\0\4name"
				   "\0\12\0\30clientccservercookieabcd"
				   "\0\10\0\7\0\1\30\24\300\0\2"
				   "\0\17\0\14\0\0some words";
	struct message_record rec;
	struct message m;
	struct reply r;
	struct arena arena;

	begin(&r, &q, 512);
	reply_opt(&r, &opt, RCODE_BADCOOKIE);
	rec = only_opt(&arena, reply_end(&r, ID, WIRE_QR, RCODE_BADCOOKIE), &m);
	cr_expect(name_is_root(rec.owner));
	cr_expect_eq(rec.class, 1232);
	cr_expect_eq(rec.ttl_sec, 0x01008000, "extended rcode 1, DO");
	cr_expect_eq(m.flags & 15, RCODE_BADCOOKIE & 15);
	cr_expect(slice_equal(rec.rdata, slice_of(want, sizeof(want) - 1)));
	arena_fini(&arena);
}

Test(reply, ede_goes_when_there_is_no_room)
{
	struct reply_opt opt = {.present = true,
				.payload = 512,
				.ede = EDE_NOT_READY,
				.ede_text = slice_str("words")};
	struct question q = question_of("a");
	static const size_t room[] = {0, 5, 6, 10, 11, 12},
			    want[] = {0, 0, 6, 6, 11, 11};

	for (size_t i = 0; i < COUNT(room); i++) {
		size_t fill = 512 - 12 - 7 - 11 - 12 - room[i];
		uint8_t big[512] = {0};
		struct message_record rec;
		struct message m;
		struct reply r;
		struct arena arena;

		begin(&r, &q, 512);
		cr_assert(reply_record(&r, SECTION_ANSWER,
				       (const uint8_t *)"\1a", 65280, 0,
				       slice_of(big, fill)));
		reply_opt(&r, &opt, RCODE_SERVFAIL);
		rec = only_opt(&arena, end(&r), &m);
		cr_expect_eq(rec.rdata.len, want[i], "%zu bytes of room",
			     room[i]);
		arena_fini(&arena);
	}
}

Test(reply, no_opt_without_opt)
{
	struct reply_opt opt = {.present = false, .ede = EDE_OTHER};
	struct question q = question_of("a");
	struct reply r;

	cr_expect_eq(reply_opt_bytes(&opt), 0);
	begin(&r, &q, 512);
	reply_opt(&r, &opt, RCODE_NOERROR);
	cr_expect_eq(end(&r), 12 + 7);
}

/* --- header, TSIG ------------------------------------------------------------
 */

Test(reply, header)
{
	static const uint8_t want[] = {0xab, 0xcd, 0x85, 0x03, 0, 1,
				       0,    0,	   0,	 0,    0, 0};
	struct question q = question_of("a"), none = {0};
	struct reply r;

	begin(&r, &q, 512);
	reply_end(&r, 0xabcd, WIRE_QR | WIRE_AA | WIRE_RD, RCODE_NXDOMAIN);
	cr_expect_eq(memcmp(out_bytes, want, sizeof(want)), 0);
	begin(&r, &none, 512);
	cr_expect_eq(reply_end(&r, 1, WIRE_QR, RCODE_FORMERR), 12);
	cr_expect_eq(out_bytes[5], 0, "no question to repeat");
}

static const struct {
	const char *name;
	struct slice request;
	bool answered;
} tsigs[] = {
#define CASE(name, bytes, answered)                                           \
	{                                                                     \
		name, {(const uint8_t *)(bytes), sizeof(bytes) - 1}, answered \
	}
#define FIXED "\0\372\0\377\0\0\0\0\0\24"
    CASE("plain", "\3Key\0" FIXED "\3alg\0\1\2\3\4\5\6\7\10\0\0\0\1\0\0\0",
	 true),
    CASE("compressed owner", "\300\014" FIXED "\3alg\0\1\2\3\4\5\6\7\10",
	 false),
    CASE("compressed algorithm", "\3key\0" FIXED "\300\014\1\2\3\4\5\6\7\10",
	 false),
    CASE("cut in the times", "\3key\0" FIXED "\3alg\0\1\2\3", false),
    CASE("no data", "\3key\0\0\372\0\377\0\0\0\0\0\0", false),
#undef CASE
};

Test(reply, tsig_of_an_unknown_key)
{
	for (size_t i = 0; i < COUNT(tsigs); i++) {
		struct question q = question_of("a");
		struct message m;
		struct reply r;
		struct arena arena;
		size_t n, len;
		const struct message_record *rec;

		begin(&r, &q, 512);
		reply_tsig_badkey(&r, tsigs[i].request, 0xabcd);
		len = end(&r);
		arena_init(&arena, 65536, 0);
		cr_assert_eq(
		    message_decode(&arena, slice_of(out_bytes, len), &m),
		    ERR_NONE);
		rec = message_section(&m, SECTION_ADDITIONAL, &n);
		cr_expect_eq(n, tsigs[i].answered, "%s", tsigs[i].name);
		if (n) {
			cr_expect(
			    name_equal(rec->owner, (const uint8_t *)"\3key"));
			cr_expect(slice_equal(
			    rec->rdata, slice_of("\3alg\0\1\2\3\4\5\6\7\10"
						 "\0\0\253\315\0\21\0\0",
						 21)));
		} else {
			cr_expect_eq(len, 12 + 7, "%s", tsigs[i].name);
		}
		arena_fini(&arena);
	}
}

Test(reply, tsig_that_does_not_fit_is_left_out)
{
	struct question q = question_of("a");
	uint8_t big[512] = {0};
	struct reply r;

	begin(&r, &q, 512);
	cr_assert(reply_record(&r, SECTION_ANSWER, (const uint8_t *)"\1a",
			       65280, 0, slice_of(big, 460)));
	n_given = 0;
	reply_tsig_badkey(&r, tsigs[0].request, 1);
	cr_expect_eq(end(&r), 12 + 7 + 12 + 460);
}
