/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/asks.h - tables of questions and the answers that one zone gives.
 */
#ifndef T_UNIT_ASKS_H
#define T_UNIT_ASKS_H

#include <criterion/criterion.h>
#include <stdio.h>

#include "dns/type.h"
#include "t/lib/responder.h"

#define SOA_DATA "ns.test. host.test. 1 7200 900 1209600 300"
/* what SOA_DATA looks like behind a negative answer of the zone */
#define NEG(zone) zone " 300 SOA " SOA_DATA

struct ask {
	const char *question; /* "name type" */
	const char *want;     /* see responder_ask */
};

static inline struct packet
packet_of(const char *question, char name[1100])
{
	struct packet p = {.name = name, .edns = true};
	char type[32];

	cr_assert_eq(sscanf(question, "%1099s %31s", name, type), 2);
	cr_assert_eq(type_parse(slice_str(type), &p.type), ERR_NONE, "%s",
		     type);
	return p;
}

static inline const char *
ask(struct responder *r, const char *question)
{
	char name[1100];
	struct packet p = packet_of(question, name);

	return responder_ask(r, &p);
}

static inline void
expect_answers(struct responder *r, const struct ask *asks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *got = ask(r, asks[i].question);

		cr_expect_str_eq(got, asks[i].want, "%s:\n%s, not\n%s",
				 asks[i].question, got, asks[i].want);
		for (size_t k = 0; k < r->backends.n; k++)
			cr_expect_eq(r->zones[k].repeats, 0,
				     "%s: a question was asked twice",
				     asks[i].question);
	}
}

/* One backend that knows what lies below a name. */
static inline struct responder *
responder_of(const char *settings, const char *zone)
{
	struct responder *r = responder_new(settings, &zone, 1);

	r->zones[0].knows_below = true;
	r->backends.at[0] = zonefile_backend(&r->zones[0], 0);
	return r;
}

/* Every question of the table over TCP, so that ANY is answered and nothing
 * is cut. */
static inline void
ask_all(const char *settings, const char *zone, const struct ask *asks,
	size_t n)
{
	struct responder *r = responder_of(settings, zone);

	r->tcp = true;
	expect_answers(r, asks, n);
	responder_free(r);
}

#endif
