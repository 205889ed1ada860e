/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_name.c - domain names.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "dns/name.h"

/* Wire form of a text that must be good; static, a few at a time. */
static const uint8_t *
wire(const char *text)
{
	static uint8_t turns[8][NAME_MAX_BYTES];
	static unsigned turn;
	uint8_t *out = turns[turn++ % 8];
	size_t len;

	cr_assert_eq(name_parse(slice_str(text), out, &len), ERR_NONE, "%s",
		     text);
	cr_assert_eq(name_len(out), len);
	return out;
}

static const char *
text(const uint8_t *name)
{
	static char turns[4][NAME_TEXT_MAX];
	static unsigned turn;
	char *out = turns[turn++ % 4];
	size_t n = name_text(name, out);

	cr_assert_eq(strlen(out), n);
	return out;
}

/* --- text to wire --------------------------------------------------------- */

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONGEST L63 "." L63 "." L63 "." L61

static const struct {
	const char *text;
	enum err error;
	const char *again; /* NULL: the text with a final dot */
} parses[] = {
    {"", ERR_NONE, "."},
    {".", ERR_NONE, "."},
    {"a", ERR_NONE, NULL},
    {"a.", ERR_NONE, "a."},
    {"WWW.Example", ERR_NONE, NULL},
    {"*.x", ERR_NONE, NULL},
    {"_25._tcp", ERR_NONE, NULL},
    {"a\\.b.c", ERR_NONE, NULL},
    {"a\\046b", ERR_NONE, "a\\.b."},
    {"a\\\\b", ERR_NONE, NULL},
    {"\\000\\255", ERR_NONE, NULL},
    {"\\065", ERR_NONE, "A."},
    {"a b", ERR_NONE, "a\\032b."},
    {"\\a", ERR_NONE, "a."},
    {"\\\"\\;\\(\\)\\@\\$", ERR_NONE, NULL},
    {"a/b-c+d", ERR_NONE, NULL},
    {"\303\244", ERR_NONE, "\\195\\164."},
    {L63, ERR_NONE, NULL},
    {L63 "a", ERR_RANGE, NULL},
    {LONGEST, ERR_NONE, NULL},
    {LONGEST ".", ERR_NONE, LONGEST "."},
    {LONGEST "a", ERR_RANGE, NULL},
    {LONGEST ".a", ERR_RANGE, NULL},
    {LONGEST "..", ERR_FORMAT, NULL},
    {"..", ERR_FORMAT, NULL},
    {".a", ERR_FORMAT, NULL},
    {"a..", ERR_FORMAT, NULL},
    {"a..b", ERR_FORMAT, NULL},
    {"\\", ERR_FORMAT, NULL},
    {"a\\", ERR_FORMAT, NULL},
    {"\\1", ERR_FORMAT, NULL},
    {"\\12", ERR_FORMAT, NULL},
    {"\\12x", ERR_FORMAT, NULL},
    {"\\256", ERR_FORMAT, NULL},
    {"\\999", ERR_FORMAT, NULL},
};

Test(name, text_to_wire_and_back)
{
	for (size_t i = 0; i < COUNT(parses); i++) {
		uint8_t out[NAME_MAX_BYTES + 1];
		char want[NAME_TEXT_MAX];
		size_t len = 999;
		enum err e;

		memset(out, 0xee, sizeof(out));
		e = name_parse(slice_str(parses[i].text), out, &len);
		cr_expect_eq(e, parses[i].error, "%s: %s", parses[i].text,
			     err_text(e));
		cr_expect_eq(out[NAME_MAX_BYTES], 0xee);
		if (e != ERR_NONE) {
			cr_expect(len == 999 && out[0] == 0xee,
				  "untouched on failure");
			continue;
		}
		snprintf(want, sizeof(want), "%s.", parses[i].text);
		cr_expect_str_eq(text(out),
				 parses[i].again ? parses[i].again : want);
		cr_expect_eq(name_check(slice_of(out, len)), len);
	}
}

Test(name, a_text_may_hold_zero_bytes)
{
	uint8_t out[NAME_MAX_BYTES];
	size_t len;

	cr_assert_eq(name_parse(slice_of("a\0b", 3), out, &len), ERR_NONE);
	cr_expect_str_eq(text(out), "a\\000b.");
}

Test(name, a_label_of_127_one_byte_labels)
{
	char in[2 * 128 + 1] = "";
	uint8_t out[NAME_MAX_BYTES];
	size_t len;

	for (size_t i = 0; i < NAME_MAX_LABELS; i++)
		strcat(in, "a.");
	cr_expect_eq(name_parse(slice_str(in), out, &len), ERR_NONE);
	cr_expect_eq(len, 255);
	cr_expect_eq(name_labels(out), NAME_MAX_LABELS);
	strcat(in, "a");
	cr_expect_eq(name_parse(slice_str(in), out, &len), ERR_RANGE);
}

Test(name, the_longest_text_fits)
{
	char in[4 * 256] = "", out[NAME_TEXT_MAX];
	uint8_t name[NAME_MAX_BYTES];
	size_t len;

	for (size_t i = 0; i < 250; i++)
		strcat(in, i % 63 == 62 ? "\\001." : "\\001");
	cr_assert_eq(name_parse(slice_str(in), name, &len), ERR_NONE);
	cr_expect_eq(len, 255);
	cr_expect_eq(name_text(name, out), 250 * 4 + 4);
	cr_expect_eq(name_text_script(name, out), 250 * 4 + 4);
}

Test(name, every_byte_survives_the_text)
{
	for (unsigned c = 0; c < 256; c++) {
		const uint8_t name[] = {2, (uint8_t)c, 'x', 0};
		uint8_t again[NAME_MAX_BYTES];
		char buf[NAME_TEXT_MAX];
		size_t len;

		name_text(name, buf);
		cr_assert_eq(name_parse(slice_str(buf), again, &len), ERR_NONE);
		cr_expect_eq(memcmp(name, again, 4), 0, "byte %u", c);
		name_text_script(name, buf);
		cr_assert_eq(name_parse(slice_str(buf), again, &len), ERR_NONE);
		cr_expect_eq(memcmp(name, again, 4), 0, "byte %u", c);
	}
}

Test(name, scripts_see_only_dots_and_backslashes_escaped)
{
	char buf[NAME_TEXT_MAX];

	name_text_script(wire("a\\.\\\\\\@\\;b.c"), buf);
	cr_expect_str_eq(buf, "a\\.\\\\@;b.c.");
	name_text_script(name_root, buf);
	cr_expect_str_eq(buf, ".");
}

/* --- wire ----------------------------------------------------------------- */

static const struct {
	const char *name;
	struct slice in;
	size_t want;
} checks[] = {
#define CASE(name, bytes, want)                                           \
	{                                                                 \
		name, {(const uint8_t *)(bytes), sizeof(bytes) - 1}, want \
	}
    CASE("empty", "", 0),
    CASE("root", "\0", 1),
    CASE("root and more", "\0abc", 1),
    CASE("one label", "\1a\0", 3),
    CASE("cut in a label", "\3ab", 0),
    CASE("no root", "\1a", 0),
    CASE("pointer", "\300\0", 0),
    CASE("pointer behind a label", "\1a\300\0", 0),
    CASE("label of 64", "\100a\0", 0),
    CASE("reserved label type", "\200a\0", 0),
#undef CASE
};

Test(name, check_finds_the_end)
{
	for (size_t i = 0; i < COUNT(checks); i++)
		cr_expect_eq(name_check(checks[i].in), checks[i].want, "%s",
			     checks[i].name);
}

Test(name, check_knows_the_limit_of_255_bytes)
{
	uint8_t buf[400] = {0};

	for (size_t i = 0; i < 3; i++)
		buf[i * 64] = 63;
	buf[192] = 61;
	cr_expect_eq(name_check(slice_of(buf, sizeof(buf))), 255);
	buf[192] = 62;
	cr_expect_eq(name_check(slice_of(buf, sizeof(buf))), 0);
	memset(buf, 1, sizeof(buf)); /* labels without end */
	cr_expect_eq(name_check(slice_of(buf, sizeof(buf))), 0);
}

Test(name, folds_letters_and_nothing_else)
{
	for (unsigned c = 0; c < 256; c++)
		cr_expect_eq(name_fold[c], c >= 'A' && c <= 'Z' ? c + 32 : c,
			     "%u", c);
}

Test(name, lower)
{
	uint8_t out[NAME_MAX_BYTES];

	cr_expect_eq(name_lower(wire("WwW.EXAMPLE.@[Z"), out), 16 + 1);
	cr_expect_str_eq(text(out), "www.example.\\@[z.");
	cr_expect_eq(name_lower(name_root, out), 1);
	/* a length byte of 63 is '?', just below '@' and the letters */
	cr_expect_eq(name_lower(wire(L63), out), 65);
	cr_expect_eq(out[0], 63);
}

Test(name, lower_folds_capital_letters_and_nothing_else)
{
	uint8_t in[256 + 16], out[sizeof(in)];

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)i;
	for (size_t n = 0; n <= 256; n++) {
		memset(out, 0x55, sizeof(out));
		name_lower_bytes(out, in, n);
		for (size_t i = 0; i < n; i++)
			cr_expect_eq(out[i], name_fold[i], "%zu of %zu", i, n);
		cr_expect_eq(out[n], 0x55, "%zu", n);
	}
	for (unsigned shift = 0; shift < 8; shift++) {
		name_lower_bytes(out, in + shift, 256);
		for (size_t i = 0; i < 256; i++)
			cr_expect_eq(out[i], name_fold[(i + shift) & 255]);
	}
}

static const struct {
	const char *a, *b;
	bool equal, below; /* a is b; a is b or below it */
	unsigned common;
} pairs[] = {
    {".", ".", true, true, 0},
    {"a", ".", false, true, 0},
    {".", "a", false, false, 0},
    {"a", "A", true, true, 1},
    {"www.Example", "WWW.eXAMPLE", true, true, 2},
    {"www.example", "example", false, true, 1},
    {"example", "www.example", false, false, 1},
    {"www.example", "ww.example", false, false, 1},
    {"www.example", "xample", false, false, 0},
    {"a.b.c.d", "x.b.c.d", false, false, 3},
    {"a.b.c.d", "a.b.x.d", false, false, 1},
    {"b.a", "a.a", false, false, 1},
    {"a\\.b", "a.b", false, false, 0},
    {"a\\.b.c", "b.c", false, false, 1},
    {"\\001b", "b", false, false, 0},
    {"x\\001b", "b", false, false, 0},
    {"@", "`", false, false, 0},
    {"[", "{", false, false, 0},
};

Test(name, equal_below_common)
{
	for (size_t i = 0; i < COUNT(pairs); i++) {
		const uint8_t *a = wire(pairs[i].a), *b = wire(pairs[i].b);

		cr_expect_eq(name_equal(a, b), pairs[i].equal, "%s %s",
			     pairs[i].a, pairs[i].b);
		cr_expect_eq(name_equal(b, a), pairs[i].equal);
		cr_expect_eq(name_is_below(a, b), pairs[i].below, "%s %s",
			     pairs[i].a, pairs[i].b);
		cr_expect_eq(name_common(a, b), pairs[i].common, "%s %s",
			     pairs[i].a, pairs[i].b);
		cr_expect_eq(name_common(b, a), pairs[i].common);
	}
}

/* The list of RFC 4034 section 6.1, in its order. */
static const char *const ordered[] = {
    ".",	   "example",	      "a.example", "yljkjljk.a.example",
    "Z.a.example", "zABC.a.EXAMPLE",  "z.example", "\\001.z.example",
    "*.z.example", "\\200.z.example",
};

Test(name, canonical_order)
{
	for (size_t i = 0; i < COUNT(ordered); i++)
		for (size_t k = 0; k < COUNT(ordered); k++) {
			int d = name_cmp(wire(ordered[i]), wire(ordered[k]));

			cr_expect_eq((d > 0) - (d < 0), (i > k) - (i < k),
				     "%s %s", ordered[i], ordered[k]);
		}
	cr_expect_eq(name_cmp(wire("A.b"), wire("a.B")), 0);
	cr_expect_lt(name_cmp(wire("a"), wire("aa")), 0);
	cr_expect_lt(name_cmp(wire("z.a"), wire("a.b")), 0);
}

Test(name, parents)
{
	const uint8_t *name = wire("a.bc.def");

	cr_expect_str_eq(text(name_parent(name)), "bc.def.");
	cr_expect_str_eq(text(name_skip(name, 0)), "a.bc.def.");
	cr_expect_str_eq(text(name_skip(name, 2)), "def.");
	cr_expect_str_eq(text(name_skip(name, 3)), ".");
	cr_expect_str_eq(text(name_skip(name, 99)), ".");
	cr_expect_str_eq(text(name_parent(name_root)), ".");
	cr_expect_eq(name_labels(name), 3);
	cr_expect_eq(name_labels(name_root), 0);
	cr_expect(name_is_root(name_root) && !name_is_root(name));
}

Test(name, wildcards)
{
	uint8_t out[NAME_MAX_BYTES];

	cr_expect(name_is_wild(wire("*")) && name_is_wild(wire("*.a")));
	cr_expect_not(name_is_wild(wire("**.a")));
	cr_expect_not(name_is_wild(wire("a.*")));
	cr_expect_not(name_is_wild(wire(".")));
	cr_assert_eq(name_wild(wire("a.b"), out), ERR_NONE);
	cr_expect_str_eq(text(out), "*.a.b.");
	cr_assert_eq(name_wild(name_root, out), ERR_NONE);
	cr_expect_str_eq(text(out), "*.");
	cr_expect_eq(name_wild(wire(LONGEST), out), ERR_SHORT);
	cr_expect_eq(name_wild(wire(L63 "." L63 "." L63 "."
					"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
					"aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
			       out),
		     ERR_NONE, "253 bytes and two more");
	cr_expect_eq(name_len(out), 255);
}

static const struct {
	const char *name, *from, *to, *want; /* NULL: ERR_SHORT */
} replaced[] = {
    /* RFC 6672 section 2.2, table 1 */
    {"a.example.com", "example.com", "example.net", "a.example.net."},
    {"a.b.example.com", "example.com", "example.net", "a.b.example.net."},
    {"ab.example.com", "b.example.com", "example.net", NULL},
    {"foo.example.com", "example.com", "example.net", "foo.example.net."},
    {"a.x.example.com", "x.example.com", "example.net", "a.example.net."},
    {"a.example.com", "example.com", "y.example.com", "a.y.example.com."},
    {"cyc.example.com", "example.com", "example.com", "cyc.example.com."},
    {"cyc.example.com", "example.com", "c.example.com", "cyc.c.example.com."},
    {"shortloop.x.x", "x", ".", "shortloop.x."},
    {"shortloop.x", "x", ".", "shortloop."},
    {"A.eXample", "Example", "nEt", "A.nEt."},
    {"a.b", ".", "c", "a.b.c."},
    {"a." L63 "." L63, L63 "." L63, L63 "." L63 "." L63 "." L61, NULL},
    {L63 "." L63 ".x", "x", L63 "." L61, L63 "." L63 "." L63 "." L61 "."},
    {L63 "." L63 ".x", "x", L63 "." L61 "a", NULL},
};

Test(name, replace)
{
	for (size_t i = 0; i < COUNT(replaced); i++) {
		const uint8_t *name = wire(replaced[i].name),
			      *from = wire(replaced[i].from);
		uint8_t out[NAME_MAX_BYTES];
		enum err e;

		if (!name_is_below(name, from))
			continue;
		e = name_replace(name, from, wire(replaced[i].to), out);
		cr_expect_eq(e, replaced[i].want ? ERR_NONE : ERR_SHORT, "%zu",
			     i);
		if (e == ERR_NONE)
			cr_expect_str_eq(text(out), replaced[i].want);
	}
}

Test(name, concat)
{
	uint8_t out[NAME_MAX_BYTES];

	cr_assert_eq(name_concat(wire("a.b"), wire("c"), out), ERR_NONE);
	cr_expect_str_eq(text(out), "a.b.c.");
	cr_assert_eq(name_concat(name_root, wire("c"), out), ERR_NONE);
	cr_expect_str_eq(text(out), "c.");
	cr_assert_eq(name_concat(wire("c"), name_root, out), ERR_NONE);
	cr_expect_str_eq(text(out), "c.");
	cr_expect_eq(name_concat(wire(L63 "." L63), wire(L63 "." L61), out),
		     ERR_NONE);
	cr_expect_eq(name_len(out), 255);
	cr_expect_eq(name_concat(wire(L63 "." L63), wire(L63 "." L61 "a"), out),
		     ERR_SHORT);
}

/* --- random names against a slow, simple model -----------------------------
 */

struct model {
	unsigned n;
	char labels[8][4]; /* root last */
};

static const uint8_t *
random_name(unsigned *seed, struct model *m)
{
	char buf[64] = "";

	m->n = (unsigned)rand_r(seed) % 8;
	for (unsigned i = 0; i < m->n; i++) {
		unsigned len = 1 + (unsigned)rand_r(seed) % 2;

		for (unsigned k = 0; k < len; k++)
			m->labels[i][k] = (char)("abAB"[rand_r(seed) % 4]);
		m->labels[i][len] = '\0';
		strcat(strcat(buf, m->labels[i]), ".");
	}
	return wire(buf);
}

static unsigned
model_common(const struct model *a, const struct model *b)
{
	unsigned n = 0;

	while (n < a->n && n < b->n &&
	       strcasecmp(a->labels[a->n - 1 - n], b->labels[b->n - 1 - n]) ==
		   0)
		n++;
	return n;
}

static int
model_cmp(const struct model *a, const struct model *b)
{
	unsigned n = model_common(a, b);

	if (n == a->n || n == b->n)
		return (int)a->n - (int)b->n;
	return strcasecmp(a->labels[a->n - 1 - n], b->labels[b->n - 1 - n]);
}

Test(name, agrees_with_a_simple_model)
{
	unsigned seed = 1;

	for (unsigned i = 0; i < 20000; i++) {
		struct model a, b;
		const uint8_t *x = random_name(&seed, &a),
			      *y = random_name(&seed, &b);
		unsigned common = model_common(&a, &b);
		int d = name_cmp(x, y), want = model_cmp(&a, &b);

		cr_assert_eq(name_labels(x), a.n);
		cr_assert_eq(name_common(x, y), common);
		cr_assert_eq(name_equal(x, y), common == a.n && a.n == b.n);
		cr_assert_eq(name_is_below(x, y), common == b.n);
		cr_assert_eq((d > 0) - (d < 0), (want > 0) - (want < 0));
	}
}
