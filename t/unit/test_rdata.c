/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_rdata.c - rdata: text to wire and back, checks, canonical form,
 * additional names. libzscanner itself is the referee for the types it knows.
 */
#include <criterion/criterion.h>
#include <libzscanner/scanner.h>
#include <stdio.h>
#include <stdlib.h>

#include "dns/rdata.h"
#include "lib/mem.h"
#include "t/unit/hex.h"

enum { TEXT_MAX_BYTES = 1 << 20 };

static struct rdata_parser *parser;
static uint8_t wire[RDATA_MAX_BYTES + 1];
static char printed[TEXT_MAX_BYTES];
static const char *why;

static void
set_up(void)
{
	parser = rdata_parser_new();
}

static void
tear_down(void)
{
	rdata_parser_free(parser);
}

TestSuite(rdata, .init = set_up, .fini = tear_down);

/* Parse into wire; *got is what was written. */
static enum err
parse(uint16_t type, struct slice text, struct slice *got)
{
	size_t len = 0;
	enum err e =
	    rdata_parse(parser, type, text,
			(struct span){wire, RDATA_MAX_BYTES}, &len, &why);

	*got = slice_of(wire, len);
	return e;
}

static const char *
print(uint16_t type, struct slice s)
{
	struct text t = text_over(printed, sizeof(printed));

	rdata_text(type, s, &t);
	cr_assert_not(text_cut(&t));
	return printed;
}

static const struct good {
	uint16_t type;
	const char *text, *hex, *printed;
} good[] = {
#define GOOD(type, text, hex, printed) {TYPE_##type, text, hex, printed},
#include "t/unit/rdata_good.tbl"
#undef GOOD
};

Test(rdata, good_text_becomes_the_expected_wire_and_text)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		const struct good *g = &good[i];
		struct slice got;

		cr_assert_eq(parse(g->type, slice_str(g->text), &got), ERR_NONE,
			     "%u %s: %s", g->type, g->text, why);
		cr_assert_str_eq(hex(got), g->hex, "%s", g->text);
		cr_assert_eq(rdata_check(g->type, got), ERR_NONE, "%s",
			     g->text);
		cr_assert_str_eq(print(g->type, got),
				 g->printed ? g->printed : g->text);
	}
}

Test(rdata, what_was_printed_parses_to_the_same_wire)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		const struct good *g = &good[i];
		const char *text = g->printed ? g->printed : g->text;
		struct slice got;

		cr_assert_eq(parse(g->type, slice_str(text), &got), ERR_NONE,
			     "%s: %s", text, why);
		cr_assert_str_eq(hex(got), g->hex, "%s", text);
	}
}

Test(rdata, every_type_has_a_good_example)
{
	for (size_t i = 0; type_at(i); i++) {
		bool found = false;

		for (size_t k = 0; k < COUNT(good); k++)
			found |= good[k].type == type_at(i)->code;
		cr_assert(found, "%s", type_at(i)->name);
	}
}

Test(rdata, generic_form_works_for_every_type)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		char text[1024];
		struct slice got;

		snprintf(text, sizeof(text), " \\# %zu %s",
			 strlen(good[i].hex) / 2, good[i].hex);
		cr_assert_eq(parse(good[i].type, slice_str(text), &got),
			     ERR_NONE, "%s", text);
		cr_assert_str_eq(hex(got), good[i].hex, "%s", text);
	}
}

/* One record as libzscanner reads it by itself. */
static const char *
referee(const struct type_info *info, const char *text)
{
	zs_scanner_t *zs = xnew(zs_scanner_t);
	static char line[4096];
	static const char *out;
	int n = snprintf(line, sizeof(line), ". %s %s\n", info->name, text);

	cr_assert_eq(zs_init(zs, ".", 1, 0), 0);
	cr_assert_eq(zs_set_input_string(zs, line, (size_t)n), 0);
	cr_assert_eq(zs_parse_record(zs), 0);
	cr_assert_eq(zs->state, ZS_STATE_DATA, "%s", line);
	out = hex(slice_of(zs->r_data, zs->r_data_length));
	zs_deinit(zs);
	free(zs);
	return out;
}

Test(rdata, libzscanner_agrees_on_what_it_knows)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		const struct good *g = &good[i];
		const struct type_info *info = type_info(g->type);
		const char *text = g->printed ? g->printed : g->text;

		if (info->flags & TYPE_OWN_TEXT)
			continue;
		cr_assert_str_eq(referee(info, g->text), g->hex, "%s", g->text);
		cr_assert_str_eq(referee(info, text), g->hex, "%s", text);
	}
}

Test(rdata, libzscanner_reads_our_bitmaps)
{
	static uint8_t all[65536 / 8 / 32 * 34 + 1];
	size_t len = 1;
	struct slice got;

	/* a name and every type but 0 */
	for (unsigned window = 0; window < 256; window++) {
		all[len] = (uint8_t)window;
		all[len + 1] = 32;
		memset(all + len + 2, 0xff, 32);
		len += 34;
	}
	all[3] = 0x7f;
	cr_assert_eq(rdata_check(TYPE_NSEC, slice_of(all, len)), ERR_NONE);
	cr_assert_eq(parse(TYPE_NSEC,
			   slice_str(print(TYPE_NSEC, slice_of(all, len))),
			   &got),
		     ERR_NONE, "%s", why);
	cr_assert(slice_equal(got, slice_of(all, len)));
}

/* clang-format off */
static const struct {
	uint16_t type;
	const char *text, *hex;
} lenient[] = {
	{TYPE_A, "  192.0.2.1\t ", "c0000201"},
	{TYPE_A, "192.0.2.1\n", "c0000201"},
	{TYPE_A, "\r\n 192.0.2.1\r\n", "c0000201"},
	{TYPE_A, "( 192.0.2.1 )", "c0000201"},
	{TYPE_AAAA, "::", "00000000000000000000000000000000"},
	{TYPE_AAAA, "1::", "00010000000000000000000000000000"},
	{TYPE_AAAA, "::ffff:192.0.2.1", "00000000000000000000ffffc0000201"},
	{TYPE_AAAA, "1:2:3:4:5:6:7:8", "00010002000300040005000600070008"},
	{TYPE_AAAA, "1:2:3:4:5:6:7::", "00010002000300040005000600070000"},
	{TYPE_AAAA, "1:2:3:4:5:6:1.2.3.4", "00010002000300040005000601020304"},
	{TYPE_AAAA, "2001:DB8::A", "20010db800000000000000000000000a"},
	{TYPE_NS, "ns1.example", "036e7331076578616d706c6500"},
	{TYPE_NS, ".", "00"}, {TYPE_NS, "a\\.b.c", "03612e62016300"},
	{TYPE_NS, "a\\032b", "0361206200"}, {TYPE_NS, "@", "014000"},
	{TYPE_AFSDB, "1 @", "0001014000"},
	{TYPE_CNAME, "_a+b.example.", "045f612b62076578616d706c6500"},
	{TYPE_MX, "10   mail", "000a046d61696c00"},
	{TYPE_SOA, "a. b. ( 1 2 3 4 5 )",
	    "0161000162000000000100000002000000030000000400000005"},
	{TYPE_SOA, "a. b. 1 1H 1m1s 0 2d",
	    "0161000162000000000100000e100000003d000000000002a300"},
	{TYPE_TXT, "", "00"}, {TYPE_TXT, "\"\"", "00"},
	{TYPE_TXT, "foo bar", "07666f6f20626172"},
	{TYPE_TXT, " foo ", "0520666f6f20"},
	{TYPE_TXT, "foo \"bar\"", "09666f6f202262617222"},
	{TYPE_TXT, "a;b (c", "06613b62202863"},
	{TYPE_TXT, "a\\\"b\\065\\\\", "05612262415c"},
	{TYPE_TXT, "\"foo\" \"bar\"", "03666f6f03626172"},
	{TYPE_TXT, "\"foo\"\"bar\"", "03666f6f03626172"},
	{TYPE_TXT, "  \"foo\"  bar \n", "03666f6f03626172"},
	{TYPE_TXT, "\"a\nb\"", "03610a62"}, {TYPE_TXT, "12345", "053132333435"},
	{TYPE_SPF, "v=spf1 -all", "0b763d73706631202d616c6c"},
	{TYPE_LUA, "A \"return\\\"x\\\"\"", "00010972657475726e227822"},
	{TYPE_LUA, "TYPE65280 ;return 1", "ff00093b72657475726e2031"},
	{TYPE_LUA, "a \"x\" \"y\"", "000101780179"},
	{TYPE_WKS, "192.0.2.1 17", "c000020111"},
	{TYPE_HTTPS, "1 . dohpath=/q{?dns} ohttp",
	    "00010000070008" "2f717b3f646e737d" "00080000"},
	{TYPE_HTTPS, "1 . alpn=\"h2,h3\"", "00010000010006026832026833"},
	{TYPE_CAA, "0 issue \"a\nb\"", "00056973737565610a62"},
	{TYPE_CAA, "0 issue letsencrypt.org",
	    "000569737375656c657473656e63727970742e6f7267"},
	{TYPE_IPSECKEY, "10 0 0 .", "0a0000"},
	{TYPE_AMTRELAY, "0 1 0 .", "0080"}, {TYPE_APL, "", ""},
	{TYPE_A6, "128 a.", "80016100"},
	{TYPE_A6, "0 2001:db8::1", "0020010db8000000000000000000000001"},
	{TYPE_HHIT, "AQI DBA ==", "01020304"},
	{TYPE_DSYNC, "TYPE65280 2 53 a.", "ff00020035016100"},
	{TYPE_DOA, "0 0 1 \"\" -", "000000000000000001" "00"},
	{65280, "\\# 0", ""}, {65280, "\\#  4  0102 03 04 ", "01020304"},
	{65280, "\\# 4 ( 0102 0304 )", "01020304"},
	{TYPE_TXT, "\\# 3 026161", "026161"}, {TYPE_TXT, "\\#3", "022333"},
};
/* clang-format on */

Test(rdata, reads_what_scripts_write)
{
	for (size_t i = 0; i < COUNT(lenient); i++) {
		struct slice got;

		cr_assert_eq(
		    parse(lenient[i].type, slice_str(lenient[i].text), &got),
		    ERR_NONE, "%u %s: %s", lenient[i].type, lenient[i].text,
		    why);
		cr_assert_str_eq(hex(got), lenient[i].hex, "%s",
				 lenient[i].text);
	}
}

/* clang-format off */
static const struct {
	uint16_t type;
	const char *text;
} bad[] = {
	{TYPE_A, ""}, {TYPE_A, "1.2.3"}, {TYPE_A, "1.2.3.4.5"},
	{TYPE_A, "1.2.3.256"}, {TYPE_A, "1.2.3.04"}, {TYPE_A, "1..3.4"},
	{TYPE_A, "1.2.3.4."}, {TYPE_A, "1.2.3.4 5"}, {TYPE_A, "\"1.2.3.4\""},
	{TYPE_A, "0x1.2.3.4"}, {TYPE_A, "1.2.3.-4"}, {TYPE_A, "::1"},
	{TYPE_AAAA, ""}, {TYPE_AAAA, ":"}, {TYPE_AAAA, ":::"},
	{TYPE_AAAA, "1:2:3:4:5:6:7"}, {TYPE_AAAA, "1:2:3:4:5:6:7:8:9"},
	{TYPE_AAAA, "1:2:3:4:5:6:7:8::"}, {TYPE_AAAA, "::1:2:3:4:5:6:7:8"},
	{TYPE_AAAA, "1::2::3"}, {TYPE_AAAA, "12345::"}, {TYPE_AAAA, "g::"},
	{TYPE_AAAA, ":1::"}, {TYPE_AAAA, "1:"}, {TYPE_AAAA, "::1.2.3"},
	{TYPE_AAAA, "::1.2.3.4:5"}, {TYPE_AAAA, "fe80::1%eth0"},
	{TYPE_AAAA, "1:2:3:4:5:6:7:1.2.3.4"}, {TYPE_AAAA, "192.0.2.1"},
	{TYPE_NS, ""}, {TYPE_NS, "a..b"}, {TYPE_NS, ".a"}, {TYPE_NS, "a b"},
	{TYPE_NS,
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."},
	{TYPE_NS, "a\\"}, {TYPE_NS, "a\\25"}, {TYPE_NS, "a\\256."},
	{TYPE_NS, "a\"b"}, {TYPE_NS, "\"a\""}, {TYPE_CNAME, "a b."},
	{TYPE_MX, "mail."}, {TYPE_MX, "10"}, {TYPE_MX, "65536 a."},
	{TYPE_MX, "-1 a."}, {TYPE_MX, "10 a. b."}, {TYPE_MX, "1x a."},
	{TYPE_SOA, "a. b. 1 2 3 4"}, {TYPE_SOA, "a. b. 1 2 3 4 5 6"},
	{TYPE_SOA, "a. b. 4294967296 2 3 4 5"}, {TYPE_SOA, "a. b. 1h 2 3 4 5"},
	{TYPE_SOA, "a. b. 1 h 3 4 5"}, {TYPE_SOA, "a. b. 1 1y 3 4 5"},
	{TYPE_SOA, "a. b. 1 9999999w 3 4 5"},
	{TYPE_SOA, "a. b. 1 99999999999999999999 3 4 5"}, {TYPE_TXT, "\"foo"},
	{TYPE_TXT, "\"foo\\"}, {TYPE_TXT, "\"a\\25\""}, {TYPE_TXT, "a\\256"},
	{TYPE_TXT, "a\\"}, {TYPE_TXT, "\"a\" ;b"}, {TYPE_SRV, "1 2 a."},
	{TYPE_HINFO, "a"}, {TYPE_HINFO, "a b c"}, {TYPE_RP, "a."},
	{TYPE_NAPTR, "1 2 a b c"}, {TYPE_X25, "1 2"}, {TYPE_ISDN, "a b c"},
	{TYPE_NSAP, "47"}, {TYPE_NSAP, "0x"}, {TYPE_NSAP, "0x123"},
	{TYPE_WKS, "192.0.2.1"}, {TYPE_WKS, "192.0.2.1 tcp 65536"},
	{TYPE_WKS, "192.0.2.1 tcp smtp"}, {TYPE_NXT, "a."},
	{TYPE_NXT, "a. TYPE128"}, {TYPE_NXT, "a. TYPE0"},
	{TYPE_SIG, "A 5 3 1 20380230000000 0 1 a. AA=="},
	{TYPE_SIG, "A 5 3 1 2038020100000x 0 1 a. AA=="},
	{TYPE_SIG, "A 5 3 1 21070101000000 0 1 a. AA=="},
	{TYPE_SIG, "A 5 3 1 0 0 1 a."}, {TYPE_RKEY, "0 1 1 A==="},
	{TYPE_RKEY, "0 1 1 AB=="}, {TYPE_RKEY, "0 1 1 AA==AA=="},
	{TYPE_A6, "129 ::"}, {TYPE_A6, "64 ::1"}, {TYPE_A6, "0 ::1 a."},
	{TYPE_DLV, "1 1 1 0"}, {TYPE_DLV, "1 1 1 0g"}, {TYPE_DLV, "1 1 1"},
	{TYPE_HIP, "2 00"}, {TYPE_HIP, "2 0 AA=="}, {TYPE_HIP, "2 00 A"},
	{TYPE_AMTRELAY, "1 2 0 ."}, {TYPE_AMTRELAY, "1 0 4 ."},
	{TYPE_AMTRELAY, "1 0 0 a."}, {TYPE_AMTRELAY, "1 0 1 ::1"},
	{TYPE_AMTRELAY, "1 0 0 . a."}, {TYPE_DSYNC, "CDS FOO 1 a."},
	{TYPE_DOA, "1 2 3 \"a\""}, {TYPE_IPN, "18446744073709551616"},
	{TYPE_TSIG, "a. 281474976710656 1 0 1 1 0"},
	{TYPE_TSIG, "a. 1 1 2 AA== 1 1 0"}, {TYPE_LUA, "\"x\""},
	{TYPE_LUA, "FOO \"x\""}, {TYPE_LUA, ""}, {TYPE_UINFO, "x"},
	{TYPE_LOC, "91 N 0 E 0"}, {TYPE_LOC, "90 0 0.001 N 0 E 0"},
	{TYPE_APL, "3:1/8"}, {TYPE_APL, "1:1.2.3.4/33"}, {TYPE_DS, "1 8 2"},
	{TYPE_IPSECKEY, "10 4 2 . AA=="}, {TYPE_IPSECKEY, "10 0 0 . AA=="},
	{TYPE_NSEC, "a. FOO"}, {TYPE_NSEC3, "1 0 0 - AAAA A"},
	{TYPE_TLSA, "1 1 1"}, {TYPE_ZONEMD, "1 1 1 0011"},
	{TYPE_SVCB, "1 . alpn="}, {TYPE_SVCB, "1 . port=1 port=2"},
	{TYPE_SVCB, "1 . mandatory=port"}, {TYPE_SVCB, "1 . key1=h2"},
	{TYPE_SVCB, "1 . ipv4hint=::1"}, {TYPE_CAA, "0 is-sue \"a\""},
	{TYPE_CAA, "0 \"\" \"a\""}, {TYPE_CAA, "256 issue \"a\""},
	{TYPE_URI, "1 2 \"\""}, {TYPE_EUI48, "00-00-5e-00-53"},
	{TYPE_NID, "1 0014:4fff:ff20"}, {TYPE_L32, "1 ::1"},
	{TYPE_A, "\\# 5 0102030405"}, {TYPE_A, "\\# 4 010203"},
	{TYPE_A, "\\# 3 01020304"}, {TYPE_A, "\\# 4 0102030g"},
	{TYPE_A, "\\# 4 0102030"}, {TYPE_A, "\\# 4"}, {TYPE_A, "\\#"},
	{TYPE_MX, "\\# 4 000ac000"}, {TYPE_TXT, "\\# 0"}, {65280, ""},
	{65280, "01020304"}, {65280, "\\# 65536 00"}, {65280, "\\# x 00"},
	{65280, "\\# 1 00 \\# 1 00"},
};
/* clang-format on */

Test(rdata, bad_text_is_refused_with_a_reason)
{
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct slice got;
		enum err e = parse(bad[i].type, slice_str(bad[i].text), &got);

		cr_assert(e == ERR_FORMAT || e == ERR_RANGE, "%u %s: %s",
			  bad[i].type, bad[i].text, hex(got));
		cr_assert(why && *why, "%s", bad[i].text);
		cr_assert_eq(got.len, 0, "%s", bad[i].text);
		why = NULL;
	}
}

/* Behind good data of a type that our parser or libzscanner reads. */
static const char *const tails[] = {"\n. A 6.6.6.6",
				    "\nevil. 60 IN A 6.6.6.6",
				    "\r\n. A 6.6.6.6",
				    "\n$INCLUDE /etc/passwd",
				    "\n$TTL 1",
				    "\n$ORIGIN evil.",
				    " ; comment",
				    ";",
				    "\n;",
				    " ;\n. A 6.6.6.6",
				    " )",
				    " (",
				    " ( \n",
				    " (\n. A 6.6.6.6 )",
				    " ) . A 6.6.6.6 (",
				    " \"",
				    " \"\n",
				    " \\",
				    " \\\n",
				    "\n\n6.6.6.6",
				    "\x01",
				    "\v",
				    "\f. A 6.6.6.6",
				    "\x7f"};

Test(rdata, text_cannot_become_another_record_or_swallow_any)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		const char *fields = type_info(good[i].type)->fields;
		const char *end = strchr(fields, '\0') - 1;

		for (size_t k = 0; k < COUNT(tails); k++) {
			char text[1024];
			struct slice got;

			if (*end == 'S' && good[i].text[0] != '"')
				continue; /* all of it is one string */
			snprintf(text, sizeof(text), "%s%s", good[i].text,
				 tails[k]);
			cr_assert_neq(
			    parse(good[i].type, slice_str(text), &got),
			    ERR_NONE, "%u %s: %s", good[i].type, text,
			    hex(got));
			cr_assert(why && *why);
		}
	}
}

static const char *const whole[] = {"$INCLUDE /etc/passwd",
				    "$TTL 3600",
				    "$ORIGIN a.",
				    ". A 1.2.3.4",
				    "\n. A 1.2.3.4\n",
				    "; comment",
				    "(",
				    ")",
				    "()",
				    "\"",
				    "\n",
				    "1 IN A 1.2.3.4"};

Test(rdata, directives_are_not_data)
{
	for (size_t i = 0; type_at(i); i++) {
		const struct type_info *info = type_at(i);

		for (size_t k = 0; k < COUNT(whole); k++) {
			struct slice got;
			enum err e;

			e = parse(info->code, slice_str(whole[k]), &got);
			if (e != ERR_NONE)
				continue;
			/* its words are data: strings, two names, or none */
			cr_assert(strpbrk(info->fields, "sS") ||
				      info->code == TYPE_TALINK ||
				      info->code == TYPE_APL,
				  "%s %s: %s", info->name, whole[k], hex(got));
			cr_assert(rdata_check(info->code, got) == ERR_NONE);
		}
	}
}

Test(rdata, unquoted_txt_keeps_all_bytes_as_data)
{
	static const char text[] = "a\0b\n. A 1.2.3.4\n$INCLUDE x ; \"";
	struct slice got;

	cr_assert_eq(parse(TYPE_TXT, slice_of(text, sizeof(text) - 1), &got),
		     ERR_NONE);
	cr_assert_eq(got.len, sizeof(text));
	cr_assert_eq(got.at[0], sizeof(text) - 1);
	cr_assert_arr_eq(got.at + 1, text, sizeof(text) - 1);
}

Test(rdata, nul_bytes_are_refused_outside_strings)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		size_t n = strlen(good[i].text);
		char text[1024];
		struct slice got;

		if (strchr(type_info(good[i].type)->fields, 'S'))
			continue;
		memcpy(text, good[i].text, n);
		text[n] = '\0';
		cr_assert_neq(parse(good[i].type, slice_of(text, n + 1), &got),
			      ERR_NONE, "%s", good[i].text);
		text[0] = '\0';
		cr_assert_neq(parse(good[i].type, slice_of(text, n), &got),
			      ERR_NONE, "%s", good[i].text);
	}
}

Test(rdata, an_error_does_not_spoil_the_next_record)
{
	static const char *const poison[] = {"( a",   "a )",	   "a \"b",
					     "a b c", "\"a\" \"b", "a;b",
					     "",      "\\",	   "a \\25"};

	for (size_t i = 0; i < COUNT(poison); i++) {
		struct slice got;

		cr_assert_neq(parse(TYPE_HINFO, slice_str(poison[i]), &got),
			      ERR_NONE, "%s", poison[i]);
		cr_assert_eq(parse(TYPE_HINFO, slice_str("a b"), &got),
			     ERR_NONE, "after %s: %s", poison[i], why);
		cr_assert_str_eq(hex(got), "01610162");
	}
}

/* n bytes of c between before and after; static. */
static struct slice
long_text(const char *before, char c, size_t n, const char *after)
{
	static char buf[TEXT_MAX_BYTES * 2];
	size_t a = strlen(before), b = strlen(after);

	memcpy(buf, before, a);
	memset(buf + a, c, n);
	memcpy(buf + a + n, after, b);
	return slice_of(buf, a + n + b);
}

/* clang-format off */
static const struct {
	const char *quote;
	size_t bytes, strings, last; /* 0 strings: does not fit */
} longs[] = {
	{"\"", 255, 1, 255}, {"\"", 256, 2, 1}, {"", 300, 2, 45},
	{"\"", 300, 2, 45}, {"", 255, 1, 255}, {"", 510, 2, 255},
	{"", 65279, 256, 254}, {"\"", 65279, 256, 254}, {"", 65280, 0, 0},
	{"\"", 65280, 0, 0}, {"", 65536, 0, 0}, {"", 500000, 0, 0},
};
/* clang-format on */

Test(rdata, long_txt_is_cut_into_strings)
{
	for (size_t i = 0; i < COUNT(longs); i++) {
		struct slice text = long_text(longs[i].quote, 'x',
					      longs[i].bytes, longs[i].quote);
		struct slice got;
		enum err e = parse(TYPE_TXT, text, &got);

		if (longs[i].strings == 0) {
			cr_assert_eq(e, ERR_RANGE, "%zu", longs[i].bytes);
			continue;
		}
		cr_assert_eq(e, ERR_NONE, "%zu %s", longs[i].bytes, why);
		cr_assert_eq(got.len, longs[i].bytes + longs[i].strings);
		cr_assert_eq(got.at[0],
			     longs[i].bytes < 255 ? longs[i].bytes : 255);
		cr_assert_eq(got.at[got.len - 1 - longs[i].last],
			     longs[i].last);
		cr_assert_eq(rdata_check(TYPE_TXT, got), ERR_NONE);
	}
}

Test(rdata, long_data_ends_at_65535_bytes)
{
	struct slice got;

	cr_assert_eq(
	    parse(TYPE_OPENPGPKEY, long_text("", 'A', 87380, ""), &got),
	    ERR_NONE, "%s", why);
	cr_assert_eq(got.len, 65535);
	cr_assert_neq(
	    parse(TYPE_OPENPGPKEY, long_text("", 'A', 87384, ""), &got),
	    ERR_NONE);
	cr_assert_eq(
	    parse(65280, long_text("\\# 65535 ", '0', 131070, ""), &got),
	    ERR_NONE, "%s", why);
	cr_assert_eq(got.len, 65535);
	cr_assert_eq(parse(TYPE_HHIT, long_text("", 'A', 87384, ""), &got),
		     ERR_RANGE);
	cr_assert_eq(parse(TYPE_NSEC, long_text("", 'A', 1100000, ""), &got),
		     ERR_RANGE);
	cr_assert_neq(parse(TYPE_HINFO, long_text("", 'A', 256, " b"), &got),
		      ERR_NONE);
	cr_assert_eq(parse(TYPE_X25, long_text("", 'A', 256, ""), &got),
		     ERR_RANGE);
}

Test(rdata, a_small_buffer_is_told)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		size_t n = strlen(good[i].hex) / 2, len = 4711;

		for (size_t room = 0; room < n; room++)
			cr_assert_eq(rdata_parse(parser, good[i].type,
						 slice_str(good[i].text),
						 (struct span){wire, room},
						 &len, &why),
				     ERR_SHORT, "%s", good[i].text);
		cr_assert_eq(len, 4711);
	}
}

Test(rdata, too_long_wire_and_unknown_types)
{
	cr_assert_eq(rdata_check(65280, slice_of(wire, 65535)), ERR_NONE);
	cr_assert_eq(rdata_check(65280, slice_of(wire, 65536)), ERR_FORMAT);
	cr_assert_eq(rdata_check(65280, slice_of(wire, 0)), ERR_NONE);
	cr_assert_str_eq(print(65280, slice_of("\1\2", 2)), "\\# 2 0102");
	cr_assert_str_eq(print(65280, slice_of(NULL, 0)), "\\# 0");
}

/* clang-format off */
static const struct {
	uint16_t type;
	const char *hex, *text;
} prints[] = {
	{TYPE_NS, "0361206200", "a\\032b."}, {TYPE_NS, "03612e6200", "a\\.b."},
	{TYPE_NS, "022340" "00", "\\035\\@."}, {TYPE_NS, "015b00", "\\091."},
	{TYPE_TXT, "04097fff22", "\"\\009\\127\\255\\\"\""},
	{TYPE_KEY, "c0000305", "\\# 4 C0000305"},
	{TYPE_LOC, "01ff", "\\# 2 01FF"}, {TYPE_APL, "", "\\# 0"},
	{TYPE_APL, "00030801ff", "\\# 5 00030801FF"},
	{TYPE_SVCB, "000100" "0001000403612c62", "1 . key1=\"\\003a,b\""},
	{TYPE_SVCB, "000100" "00070002" "2f71", "1 . key7=\"/q\""},
	{TYPE_NSEC3, "010000000001aa", "\\# 7 010000000001AA"},
};
/* clang-format on */

Test(rdata, odd_wire_is_printed_so_that_it_can_be_read)
{
	for (size_t i = 0; i < COUNT(prints); i++) {
		struct span s = unhex(prints[i].hex);
		struct slice got;

		cr_assert_str_eq(print(prints[i].type, slice_of(s.at, s.len)),
				 prints[i].text);
		cr_assert_eq(parse(prints[i].type, slice_str(printed), &got),
			     ERR_NONE, "%s: %s", printed, why);
		cr_assert_str_eq(hex(got), prints[i].hex);
	}
}

Test(rdata, text_without_room_is_cut)
{
	char small[8];
	struct text t = text_over(small, sizeof(small));

	rdata_text(TYPE_MX, slice_of("\0\12\4mail\0", 8), &t);
	cr_assert(text_cut(&t));
	cr_assert_str_eq(small, "10 mail");
}
