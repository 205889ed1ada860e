/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_message.c - the decoder of whole DNS messages.
 */
#include <criterion/criterion.h>

#include "dns/message.h"
#include "dns/rdata.h"
#include "lib/mem.h"

#define INIT(text)                                        \
	{                                                 \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}
#define BYTES(text) slice_of(text, sizeof(text) - 1)

/* id 1, QR RD RA, with the counts given as bytes. */
#define HEAD(q, an, au, ad) "\0\1\x81\x80\0" q "\0" an "\0" au "\0" ad
#define QUESTION "\3www\7example\0\0\1\0\1" /* at 12; "example" at 16 */

static enum err
decode(struct slice bytes, struct arena *arena, struct message *m)
{
	arena_init(arena, 1024, 1 << 20);
	return message_decode(arena, bytes, m);
}

Test(message, sections_and_pointers)
{
	static const char in[] = HEAD("\1", "\2", "\1", "\1") QUESTION
	    "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\6\3ftp\xc0\x10"
	    "\xc0\x29\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
	    "\xc0\x10\0\2\0\1\0\0\0\x3c\0\2\xc0\x10"
	    "\0\0\x29\4\xd0\0\0\x80\0\0\0";
	struct arena arena;
	struct message m;
	const struct message_record *r;
	size_t n;

	cr_assert_eq(decode(BYTES(in), &arena, &m), ERR_NONE);
	cr_expect_eq(m.id, 1);
	cr_expect_eq(message_rcode(&m), RCODE_NOERROR);
	cr_expect_eq(m.n_questions, 1);
	cr_expect(
	    name_equal(m.questions[0].name, (const uint8_t *)"\3WWW\7example"));
	r = message_section(&m, SECTION_ANSWER, &n);
	cr_assert_eq(n, 2);
	cr_expect_eq(r[0].type, TYPE_CNAME);
	cr_expect_eq(r[0].ttl_sec, 60);
	cr_expect_eq(r[0].off, 29);
	cr_expect(slice_equal(r[0].rdata, BYTES("\3ftp\7example\0")));
	cr_expect(name_equal(r[1].owner, r[0].rdata.at));
	cr_expect(slice_equal(r[1].rdata, BYTES("\xc0\0\2\1")));
	r = message_section(&m, SECTION_AUTHORITY, &n);
	cr_assert_eq(n, 1);
	cr_expect(slice_equal(r->rdata, BYTES("\7example\0")));
	r = message_section(&m, SECTION_ADDITIONAL, &n);
	cr_assert_eq(n, 1);
	cr_expect_eq(r->type, TYPE_OPT);
	cr_expect(name_is_root(r->owner));
	arena_fini(&arena);
}

Test(message, names_inside_data_are_expanded)
{
	static const struct {
		const char *name;
		struct slice rdata, want;
		uint8_t type;
	} cases[] = {
	    {"SOA",
	     INIT("\xc0\x10\4root\xc0\x10\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4"
		  "\0\0\0\5"),
	     INIT("\7example\0\4root\7example\0\0\0\0\1\0\0\0\2\0\0\0\3"
		  "\0\0\0\4\0\0\0\5"),
	     6},
	    {"MX", INIT("\0\12\xc0\x0c"), INIT("\0\12\3www\7example\0"), 15},
	    {"RP", INIT("\xc0\x0c\xc0\x10"),
	     INIT("\3www\7example\0\7example\0"), 17},
	    {"SRV", INIT("\0\1\0\2\0\3\xc0\x10"),
	     INIT("\0\1\0\2\0\3\7example\0"), 33},
	    {"NAPTR", INIT("\0\1\0\2\1u\3sip\0\xc0\x10"),
	     INIT("\0\1\0\2\1u\3sip\0\7example\0"), 35},
	    {"TXT is bytes", INIT("\2\xc0\x10"), INIT("\2\xc0\x10"), 16},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t buf[256] = HEAD("\1", "\1", "\0", "\0") QUESTION
		    "\0\0\0\0\1\0\0\0\0\0";
		size_t n = 12 + 17 + 11, want = cases[i].rdata.len;
		struct arena arena;
		struct message m;

		buf[12 + 17 + 2] = cases[i].type;
		buf[n - 1] = (uint8_t)want;
		buf[n] = (uint8_t)want;
		memmove(buf + n, cases[i].rdata.at, want);
		cr_expect_eq(decode(slice_of(buf, n + want), &arena, &m),
			     ERR_NONE, "%s", cases[i].name);
		cr_expect(slice_equal(m.records[0].rdata, cases[i].want), "%s",
			  cases[i].name);
		arena_fini(&arena);
	}
}

static const struct {
	const char *name;
	struct slice bytes;
	enum err want;
} bad[] = {
    {"empty", INIT(""), ERR_SHORT},
    {"half a header", INIT("\0\1\x81\x80\0\1"), ERR_SHORT},
    {"header only", INIT(HEAD("\0", "\0", "\0", "\0")), ERR_NONE},
    {"question missing", INIT(HEAD("\1", "\0", "\0", "\0")), ERR_SHORT},
    {"question cut", INIT(HEAD("\1", "\0", "\0", "\0") "\3www\0\0\1"),
     ERR_SHORT},
    {"counts beyond the bytes",
     INIT("\0\1\x81\x80\0\0\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0"),
     ERR_SHORT},
    {"pointer to itself", INIT(HEAD("\1", "\0", "\0", "\0") "\xc0\x0c\0\1\0\1"),
     ERR_FORMAT},
    {"pointer forward", INIT(HEAD("\1", "\0", "\0", "\0") "\xc0\x0e\0\1\0\1"),
     ERR_FORMAT},
    {"pointer into its own labels",
     INIT(HEAD("\1", "\0", "\0", "\0") "\1a\xc0\x0c\0\1\0\1"), ERR_FORMAT},
    {"half a pointer", INIT(HEAD("\1", "\0", "\0", "\0") "\3abc\xc0"),
     ERR_SHORT},
    {"label type 01",
     INIT(HEAD("\1", "\0", "\0", "\0") "\x41"
				       "a\0\0\1\0\1"),
     ERR_FORMAT},
    {"data beyond the end",
     INIT(HEAD("\0", "\1", "\0", "\0") "\0\0\1\0\1\0\0\0\0\0\5\1\2\3\4"),
     ERR_SHORT},
    {"A of three bytes",
     INIT(HEAD("\0", "\1", "\0", "\0") "\0\0\1\0\1\0\0\0\0\0\3\1\2\3"),
     ERR_FORMAT},
    {"name longer than its data",
     INIT(HEAD("\0", "\1", "\0", "\0") "\0\0\2\0\1\0\0\0\0\0\2\3abc\0"),
     ERR_FORMAT},
    {"MX without a name",
     INIT(HEAD("\0", "\1", "\0", "\0") "\0\0\x0f\0\1\0\0\0\0\0\1\0"),
     ERR_FORMAT},
    {"empty A of class IN",
     INIT(HEAD("\0", "\1", "\0", "\0") "\0\0\1\0\1\0\0\0\0\0\0"), ERR_FORMAT},
    {"empty A of class ANY (RFC 2136)",
     INIT(HEAD("\0", "\1", "\0", "\0") "\0\0\1\0\xff\0\0\0\0\0\0"), ERR_NONE},
    {"bytes behind the end", INIT(HEAD("\0", "\0", "\0", "\0") "rest"),
     ERR_NONE},
    {"unknown type",
     INIT(HEAD("\0", "\1", "\0", "\0") "\0\xff\0\0\1\0\0\0\0\0\2\xc0\x0c"),
     ERR_NONE},
};

Test(message, malformed_input_is_refused)
{
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct arena arena;
		struct message m;

		cr_expect_eq(decode(bad[i].bytes, &arena, &m), bad[i].want,
			     "%s", bad[i].name);
		arena_fini(&arena);
	}
}

Test(message, chains_of_pointers_are_bounded)
{
	enum { LINKS = MESSAGE_HOPS_MAX + 1 };
	uint8_t buf[1 + 2 * LINKS] = {0}, name[NAME_MAX_BYTES];
	size_t pos;

	for (size_t i = 0; i < LINKS; i++) {
		size_t to = i ? 2 * i - 1 : 0;

		buf[1 + 2 * i] = (uint8_t)(0xc0 | to >> 8);
		buf[2 + 2 * i] = (uint8_t)to;
	}
	pos = 1 + 2 * (MESSAGE_HOPS_MAX - 1);
	cr_expect_eq(message_name(slice_of(buf, sizeof(buf)), &pos, name),
		     ERR_NONE);
	cr_expect_eq(pos, 1 + 2 * MESSAGE_HOPS_MAX);
	cr_expect_eq(message_name(slice_of(buf, sizeof(buf)), &pos, name),
		     ERR_FORMAT);
	cr_expect_eq(pos, 1 + 2 * MESSAGE_HOPS_MAX, "untouched on failure");
}

Test(message, names_of_255_bytes_and_not_more)
{
	uint8_t buf[300] = {0}, name[NAME_MAX_BYTES];
	size_t pos = 0;

	for (size_t i = 0; i < 3; i++)
		buf[i * 64] = 63;
	buf[192] = 61;
	cr_expect_eq(message_name(slice_of(buf, sizeof(buf)), &pos, name),
		     ERR_NONE);
	cr_expect_eq(pos, 255);
	buf[192] = 62;
	pos = 0;
	cr_expect_eq(message_name(slice_of(buf, sizeof(buf)), &pos, name),
		     ERR_FORMAT);
}

Test(message, a_full_arena_is_an_error)
{
	static uint8_t buf[60000];
	struct arena arena;
	struct message m;

	buf[6] = 4096 >> 8; /* so many answers: root, class ANY, no data */
	for (size_t i = 0; i < 4096; i++)
		memcpy(buf + 12 + i * 11, "\0\0\1\0\xff\0\0\0\0\0\0", 11);
	arena_init(&arena, 64, 4096);
	cr_expect_eq(
	    message_decode(&arena, BYTES(HEAD("\0", "\0", "\0", "\0")), &m),
	    ERR_NONE);
	cr_expect_eq(message_decode(&arena, slice_of(buf, sizeof(buf)), &m),
		     ERR_MEMORY);
	arena_fini(&arena);
}
