/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_addr_text.c - texts of addresses and prefixes: the same as
 * inet_ntop's, which scripts got from PowerDNS.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <string.h>

#include "lib/addr.h"
#include "lib/hash.h"

static const char *const addr_texts[] = {
    "0.0.0.0",
    "192.0.2.1",
    "10.100.0.99",
    "255.255.255.255",
    "::",
    "::1",
    "1::",
    "::ffff:192.0.2.1",
    "::192.0.2.1",
    "::ffff:0:c000:201",
    "2001:db8::1",
    "2001:db8:0:1::",
    "2001:db8::1:0:0:1",
    "2001:db8:0:1:1:1:1:1",
    "1:2:3:4:5:6:7:8",
    "fe80::abcd:0:ef01:10",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
};

Test(addr_text, prints_what_it_parsed)
{
	char text[ADDR_TEXT_MAX];
	struct addr a;

	for (size_t i = 0; i < COUNT(addr_texts); i++) {
		cr_assert_eq(addr_parse(slice_str(addr_texts[i]), 0, &a),
			     ERR_NONE, "%s", addr_texts[i]);
		cr_expect_str_eq(addr_text(&a, text), addr_texts[i]);
	}
}

/* Words are zero, short or long as the bits fall. */
static void
random_raw(struct prng *p, uint8_t raw[16])
{
	for (int i = 0; i < 16; i += 2) {
		uint32_t word = prng_below(p, 0x10000) >> prng_below(p, 16);

		word = prng_below(p, 2) ? 0 : word;
		word = prng_below(p, 16) ? word : 0xffff;
		raw[i] = (uint8_t)(word >> 8);
		raw[i + 1] = (uint8_t)word;
	}
}

Test(addr_text, prints_as_inet_ntop_does)
{
	struct prng p = {.s = {1, 2}};
	char text[ADDR_TEXT_MAX], want[INET6_ADDRSTRLEN];
	uint8_t raw[16];
	struct addr a;

	for (int i = 0; i < 100000; i++) {
		bool v6 = i % 2;

		random_raw(&p, raw);
		cr_assert_eq(addr_from_raw(slice_of(raw, v6 ? 16 : 4), 53, &a),
			     ERR_NONE);
		inet_ntop(v6 ? AF_INET6 : AF_INET, raw, want, sizeof(want));
		cr_assert_str_eq(addr_text(&a, text), want);
	}
}

static const char *const prefix_texts[] = {
    "0.0.0.0/0", "10.0.0.0/8",	  "192.0.2.0/24",   "192.0.2.1/32",
    "::/0",	 "2001:db8::/56", "2001:db8::1/128"};

Test(addr_text, prints_prefixes_with_their_length)
{
	char text[PREFIX_TEXT_MAX];
	struct prefix p;

	for (size_t i = 0; i < COUNT(prefix_texts); i++) {
		cr_assert_eq(prefix_parse(slice_str(prefix_texts[i]), &p),
			     ERR_NONE, "%s", prefix_texts[i]);
		cr_expect_str_eq(prefix_text(&p, text), prefix_texts[i]);
	}
}
