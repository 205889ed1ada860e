/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/fuzz/fuzz_answer.c - any bytes as a query to the whole of answer/, cookies
 * and client subnets on. The first byte: TCP or UDP, cookie or not, which call
 * fails. t/lib/responder.c reads each reply with two parsers.
 */
#include <stdio.h>

#include "t/lib/responder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SOA " 3600 SOA ns.test. host.test. 1 7200 900 1209600 300\n"

/* clang-format off */
static const char zone[] =
	"test" SOA "test 60 NS ns.test\nns.test 60 A 192.0.2.1\n"
	"a.test 60 A/24 192.0.2.2\na.test 60 AAAA 2001:db8::2\n"
	"mx.test 60 MX 10 a.test\nmx.test 60 MX 20 mx.test\n"
	"*.w.test 60 TXT wild\nx.ent.test 60 A 192.0.2.3\n"
	"c.test 60 CNAME d.test\nd.test 60 CNAME a.test\n"
	"loop.test 60 CNAME loop.test\nout.test 60 CNAME b.elsewhere\n"
	"sub.test 60 NS ns.sub.test\nsub.test 60 NS ns.test\n"
	"ns.sub.test 60 ~A 192.0.2.4\n"
	"dn.test 60 DNAME w.test\ngrow.test 60 DNAME g.grow.test\n"
	"h.test 60 HTTPS 0 i.test\ni.test 60 HTTPS 1 . alpn=h2\n"
	"i.test 60 A 192.0.2.5\n_s._tcp.test 60 SRV 1 2 3 a.test\n"
	"big.test 60 TXT \"0123456789012345678901234567890123456789\" "
	"\"0123456789012345678901234567890123456789012345678901234567890123\" "
	"\"0123456789012345678901234567890123456789012345678901234567890123\" "
	"\"0123456789012345678901234567890123456789012345678901234567890123\" "
	"\"0123456789012345678901234567890123456789012345678901234567890123\" "
	"\"0123456789012345678901234567890123456789012345678901234567890123\" "
	"\"0123456789012345678901234567890123456789012345678901234567890123\" "
	"\"0123456789012345678901234567890123456789012345678901234567890123\"\n"
	"s.test" SOA "x.s.test 60 A 192.0.2.6\n";
/* clang-format on */

static struct responder *
responder_once(void)
{
	static struct responder *r;
	static const char *const texts[] = {zone};

	if (r)
		return r;
	r = responder_new("edns-subnet-processing=yes\nno-shuffle=no", texts,
			  1);
	r->answerer.nsid = slice_str("fuzz");
	r->answerer.cookie_secret = (struct hash_key){{1, 2}};
	r->zones[0].knows_below = true;
	r->backends.at[0] = zonefile_backend(&r->zones[0], 0);
	return r;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct responder *r = responder_once();
	const char *why;

	if (size == 0)
		return 0;
	r->tcp = data[0] & 1;
	r->answerer.cookies = data[0] & 2;
	r->zones[0].fail_at = data[0] >> 4; /* 0: none */
	why = responder_run(r, slice_of(data + 1, size - 1));
	if (why)
		fprintf(stderr, "%s\n", why);
	bug_on(why);
	return 0;
}
