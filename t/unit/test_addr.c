/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_addr.c - IP addresses and prefixes.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>

#include "lib/addr.h"

static const struct {
	const char *text;
	uint16_t default_port;
	const char *want, *want_port; /* NULL: ERR_FORMAT */
} addrs[] = {
    {"192.0.2.1", 53, "192.0.2.1", "192.0.2.1:53"},
    {"192.0.2.1:5300", 53, "192.0.2.1", "192.0.2.1:5300"},
    {"192.0.2.1:0", 53, "192.0.2.1", "192.0.2.1:0"},
    {"192.0.2.1:65535", 53, "192.0.2.1", "192.0.2.1:65535"},
    {"::", 53, "::", "[::]:53"},
    {"2001:DB8::1", 53, "2001:db8::1", "[2001:db8::1]:53"},
    {"[2001:db8::1]", 53, "2001:db8::1", "[2001:db8::1]:53"},
    {"[2001:db8::1]:99", 53, "2001:db8::1", "[2001:db8::1]:99"},
    {"::ffff:192.0.2.1", 53, "::ffff:192.0.2.1", "[::ffff:192.0.2.1]:53"},
    {"fe80::1%lo", 53, "fe80::1%lo", "[fe80::1%lo]:53"},
    {"[fe80::1%lo]:53", 1, "fe80::1%lo", "[fe80::1%lo]:53"},
    {"", 53, NULL, NULL},
    {"192.0.2", 53, NULL, NULL},
    {"192.0.2.256", 53, NULL, NULL},
    {"192.0.2.1.", 53, NULL, NULL},
    {"192.0.2.1:", 53, NULL, NULL},
    {"192.0.2.1:65536", 53, NULL, NULL},
    {"192.0.2.1:-1", 53, NULL, NULL},
    {"192.0.2.1:123456", 53, NULL, NULL},
    {"192.0.2.1:5x", 53, NULL, NULL},
    {" 192.0.2.1", 53, NULL, NULL},
    {"192.0.2.1 ", 53, NULL, NULL},
    {"[192.0.2.1]:53", 53, NULL, NULL},
    {"[2001:db8::1", 53, NULL, NULL},
    {"[2001:db8::1]53", 53, NULL, NULL},
    {"[2001:db8::1]:", 53, NULL, NULL},
    {"[]:53", 53, NULL, NULL},
    {":", 53, NULL, NULL},
    {":::", 53, NULL, NULL},
    {"1:2:3:4:5:6:7:8:9", 53, NULL, NULL},
    {"fe80::1%", 53, NULL, NULL},
    {"fe80::1%nonesuch0", 53, NULL, NULL},
    {"localhost", 53, NULL, NULL},
    {"1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:11",
     53, NULL, NULL},
};

Test(addr, text_to_address_and_back)
{
	char buf[ADDR_TEXT_MAX];

	for (size_t i = 0; i < COUNT(addrs); i++) {
		struct addr a;
		enum err e = addr_parse(slice_str(addrs[i].text),
					addrs[i].default_port, &a);

		cr_expect_eq(e, addrs[i].want ? ERR_NONE : ERR_FORMAT, "%s: %s",
			     addrs[i].text, err_text(e));
		if (e != ERR_NONE)
			continue;
		cr_expect_str_eq(addr_text(&a, buf), addrs[i].want);
		cr_expect_str_eq(addr_text_port(&a, buf), addrs[i].want_port);
	}
}

Test(addr, a_zero_byte_does_not_end_the_text)
{
	struct addr a;

	cr_expect_eq(addr_parse(slice_of("192.0.2.1\0x", 11), 53, &a),
		     ERR_FORMAT);
}

Test(addr, the_longest_texts_fit)
{
	struct addr a = {0};
	char buf[ADDR_TEXT_MAX];

	/* the widest an interface's name can be: IF_NAMESIZE */
	cr_assert_eq(addr_parse(slice_str("[1111:2222:3333:4444:5555:6666:"
					  "123.123.123.123]:65535"),
				0, &a),
		     ERR_NONE);
	cr_expect_str_eq(addr_text_port(&a, buf),
			 "[1111:2222:3333:4444:5555:6666:7b7b:7b7b]:65535");
}

Test(addr, raw_bytes)
{
	static const uint8_t bytes[16] = {1, 2, 3, 4};
	struct addr a;
	char buf[ADDR_TEXT_MAX];

	for (size_t n = 0; n <= 16; n++)
		cr_expect_eq(addr_from_raw(slice_of(bytes, n), 7, &a),
			     n == 4 || n == 16 ? ERR_NONE : ERR_RANGE, "%zu",
			     n);
	cr_expect_eq(addr_bits(&a), 128);
	cr_expect(slice_equal(addr_raw(&a), slice_of(bytes, 16)));
	cr_expect_str_eq(addr_text_port(&a, buf), "[102:304::]:7");
	cr_assert_eq(addr_from_raw(slice_of(bytes, 4), 7, &a), ERR_NONE);
	cr_expect_eq(addr_bits(&a), 32);
	cr_expect_eq(addr_port(&a), 7);
	cr_expect_eq(addr_len(&a), sizeof(struct sockaddr_in));
}

static struct addr
addr_of(const char *text)
{
	struct addr a;

	cr_assert_eq(addr_parse(slice_str(text), 0, &a), ERR_NONE, "%s", text);
	return a;
}

Test(addr, equality_wildcards_and_mapped_addresses)
{
	struct addr a = addr_of("192.0.2.1:53"), b = addr_of("192.0.2.1:54"),
		    mapped = addr_of("[::ffff:192.0.2.1]:77"),
		    six = addr_of("2001:db8::1");

	cr_expect(addr_equal(&a, &b));
	cr_expect_not(addr_equal(&a, &mapped));
	addr_unmap(&mapped);
	cr_expect(addr_equal(&a, &mapped));
	cr_expect_eq(addr_port(&mapped), 77);
	addr_unmap(&six);
	addr_unmap(&a);
	cr_expect_eq(addr_family(&six), AF_INET6);
	cr_expect_not(addr_is_wildcard(&six));
	six = addr_of("::");
	b = addr_of("0.0.0.0:53");
	cr_expect(addr_is_wildcard(&six) && addr_is_wildcard(&b));
}

static const struct {
	const char *text, *want; /* NULL: the error */
	enum err error;
} prefixes[] = {
    {"10.1.2.3/8", "10.0.0.0/8", ERR_NONE},
    {"10.1.2.3", "10.1.2.3/32", ERR_NONE},
    {"10.1.2.3/0", "0.0.0.0/0", ERR_NONE},
    {"10.1.2.3/32", "10.1.2.3/32", ERR_NONE},
    {"10.255.255.255/17", "10.255.128.0/17", ERR_NONE},
    {"10.1.2.3/008", "10.0.0.0/8", ERR_NONE},
    {"2001:db8:ffff::1/33", "2001:db8:8000::/33", ERR_NONE},
    {"2001:db8::1", "2001:db8::1/128", ERR_NONE},
    {"::1/128", "::1/128", ERR_NONE},
    {"ff::/0", "::/0", ERR_NONE},
    {"10.0.0.0/33", NULL, ERR_RANGE},
    {"::/129", NULL, ERR_RANGE},
    {"::/99999999999999999999", NULL, ERR_RANGE},
    {"10.0.0.0/", NULL, ERR_FORMAT},
    {"10.0.0.0/-1", NULL, ERR_FORMAT},
    {"10.0.0.0/8/8", NULL, ERR_FORMAT},
    {"10.0.0.0/8 ", NULL, ERR_FORMAT},
    {"/8", NULL, ERR_FORMAT},
    {"", NULL, ERR_FORMAT},
    {"10.0.0.1:53/8", NULL, ERR_FORMAT},
    {"10.0.0.1:53", NULL, ERR_FORMAT},
    {"[2001:db8::1]:53/32", NULL, ERR_FORMAT},
};

Test(prefix, text_to_prefix_and_back)
{
	char buf[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < COUNT(prefixes); i++) {
		struct prefix p;
		enum err e = prefix_parse(slice_str(prefixes[i].text), &p);

		cr_expect_eq(e, prefixes[i].error, "%s", prefixes[i].text);
		if (e == ERR_NONE)
			cr_expect_str_eq(prefix_text(&p, buf),
					 prefixes[i].want);
	}
}

static const struct {
	const char *prefix, *addr;
	bool has;
} members[] = {
    {"10.0.0.0/8", "10.255.0.1", true},
    {"10.0.0.0/8", "11.0.0.1", false},
    {"10.0.0.0/9", "10.127.255.255", true},
    {"10.0.0.0/9", "10.128.0.0", false},
    {"0.0.0.0/0", "255.255.255.255", true},
    {"0.0.0.0/0", "::", false},
    {"::/0", "0.0.0.0", false},
    {"::/0", "ff::1", true},
    {"::ffff:0:0/96", "::ffff:1.2.3.4", true},
    {"::ffff:0:0/96", "1.2.3.4", false},
    {"2001:db8::/127", "2001:db8::1", true},
    {"2001:db8::/127", "2001:db8::2", false},
    {"192.0.2.1", "192.0.2.1", true},
    {"192.0.2.1", "192.0.2.2", false},
};

Test(prefix, members)
{
	for (size_t i = 0; i < COUNT(members); i++) {
		struct addr a = addr_of(members[i].addr);
		struct prefix p;

		cr_assert_eq(prefix_parse(slice_str(members[i].prefix), &p),
			     ERR_NONE);
		cr_expect_eq(prefix_has(&p, &a), members[i].has, "%s %s",
			     members[i].prefix, members[i].addr);
	}
}

Test(prefix, of_an_address_clears_host_bits_and_port)
{
	struct addr a = addr_of("192.0.2.255:53");
	char buf[PREFIX_TEXT_MAX];
	static const char *const want[] = {"0.0.0.0/0", "192.0.2.240/28",
					   "192.0.2.255/32"};
	static const unsigned bits[] = {0, 28, 32};

	for (size_t i = 0; i < COUNT(bits); i++) {
		struct prefix p = prefix_of(&a, bits[i]);

		cr_expect_str_eq(prefix_text(&p, buf), want[i]);
		cr_expect_eq(addr_port(&p.net), 0);
	}
}
