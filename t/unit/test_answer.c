/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_answer.c - from questions to answers, over zones written down
 * here: the examples of the standards and their corners. Names and types only;
 * see test_answer_wire.c and test_answer_backends.c for the rest.
 */
#include "t/unit/asks.h"

/* --- RFC 1034 section 6.2 ---------------------------------------------------
 */

static const char root_zone[] =
    ". 518400 SOA " SOA_DATA "\n"
    ". 86400 NS a.isi.edu\n"
    ". 86400 NS c.isi.edu\n"
    ". 86400 NS sri-nic.arpa\n"
    "mil 86400 NS sri-nic.arpa\n"
    "mil 86400 NS a.isi.edu\n"
    "edu 86400 NS sri-nic.arpa\n"
    "edu 86400 NS c.isi.edu\n"
    "sri-nic.arpa 86400 A 26.0.0.73\n"
    "sri-nic.arpa 86400 A 10.0.0.51\n"
    "sri-nic.arpa 86400 MX 0 sri-nic.arpa\n"
    "sri-nic.arpa 86400 HINFO DEC-2060 TOPS20\n"
    "acc.arpa 86400 A 26.6.0.65\n"
    "acc.arpa 86400 MX 10 acc.arpa\n"
    "usc-isic.arpa 86400 CNAME c.isi.edu\n"
    "73.0.0.26.in-addr.arpa 86400 PTR sri-nic.arpa\n"
    "a.isi.edu 86400 ~A 26.3.0.103\n"
    "c.isi.edu 86400 ~A 10.0.0.52\n";

#define NIC_A "sri-nic.arpa. 86400 A 10.0.0.51, sri-nic.arpa. 86400 A 26.0.0.73"

static const struct ask root_asks[] = {
    {"SRI-NIC.ARPA A", /* 6.2.1 */
     "NOERROR aa | an SRI-NIC.ARPA. 86400 A 10.0.0.51, "
     "SRI-NIC.ARPA. 86400 A 26.0.0.73"},
    {"sri-nic.arpa ANY", /* 6.2.2 */
     "NOERROR aa | an " NIC_A ", sri-nic.arpa. 86400 HINFO \"DEC-2060\" "
     "\"TOPS20\", sri-nic.arpa. 86400 MX 0 sri-nic.arpa."},
    {"sri-nic.arpa MX", /* 6.2.3 */
     "NOERROR aa | an sri-nic.arpa. 86400 MX 0 sri-nic.arpa. | ar " NIC_A},
    {"sri-nic.arpa NS", /* 6.2.4 */
     "NOERROR aa | ns " NEG(".")},
    {"sir-nic.arpa A", /* 6.2.5 */
     "NXDOMAIN aa | ns " NEG(".")},
    {"brl.mil A", /* 6.2.6 */
     "NOERROR | ns mil. 86400 NS a.isi.edu., mil. 86400 NS sri-nic.arpa. "
     "| ar a.isi.edu. 86400 A 26.3.0.103, " NIC_A},
    {"usc-isic.arpa A", /* 6.2.7, asked of a server that has no EDU */
     "NOERROR aa | an usc-isic.arpa. 86400 CNAME c.isi.edu. "
     "| ns edu. 86400 NS c.isi.edu., edu. 86400 NS sri-nic.arpa. "
     "| ar c.isi.edu. 86400 A 10.0.0.52, " NIC_A},
    {"usc-isic.arpa CNAME", /* 6.2.8 */
     "NOERROR aa | an usc-isic.arpa. 86400 CNAME c.isi.edu."},
    {"73.0.0.26.in-addr.arpa PTR",
     "NOERROR aa | an 73.0.0.26.in-addr.arpa. 86400 PTR sri-nic.arpa."},
    {". SOA", "NOERROR aa | an . 518400 SOA " SOA_DATA},
    {". NS", "NOERROR aa | an . 86400 NS a.isi.edu., . 86400 NS c.isi.edu., "
	     ". 86400 NS sri-nic.arpa. | ar a.isi.edu. 86400 A 26.3.0.103, "
	     "c.isi.edu. 86400 A 10.0.0.52, " NIC_A},
    {". A", "NOERROR aa | ns " NEG(".")},
    {"arpa A", "NOERROR aa | ns " NEG(".")},
    {"in-addr.arpa PTR", "NOERROR aa | ns " NEG(".")},
    {"mil NS",
     "NOERROR | ns mil. 86400 NS a.isi.edu., mil. 86400 NS sri-nic.arpa. "
     "| ar a.isi.edu. 86400 A 26.3.0.103, " NIC_A},
    {"mil DS", "NOERROR aa | ns " NEG(".")},
    {"x.mil DS",
     "NOERROR | ns mil. 86400 NS a.isi.edu., mil. 86400 NS sri-nic.arpa. "
     "| ar a.isi.edu. 86400 A 26.3.0.103, " NIC_A},
    {"a.isi.edu A", /* glue is no answer */
     "NOERROR | ns edu. 86400 NS c.isi.edu., edu. 86400 NS sri-nic.arpa. "
     "| ar c.isi.edu. 86400 A 10.0.0.52, " NIC_A},
};

Test(answer, examples_of_rfc_1034)
{
	ask_all("", root_zone, root_asks, COUNT(root_asks));
}

/* --- RFC 4592 section 2.2.1 --------------------------------------------------
 */

static const char wild_zone[] =
    "example 3600 SOA " SOA_DATA "\n"
    "example 3600 NS ns.example.com\n"
    "example 3600 NS ns.example.net\n"
    "*.example 3600 TXT \"this is a wildcard\"\n"
    "*.example 3600 MX 10 host1.example.\n"
    "sub.*.example 3600 TXT \"this is not a wildcard\"\n"
    "host1.example 3600 A 192.0.2.1\n"
    "_ssh._tcp.host1.example 3600 SRV 0 0 22 host1.example\n"
    "_ssh._tcp.host2.example 3600 SRV 0 0 22 host1.example\n"
    "subdel.example 3600 NS ns.example.com\n"
    "subdel.example 3600 NS ns.example.net\n"
    /* beyond the RFC */
    "*.alias.example 60 CNAME host1.example\n"
    "*.cut.example 60 A 192.0.2.9\n"
    "x.cut.example 60 NS ns.example.com\n"
    "*.only.example 60 ENT\n";

#define SUBDEL                                                   \
	"NOERROR | ns subdel.example. 3600 NS ns.example.com., " \
	"subdel.example. 3600 NS ns.example.net."
#define HOST1 "host1.example. 3600 A 192.0.2.1"

static const struct ask wild_asks[] = {
    /* synthesised */
    {"host3.example MX",
     "NOERROR aa | an host3.example. 3600 MX 10 host1.example. | ar " HOST1},
    {"host3.example A", "NOERROR aa | ns " NEG("example.")},
    {"foo.bar.example TXT",
     "NOERROR aa | an foo.bar.example. 3600 TXT \"this is a wildcard\""},
    /* not synthesised */
    {"host1.example MX", "NOERROR aa | ns " NEG("example.")},
    {"sub.*.example MX", "NOERROR aa | ns " NEG("example.")},
    {"_telnet._tcp.host1.example SRV", "NXDOMAIN aa | ns " NEG("example.")},
    {"host.subdel.example A", SUBDEL},
    {"ghost.*.example MX", "NXDOMAIN aa | ns " NEG("example.")},
    /* the asterisk asked for by its name (2.3) */
    {"*.example TXT",
     "NOERROR aa | an *.example. 3600 TXT \"this is a wildcard\""},
    {"*.example A", "NOERROR aa | ns " NEG("example.")},
    {"sub.*.example TXT",
     "NOERROR aa | an sub.*.example. 3600 TXT \"this is not a wildcard\""},
    {"*.*.example TXT", "NXDOMAIN aa | ns " NEG("example.")},
    /* empty non-terminals are no reason for synthesis (2.2.2) */
    {"_tcp.host1.example A", "NOERROR aa | ns " NEG("example.")},
    {"host2.example A", "NOERROR aa | ns " NEG("example.")},
    {"host2.example TXT", "NOERROR aa | ns " NEG("example.")},
    {"x.host2.example TXT", "NXDOMAIN aa | ns " NEG("example.")},
    {"alias.example TXT", "NOERROR aa | ns " NEG("example.")},
    {"only.example TXT", "NOERROR aa | ns " NEG("example.")},
    {"a.only.example TXT", "NOERROR aa | ns " NEG("example.")},
    /* a wildcard CNAME (3.3) */
    {"a.alias.example A",
     "NOERROR aa | an a.alias.example. 60 CNAME host1.example., " HOST1},
    {"a.b.alias.example A",
     "NOERROR aa | an a.b.alias.example. 60 CNAME host1.example., " HOST1},
    {"a.alias.example CNAME",
     "NOERROR aa | an a.alias.example. 60 CNAME host1.example."},
    /* a cut is no wildcard's business */
    {"a.cut.example A", "NOERROR aa | an a.cut.example. 60 A 192.0.2.9"},
    {"a.x.cut.example A", "NOERROR | ns x.cut.example. 60 NS ns.example.com."},
    {"x.cut.example A", "NOERROR | ns x.cut.example. 60 NS ns.example.com."},
    {"x.cut.example DS", "NOERROR aa | ns " NEG("example.")},
    /* ANY of a wildcard */
    {"host3.example ANY",
     "NOERROR aa | an host3.example. 3600 MX 10 host1.example., "
     "host3.example. 3600 TXT \"this is a wildcard\" | ar " HOST1},
    {"elsewhere A", "REFUSED"},
};

Test(answer, wildcards_of_rfc_4592)
{
	ask_all("", wild_zone, wild_asks, COUNT(wild_asks));
	ask_all("consistent-backends=no", wild_zone, wild_asks,
		COUNT(wild_asks));
}

/* --- RFC 6672
 * ----------------------------------------------------------------- */

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char dname_zone[] =
    "test 3600 SOA " SOA_DATA "\n"
    "d.test 120 DNAME to.test\n"
    "d.test 60 A 192.0.2.1\n"
    "hidden.d.test 60 A 192.0.2.2\n"
    "cut.d.test 60 NS ns.elsewhere\n"
    "a.to.test 60 A 192.0.2.3\n"
    "cname.to.test 60 CNAME b.d.test\n"
    "b.to.test 60 A 192.0.2.4\n"
    "out.test 60 DNAME far.away\n"
    "loop.test 60 DNAME loop.test\n"
    "grow.test 60 DNAME x.grow.test\n"
    "up.test 60 DNAME test\n"
    "root.test 60 DNAME .\n"
    "long.test 60 DNAME " L63 "." L63 "." L60 ".test\n"
    "into.test 60 DNAME sub.test\n"
    "sub.test 60 NS ns.elsewhere\n"
    "*.wild.test 60 DNAME to.test\n";

#define D_DNAME "d.test. 120 DNAME to.test."

static const struct ask dname_asks[] = {
    {"a.d.test A", "NOERROR aa | an a.d.test. 120 CNAME a.to.test., "
		   "a.to.test. 60 A 192.0.2.3, " D_DNAME},
    {"a.d.test AAAA", "NOERROR aa | an a.d.test. 120 CNAME a.to.test., " D_DNAME
		      " | ns " NEG("test.")},
    {"x.a.d.test A", "NXDOMAIN aa | an " D_DNAME
		     ", x.a.d.test. 120 CNAME x.a.to.test. | ns " NEG("test.")},
    /* the owner itself is not redirected (2.3) */
    {"d.test A", "NOERROR aa | an d.test. 60 A 192.0.2.1"},
    {"d.test DNAME", "NOERROR aa | an " D_DNAME},
    {"d.test TXT", "NOERROR aa | ns " NEG("test.")},
    {"d.test ANY", "NOERROR aa | an " D_DNAME ", d.test. 60 A 192.0.2.1"},
    /* what is below it is hidden (2.4) */
    {"hidden.d.test A",
     "NXDOMAIN aa | an " D_DNAME
     ", hidden.d.test. 120 CNAME hidden.to.test. | ns " NEG("test.")},
    {"x.cut.d.test A",
     "NXDOMAIN aa | an " D_DNAME
     ", x.cut.d.test. 120 CNAME x.cut.to.test. | ns " NEG("test.")},
    /* asked for what is made: no more than that */
    {"a.d.test CNAME",
     "NOERROR aa | an a.d.test. 120 CNAME a.to.test., " D_DNAME
     " | ns " NEG("test.")},
    {"a.d.test ANY", "NOERROR aa | an a.d.test. 120 CNAME a.to.test., "
		     "a.to.test. 60 A 192.0.2.3, " D_DNAME},
    {"a.d.test DNAME",
     "NOERROR aa | an a.d.test. 120 CNAME a.to.test., " D_DNAME
     " | ns " NEG("test.")},
    /* through the same DNAME twice: it is told once (RFC 2181 section 5) */
    {"cname.d.test A",
     "NOERROR aa | an b.d.test. 120 CNAME b.to.test., "
     "b.to.test. 60 A 192.0.2.4, cname.d.test. 120 CNAME cname.to.test., "
     "cname.to.test. 60 CNAME b.d.test., " D_DNAME},
    /* out of our hands */
    {"a.out.test A", "NOERROR aa | an a.out.test. 60 CNAME a.far.away., "
		     "out.test. 60 DNAME far.away."},
    {"a.into.test A",
     "NOERROR aa | an a.into.test. 60 CNAME a.sub.test., "
     "into.test. 60 DNAME sub.test. | ns sub.test. 60 NS ns.elsewhere."},
    {"a.root.test A",
     "NOERROR aa | an a.root.test. 60 CNAME a., root.test. 60 DNAME ."},
    {"d.up.test A",
     "NOERROR aa | an d.test. 60 A 192.0.2.1, d.up.test. 60 CNAME d.test., "
     "up.test. 60 DNAME test."},
    /* without end */
    {"a.loop.test A", "SERVFAIL aa"},
    {"a.grow.test A", "SERVFAIL aa"},
    /* too long: YXDOMAIN (3.2) with the DNAME that says why */
    {L60 ".long.test A",
     "YXDOMAIN aa | an long.test. 60 DNAME " L63 "." L63 "." L60 ".test."},
    /* a wildcard's DNAME redirects nothing */
    {"a.wild.test DNAME", "NOERROR aa | an a.wild.test. 60 DNAME to.test."},
};

Test(answer, dname_of_rfc_6672)
{
	ask_all("", dname_zone, dname_asks, COUNT(dname_asks));
	ask_all("consistent-backends=no", dname_zone, dname_asks,
		COUNT(dname_asks));
}

static const char apex_dname[] = "test 3600 SOA " SOA_DATA "\n"
				 "test 60 NS ns.elsewhere\n"
				 "test 60 DNAME other\n"
				 "other 3600 SOA " SOA_DATA "\n"
				 "a.other 60 A 192.0.2.1\n";

static const struct ask apex_asks[] = {
    {"a.test A", "NOERROR aa | an a.other. 60 A 192.0.2.1, "
		 "a.test. 60 CNAME a.other., test. 60 DNAME other."},
    {"b.test A", "NXDOMAIN aa | an b.test. 60 CNAME b.other., "
		 "test. 60 DNAME other. | ns " NEG("other.")},
    {"test SOA", "NOERROR aa | an test. 3600 SOA " SOA_DATA},
    {"test NS", "NOERROR aa | an test. 60 NS ns.elsewhere."},
    {"test DNAME", "NOERROR aa | an test. 60 DNAME other."},
    {"test A", "NOERROR aa | ns " NEG("test.")},
};

Test(answer, dname_at_the_apex)
{
	ask_all("", apex_dname, apex_asks, COUNT(apex_asks));
	ask_all("consistent-backends=no", apex_dname, apex_asks,
		COUNT(apex_asks));
}

static const struct ask no_dname_asks[] = {
    {"a.d.test A", "NXDOMAIN aa | ns " NEG("test.")},
    {"hidden.d.test A", "NOERROR aa | an hidden.d.test. 60 A 192.0.2.2"},
    {"d.test DNAME", "NOERROR aa | an " D_DNAME},
};

Test(answer, dname_switched_off)
{
	ask_all("dname-processing=no", dname_zone, no_dname_asks,
		COUNT(no_dname_asks));
}

/* --- CNAME
 * --------------------------------------------------------------------- */

static const char cname_zone[] =
    "test 3600 SOA " SOA_DATA "\n"
    "one.test 60 CNAME Two.TEST\n"
    "two.test 70 CNAME three.test\n"
    "three.test 80 A 192.0.2.1\n"
    "self.test 60 CNAME self.test\n"
    "ping.test 60 CNAME pong.test\n"
    "pong.test 60 CNAME ping.test\n"
    "out.test 60 CNAME www.elsewhere\n"
    "nowhere.test 60 CNAME no.such.test\n"
    "empty.test 60 CNAME three.test\n"
    "cross.test 60 CNAME www.other\n"
    "deep.test 60 CNAME a.sub.test\n"
    "sub.test 60 NS ns.sub.test\n"
    "ns.sub.test 60 A 192.0.2.7\n"
    "c1.test 60 CNAME c2.test\nc2.test 60 CNAME c3.test\n"
    "c3.test 60 CNAME c4.test\nc4.test 60 CNAME c5.test\n"
    "c5.test 60 CNAME c6.test\nc6.test 60 CNAME c7.test\n"
    "c7.test 60 CNAME c8.test\nc8.test 60 CNAME c9.test\n"
    "c9.test 60 CNAME c10.test\nc10.test 60 CNAME three.test\n"
    "c0.test 60 CNAME c1.test\n"
    "both.test 60 CNAME three.test\nboth.test 60 TXT \"never seen\"\n"
    "twice.test 60 CNAME three.test\ntwice.test 60 CNAME two.test\n"
    "other 3600 SOA " SOA_DATA "\n"
    "www.other 60 A 192.0.2.5\n"
    "back.other 60 CNAME one.test\n";

static const struct ask cname_asks[] = {
    {"one.test A", "NOERROR aa | an Two.test. 70 CNAME three.test., "
		   "one.test. 60 CNAME Two.test., three.test. 80 A 192.0.2.1"},
    {"one.test CNAME", "NOERROR aa | an one.test. 60 CNAME Two.test."},
    {"one.test ANY", "NOERROR aa | an one.test. 60 CNAME Two.test."},
    {"one.test TXT", "NOERROR aa | an Two.test. 70 CNAME three.test., "
		     "one.test. 60 CNAME Two.test. | ns " NEG("test.")},
    {"self.test A", "SERVFAIL aa"},
    {"ping.test A", "SERVFAIL aa"},
    {"self.test CNAME", "NOERROR aa | an self.test. 60 CNAME self.test."},
    {"out.test A", "NOERROR aa | an out.test. 60 CNAME www.elsewhere."},
    /* RFC 6604 section 3: the rcode is about the last name */
    {"nowhere.test A",
     "NXDOMAIN aa | an nowhere.test. 60 CNAME no.such.test. | ns " NEG(
	 "test.")},
    {"cross.test A", "NOERROR aa | an cross.test. 60 CNAME www.other., "
		     "www.other. 60 A 192.0.2.5"},
    {"cross.test TXT",
     "NOERROR aa | an cross.test. 60 CNAME www.other. | ns " NEG("other.")},
    {"deep.test A", "NOERROR aa | an deep.test. 60 CNAME a.sub.test. "
		    "| ns sub.test. 60 NS ns.sub.test. "
		    "| ar ns.sub.test. 60 A 192.0.2.7"},
    {"c1.test A", "NOERROR aa | an c1.test. 60 CNAME c2.test., "
		  "c10.test. 60 CNAME three.test., c2.test. 60 CNAME c3.test., "
		  "c3.test. 60 CNAME c4.test., c4.test. 60 CNAME c5.test., "
		  "c5.test. 60 CNAME c6.test., c6.test. 60 CNAME c7.test., "
		  "c7.test. 60 CNAME c8.test., c8.test. 60 CNAME c9.test., "
		  "c9.test. 60 CNAME c10.test., three.test. 80 A 192.0.2.1"},
    {"c0.test A", "SERVFAIL aa"},
    {"both.test TXT",
     "NOERROR aa | an both.test. 60 CNAME three.test. | ns " NEG("test.")},
    {"twice.test A", "NOERROR aa | an three.test. 80 A 192.0.2.1, "
		     "twice.test. 60 CNAME three.test."},
};

Test(answer, cname_chains)
{
	ask_all("", cname_zone, cname_asks, COUNT(cname_asks));
	ask_all("consistent-backends=no", cname_zone, cname_asks,
		COUNT(cname_asks));
}

static const struct ask confined_asks[] = {
    {"cross.test A", "NOERROR aa | an cross.test. 60 CNAME www.other."},
    {"back.other A", "NOERROR aa | an back.other. 60 CNAME one.test."},
    {"one.test A", "NOERROR aa | an Two.test. 70 CNAME three.test., "
		   "one.test. 60 CNAME Two.test., three.test. 80 A 192.0.2.1"},
    {"nowhere.test A",
     "NXDOMAIN aa | an nowhere.test. 60 CNAME no.such.test. | ns " NEG(
	 "test.")},
};

Test(answer, chains_stay_in_the_zone_when_told_so)
{
	ask_all("resolve-across-zones=no", cname_zone, confined_asks,
		COUNT(confined_asks));
}
