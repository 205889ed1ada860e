/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_proxy.c - PROXY protocol version 2 headers.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "dns/proxy.h"

#define SIG "\x0d\x0a\x0d\x0a\0\x0d\x0aQUIT\x0a"
#define V4 "\xc0\0\2\1\xc6\x33\x64\2\x14\xe9\0\x35" /* 12 bytes */
#define V6                                       \
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1" \
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2\x14\xe9\0\x35"

static enum proxy_verdict
parse(struct slice in, size_t max, struct proxy *p, size_t *used)
{
	static uint8_t *copy;

	free(copy);
	copy = malloc(in.len ? in.len : 1);
	cr_assert_not_null(copy);
	memcpy(copy, in.at, in.len);
	return proxy_parse(slice_of(copy, in.len), max, p, used);
}

/* clang-format off */
#define CASE(name, bytes, verdict, used, text) \
	{name, {(const uint8_t *)(bytes), sizeof(bytes) - 1}, PROXY_##verdict, \
	 used, text}
static const struct {
	const char *name;
	struct slice in;
	enum proxy_verdict want;
	size_t used;
	const char *source; /* NULL: LOCAL */
} headers[] = {
	CASE("UDP over IPv4", SIG "\x21\x12\0\x0c" V4, OK, 28,
	     "192.0.2.1:5353"),
	CASE("TCP over IPv4", SIG "\x21\x11\0\x0c" V4, OK, 28,
	     "192.0.2.1:5353"),
	CASE("UDP over IPv6", SIG "\x21\x22\0\x24" V6, OK, 52,
	     "[2001:db8::1]:5353"),
	CASE("a query behind it", SIG "\x21\x12\0\x0c" V4 "query", OK, 28,
	     "192.0.2.1:5353"),
	CASE("TLVs behind the addresses",
	     SIG "\x21\x12\0\x10" V4 "\4\0\1x" "query", OK, 32,
	     "192.0.2.1:5353"),
	CASE("LOCAL", SIG "\x20\0\0\0query", OK, 16, NULL),
	CASE("LOCAL with addresses", SIG "\x20\x11\0\x0c" V4, OK, 28, NULL),
	CASE("LOCAL of an unknown family", SIG "\x20\xff\0\1x", OK, 17, NULL),
	CASE("version 1", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", BAD, 0,
	     NULL),
	CASE("another version", SIG "\x11\x12\0\x0c" V4, BAD, 0, NULL),
	CASE("another command", SIG "\x22\x12\0\x0c" V4, BAD, 0, NULL),
	CASE("family unspecified", SIG "\x21\0\0\0", BAD, 0, NULL),
	CASE("a UNIX socket", SIG "\x21\x31\0\0", BAD, 0, NULL),
	CASE("transport unspecified", SIG "\x21\x10\0\x0c" V4, BAD, 0, NULL),
	CASE("transport 3", SIG "\x21\x13\0\x0c" V4, BAD, 0, NULL),
	CASE("too short for its family", SIG "\x21\x12\0\x0b" V4, BAD, 0,
	     NULL),
	CASE("IPv6 with IPv4's length", SIG "\x21\x22\0\x0c" V4, BAD, 0, NULL),
	CASE("larger than allowed", SIG "\x21\x12\0\xff" V4, BAD, 0, NULL),
	CASE("a DNS query", "\x12\x34\1\0\0\1\0\0\0\0\0\0", BAD, 0, NULL),
	CASE("the signature with a mistake at its end",
	     "\x0d\x0a\x0d\x0a\0\x0d\x0aQUIT\x0b", BAD, 0, NULL),
};
/* clang-format on */

Test(proxy, headers_and_verdicts)
{
	for (size_t i = 0; i < COUNT(headers); i++) {
		struct proxy p;
		size_t used = 0;
		char buf[ADDR_TEXT_MAX];
		enum proxy_verdict v = parse(headers[i].in, 200, &p, &used);

		cr_expect_eq(v, headers[i].want, "%s", headers[i].name);
		if (v != PROXY_OK)
			continue;
		cr_expect_eq(used, headers[i].used, "%s", headers[i].name);
		cr_expect_eq(p.local, !headers[i].source, "%s",
			     headers[i].name);
		if (p.local)
			continue;
		cr_expect_str_eq(addr_text_port(&p.source, buf),
				 headers[i].source);
		cr_expect_eq(addr_port(&p.destination), 53);
		cr_expect_eq(p.tcp, (headers[i].in.at[13] & 15) == 1);
	}
}

Test(proxy, a_stream_asks_for_more_until_all_is_there)
{
	static const char whole[] = SIG "\x21\x12\0\x10" V4 "\4\0\1x";
	struct proxy p;
	size_t used;

	for (size_t n = 0; n < 32; n++) {
		cr_expect_eq(parse(slice_of(whole, n), 200, &p, &used),
			     PROXY_MORE, "%zu bytes", n);
		cr_expect_eq(used, n < 16 ? 16 : 32, "%zu bytes", n);
	}
	cr_expect_eq(parse(slice_of(whole, 32), 200, &p, &used), PROXY_OK);
	cr_expect_eq(used, 32);
}

Test(proxy, the_largest_size_counts_the_whole_header)
{
	static const char whole[] = SIG "\x21\x12\0\x0c" V4;
	struct proxy p;
	size_t used;

	cr_expect_eq(parse(slice_of(whole, 28), 28, &p, &used), PROXY_OK);
	cr_expect_eq(parse(slice_of(whole, 28), 27, &p, &used), PROXY_BAD);
	cr_expect_eq(parse(slice_of(whole, 16), 27, &p, &used), PROXY_BAD,
		     "known before all of it is there");
}

Test(proxy, a_wrong_byte_is_known_at_once)
{
	struct proxy p;
	size_t used;

	for (size_t n = 1; n <= 12; n++) {
		char in[] = SIG;

		in[n - 1] ^= 1;
		cr_expect_eq(parse(slice_of(in, n), 200, &p, &used), PROXY_BAD,
			     "byte %zu", n);
	}
}
