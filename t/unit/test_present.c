/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_present.c - whole messages as text.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "dns/present.h"

#define BYTES(text) slice_of(text, sizeof(text) - 1)

/* NULL: not a DNS message. To be freed. */
static char *
present(struct slice message)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	enum err e = present_message(f, message);

	fclose(f);
	if (e == ERR_NONE)
		return text;
	cr_expect_eq(len, 0, "nothing is printed of what is no message");
	free(text);
	return NULL;
}

static const char answer[] =
    "\x12\x34\x85\0\0\1\0\2\0\1\0\2\1a\4Test\0\0\1\0\1"
    "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\4\1b\xc0\x0e"
    "\1b\xc0\x0e\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
    "\xc0\x0e\0\2\0\1\0\1\x51\x80\0\x11\x0fserver-of-names\0"
    "\1c\xc0\x0e\0\x10\0\1\0\0\0\0\0\4\3a\"\n"
    "\0\0\x29\4\xd0\0\0\x80\0\0\x3a\0\3\0\4ns1\xff"
    "\0\12\0\x10"
    "0123456789abcdef"
    "\0\10\0\7\0\1\x18\x14\xc0\0\2\0\x0f\0\7\0\x12words\0\x63\0\4\1\2\3\4";

Test(present, a_message_as_dig_lays_it_out)
{
	char *text = present(BYTES(answer));

	cr_assert_not_null(text);
	cr_expect_str_eq(
	    text, ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 4660\n"
		  ";; flags: qr aa rd; QUERY: 1, ANSWER: 2, AUTHORITY: 1, "
		  "ADDITIONAL: 2\n"
		  "\n;; OPT PSEUDOSECTION:\n"
		  "; EDNS: version: 0, flags: do; udp: 1232\n"
		  "; NSID: 6e7331ff (\"ns1.\")\n"
		  "; COOKIE: 30313233343536373839616263646566\n"
		  "; CLIENT-SUBNET: 192.0.2.0/24/20\n"
		  "; EDE: 18 (words)\n"
		  "; OPT=99: 01020304\n"
		  "\n;; QUESTION SECTION:\n"
		  ";a.Test.\t\t\t\tIN\tA\n"
		  "\n;; ANSWER SECTION:\n"
		  "a.Test.\t\t\t60\tIN\tCNAME\tb.Test.\n"
		  "b.Test.\t\t\t60\tIN\tA\t192.0.2.1\n"
		  "\n;; AUTHORITY SECTION:\n"
		  "Test.\t\t\t86400\tIN\tNS\tserver-of-names.\n"
		  "\n;; ADDITIONAL SECTION:\n"
		  "c.Test.\t\t\t0\tIN\tTXT\t\"a\\\"\\010\"\n");
	free(text);
}

/* Columns as dig has them, also where a name, a TTL or a type is too long. */
Test(present, columns)
{
	char *text = present(BYTES(
	    "\0\1\x80\0\0\1\0\2\0\0\0\0\0\0\2\0\1"
	    "\x18"
	    "abcdefghijklmnopqrstuvwx\0\0\1\0\1\x7f\xff\xff\xff\0\4\1\2\3\4"
	    "\2ab\0\0\x33\0\1\0\0\0\0\0\5\1\0\0\0\0"));

	cr_assert_not_null(text);
	cr_expect_not_null(strstr(text, "\n;.\t\t\t\tIN\tNS\n"));
	cr_expect_not_null(strstr(text, "\nabcdefghijklmnopqrstuvwx. "
					"2147483647 IN\tA\t1.2.3.4\n"));
	cr_expect_not_null(
	    strstr(text, "\nab.\t\t\t0\tIN\tNSEC3PARAM 1 0 0 -\n"));
	free(text);
}

static const struct {
	const char *bytes, *first; /* of 12 bytes; the first line */
} headers[] = {
    {"\0\1\x80\3\0\0\0\0\0\0\0\0",
     ";; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: 1\n"},
    {"\0\1\xa8\5\0\0\0\0\0\0\0\0",
     ";; ->>HEADER<<- opcode: UPDATE, status: REFUSED, id: 1\n"},
    {"\0\1\xf8\x0f\0\0\0\0\0\0\0\0",
     ";; ->>HEADER<<- opcode: RESERVED, status: RCODE15, id: 1\n"},
    {"\0\1\x90\4\0\0\0\0\0\0\0\0",
     ";; ->>HEADER<<- opcode: STATUS, status: NOTIMP, id: 1\n"},
};

Test(present, headers)
{
	for (size_t i = 0; i < COUNT(headers); i++) {
		char *text = present(slice_of(headers[i].bytes, 12));

		cr_assert_not_null(text);
		cr_expect_eq(
		    strncmp(text, headers[i].first, strlen(headers[i].first)),
		    0, "%s", text);
		free(text);
	}
}

Test(present, the_whole_rcode)
{
	char *text =
	    present(BYTES("\0\1\x80\0\0\0\0\0\0\0\0\1\0\0\x29\4\xd0\1\0\0\0"
			  "\0\0"));

	cr_assert_not_null(text);
	cr_expect_not_null(strstr(text, "status: BADVERS,"), "%s", text);
	free(text);
}

Test(present, what_is_no_message)
{
	for (size_t n = 0; n < 12; n++)
		cr_expect_null(present(slice_of(answer, n)));
	cr_expect_null(present(BYTES("\0\1\x80\0\0\1\0\0\0\0\0\0")));
}
