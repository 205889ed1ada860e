/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_cookie.c - DNS cookies (RFC 7873, RFC 9018).
 */
#include <criterion/criterion.h>

#include "dns/cookie.h"
#include "t/unit/hex.h"

static struct hash_key
secret_of(const char *digits)
{
	struct span s = unhex(digits);

	cr_assert_eq(s.len, COOKIE_SECRET_BYTES);
	return hash_key_from(s.at);
}

static struct addr
addr_of(const char *text)
{
	struct addr a;

	cr_assert_eq(addr_parse(slice_str(text), 0, &a), ERR_NONE);
	return a;
}

/* RFC 9018 appendix A; A.4 with the new secret. */
static const struct {
	const char *name, *secret, *client, *ip, *want;
	uint32_t now_sec;
} vectors[] = {
    {"A.1", "e5e973e5a6b2a43f48e7dc849e37bfcf", "2464c4abcf10c957",
     "198.51.100.100", "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
     1559731985},
    {"A.2", "e5e973e5a6b2a43f48e7dc849e37bfcf",
     "2464c4abcf10c957010000005cf79f111f8130c3eee29480", "198.51.100.100",
     "2464c4abcf10c957010000005cf7a871d4a564a1442aca77", 1559734385},
    {"A.3", "e5e973e5a6b2a43f48e7dc849e37bfcf",
     "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", "203.0.113.203",
     "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e", 1559734700},
    {"A.4", "445536bcd2513298075a5d379663c962",
     "22681ab97d52c298010000005cf7c57926556bd0934c72f8",
     "2001:db8:220:1:59de:d0f4:8769:82b8",
     "22681ab97d52c298010000005cf7c609a6bb79d16625507a", 1559741961},
};

Test(cookie, vectors_of_rfc_9018)
{
	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct hash_key secret = secret_of(vectors[i].secret);
		struct addr ip = addr_of(vectors[i].ip);
		uint32_t now = vectors[i].now_sec;
		uint8_t out[COOKIE_BYTES];
		struct span in = unhex(vectors[i].client);

		cookie_make(&secret, slice_of(in.at, in.len), &ip, now, out);
		cr_expect_str_eq(hex(slice_of(out, sizeof(out))),
				 vectors[i].want, "%s", vectors[i].name);
		cr_expect(cookie_valid(&secret, slice_of(out, sizeof(out)), &ip,
				       now));
	}
}

/* A.3: the reserved bytes of another server's cookie are hashed as they are.
 * A.4: the old secret is known no more. */
Test(cookie, what_the_vectors_accept)
{
	struct hash_key first = secret_of("e5e973e5a6b2a43f48e7dc849e37bfcf"),
			old = secret_of("dd3bdf9344b678b185a6f5cb60fca715"),
			new = secret_of("445536bcd2513298075a5d379663c962");
	struct addr a2 = addr_of("198.51.100.100"),
		    a3 = addr_of("203.0.113.203"),
		    a4 = addr_of("2001:db8:220:1:59de:d0f4:8769:82b8");
	struct span s = unhex(vectors[1].client);

	cr_expect(cookie_valid(&first, slice_of(s.at, s.len), &a2, 1559734385));
	s = unhex(vectors[2].client);
	cr_expect(cookie_valid(&first, slice_of(s.at, s.len), &a3, 0x5cf78f71));
	s = unhex(vectors[3].client);
	cr_expect(cookie_valid(&old, slice_of(s.at, s.len), &a4, 1559741961));
	cr_expect_not(
	    cookie_valid(&new, slice_of(s.at, s.len), &a4, 1559741961));
}

static const struct {
	uint32_t stamp_sec, now_sec;
	bool valid;
} ages[] = {
    {1000000, 1000000, true},
    {1000000, 1003600, true},
    {1000000, 1003601, false},
    {1000000, 999700, true},
    {1000000, 999699, false},
    {1000000, 1000000 + 0x80000000u, false},
    {1000000, 1000000 + 0x7fffffffu, false},
    /* the clock's 32 bits run over (RFC 1982) */
    {0xffffff00, 0x00000010, true},
    {0x00000010, 0xffffff00, true},
    {0xffffff00, 0x00000010 + 3600, false},
    {0x00000100, 0xffffff00, false},
};

Test(cookie, age)
{
	struct hash_key secret = secret_of("000102030405060708090a0b0c0d0e0f");
	struct addr ip = addr_of("192.0.2.1");

	for (size_t i = 0; i < COUNT(ages); i++) {
		uint8_t c[COOKIE_BYTES];

		cookie_make(&secret, slice_str("abcdefgh"), &ip,
			    ages[i].stamp_sec, c);
		cr_expect_eq(cookie_valid(&secret, slice_of(c, sizeof(c)), &ip,
					  ages[i].now_sec),
			     ages[i].valid, "%u at %u", ages[i].stamp_sec,
			     ages[i].now_sec);
	}
}

Test(cookie, every_bit_and_the_client_count)
{
	struct hash_key secret = secret_of("000102030405060708090a0b0c0d0e0f"),
			other = secret_of("000102030405060708090a0b0c0d0e0e");
	struct addr ip = addr_of("192.0.2.1:53"),
		    port = addr_of("192.0.2.1:54"), next = addr_of("192.0.2.2"),
		    mapped = addr_of("::ffff:192.0.2.1");
	uint8_t c[COOKIE_BYTES + 16] = {0};
	struct slice whole = slice_of(c, COOKIE_BYTES);

	cookie_make(&secret, slice_str("abcdefgh"), &ip, 1000, c);
	cr_expect(cookie_valid(&secret, whole, &ip, 1000));
	cr_expect(cookie_valid(&secret, whole, &port, 1000));
	cr_expect_not(cookie_valid(&secret, whole, &next, 1000));
	cr_expect_not(cookie_valid(&secret, whole, &mapped, 1000));
	cr_expect_not(cookie_valid(&other, whole, &ip, 1000));
	for (unsigned bit = 0; bit < 8 * COOKIE_BYTES; bit++) {
		c[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_expect_not(cookie_valid(&secret, whole, &ip, 1000), "bit %u",
			      bit);
		c[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t n = 0; n <= sizeof(c); n++)
		cr_expect_eq(cookie_valid(&secret, slice_of(c, n), &ip, 1000),
			     n == COOKIE_BYTES, "%zu bytes", n);
}
