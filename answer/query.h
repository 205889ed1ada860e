/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/query.h - one query's journey: bytes in, bytes out, no sockets. The
 * same code answers in a worker, in --ask, in unit tests and in the fuzzer.
 *
 *   parse -> edns -> opcode -> class -> type -> answer -> additional -> encode
 *                                        |
 *            find zone -> descend (cut? DNAME?) -> rows -> CNAME -> again
 *                                        |
 *                            wildcard / ENT / NXDOMAIN
 *
 * query_run() clears struct query, walks the steps and returns the length of
 * the reply. Rows and RRsets live in the arena, which the caller resets
 * between queries.
 */
#ifndef ANSWER_QUERY_H
#define ANSWER_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/backend.h"
#include "dns/question.h"
#include "dns/reply.h"
#include "lib/hash.h"
#include "lib/mem.h"

struct conf;
struct counters;
struct lookup_memo; /* rows.c */
struct segment;
struct slot_block;
struct zone_list;

/* What all queries of one process share. */
struct answerer {
	const struct conf *conf;
	struct backends *backends;
	struct zone_list *zone_list; /* NULL: no backend has one */
	struct segment *segment;     /* NULL outside a server */
	struct slot_block *slot;     /* never NULL */
	struct hash_key cookie_secret;
	bool cookies;	   /* there is a secret */
	struct slice nsid; /* empty: not told */
	struct prng prng;  /* shuffles */
	uint32_t now_sec;  /* wall clock, set by the caller per batch */
	int64_t now_ms;	   /* monotonic, likewise */
};

/* One RRset of the reply. */
struct rrset {
	struct rrset *next;
	const uint8_t *owner; /* wire */
	struct slice *rdata;
	uint32_t n, ttl_sec;
	uint16_t type;
	bool needed; /* in-domain glue: without it TC (RFC 9471) */
};

struct rrset_list {
	struct rrset *first, *last;
};

/* The zone an answer comes from. */
struct zone {
	const uint8_t *apex; /* lower case */
	struct backend *backend;
	int32_t id;
	const struct row *soa;
};

enum verdict { NEXT, SEND, DROP };

struct query {
	/* given by the caller */
	struct answerer *h;
	struct arena *arena;
	struct asker asker;
	struct slice in;
	struct span out; /* at least 512 bytes; TCP: 65,535 */

	/* found on the way; cleared by query_run */
	struct question question;
	struct zone zone;      /* the one worked on */
	const uint8_t *target; /* the name worked on: question or CNAME's */
	unsigned hops;	       /* CNAMEs and DNAMEs followed */
	unsigned rcode;	       /* all 12 bits */
	bool aa, tc, failed, referral;
	uint8_t scope_bits; /* most specific client prefix any row named */
	uint16_t n_sets;    /* RRsets in all sections */
	struct rrset_list section[SECTION_COUNT];
	struct lookup_memo *memo;
	struct reply_opt opt;
	uint8_t cookie[24];
	size_t max;	    /* bytes the reply may have */
	struct reply reply; /* not cleared: reply_begin does */
};

/* Answer q->in into q->out; returns the reply's length, 0 = send nothing. */
size_t query_run(struct query *);

/* Steps, each in the file of its idea. */
enum verdict step_parse(struct query *);
enum verdict step_edns(struct query *);
enum verdict step_opcode(struct query *);
enum verdict step_class(struct query *);
enum verdict step_type(struct query *);
enum verdict step_answer(struct query *);     /* resolve.c */
enum verdict step_additional(struct query *); /* additional.c */
enum verdict chaos_answer(struct query *);    /* chaos.c */
size_t query_encode(struct query *);	      /* encode.c */

/* End with this rcode (and EDE, unless EDE_NONE) and empty sections. */
enum verdict query_refuse(struct query *, unsigned rcode, int ede,
			  const char *ede_text);

#endif
