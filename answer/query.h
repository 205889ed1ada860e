/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/query.h - one query's journey: bytes in, bytes out, no sockets. The
 * same code answers in a worker, in --ask, in unit tests and in the fuzzer.
 *
 *   parse -> edns -> opcode -> cache -> class -> type -> claim
 *                                                         |
 *                            encode <- additional <- answer
 *                                                         |
 *            find zone -> descend (cut? DNAME?) -> rows -> CNAME -> again
 *                                        |
 *                            wildcard / ENT / NXDOMAIN
 *
 * query_run() clears what is found on the way, walks the steps and returns the
 * length of the reply. Rows and RRsets live in the arena, which the caller
 * resets between queries.
 */
#ifndef ANSWER_QUERY_H
#define ANSWER_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "answer/client_key.h"
#include "backend/backend.h"
#include "dns/question.h"
#include "dns/reply.h"
#include "lib/hash.h"
#include "lib/mem.h"
#include "shm/purge.h"

struct cache;
struct conf;
struct counters;
struct lookup_memo; /* rows.c */
struct segment;
struct slot_block;
struct story;
struct zone_list;

/* What all queries of one process share. */
struct answerer {
	const struct conf *conf;
	struct backends *backends;
	struct zone_list *zone_list; /* NULL: no backend has one */
	struct segment *segment;     /* NULL outside a server */
	struct slot_block *slot;     /* never NULL */
	unsigned slot_index;
	struct cache *packets;	 /* NULL: no packet cache */
	struct cache *records;	 /* NULL: no record cache */
	uint8_t *scratch;	 /* SCRATCH_BYTES, to build cache values in */
	struct nh_key cache_key; /* for hashes of cache keys */
	uint64_t generation;	 /* of the script: part of every cache key */
	struct hash_key cookie_secret;
	bool cookies;	   /* there is a secret */
	struct slice nsid; /* empty: not told */
	struct prng prng;  /* shuffles */
	uint32_t now_sec;  /* wall clock, set by the caller per batch */
	int64_t now_ms;	   /* monotonic, likewise */
};

enum { SCRATCH_BYTES = 128 * 1024, CACHED_ZONES = 8 /* and tags */ };

/* Room the caller leaves behind the largest reply, for what the packet cache
 * keeps behind a message. */
enum { QUERY_SLACK = 128 };

/* What an answer was made of, for the packet cache. */
struct made_of {
	uint8_t n_marks;      /* CACHED_ZONES + 1: too many to keep */
	enum rows_read reads; /* what of the client was looked at */
	uint8_t scope_bits;   /* of all rows that decided it; a negative answer
				 tells the client 0 (RFC 7871 section 7.4) */
	uint32_t min_ttl_sec;
	uint64_t born;	  /* cache_epoch when it began */
	uint64_t sharers; /* hash of those who get the same, as far as is
			     known before it is computed */
	uint64_t flight;  /* the same when it was claimed */
	bool cacheable;	  /* of class IN, and there is a cache */
	bool computed;	  /* a backend had a say */
	bool wanted;	  /* store the answer */
	bool cut;	  /* something did not fit */
	bool flying;	  /* the single flight of these is ours */
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

/* DEFER: another worker is at it; ask again soon. */
enum verdict { NEXT, SEND, DROP, DEFER };

/* Why an answer has its rcode. */
enum why {
#define WHY(id, words) WHY_##id,
#include "answer/why.tbl"
#undef WHY
	WHY_COUNT
};

struct query {
	/* given by the caller */
	struct answerer *h;
	struct arena *arena;
	struct asker asker;
	struct slice in;
	struct span out;     /* UDP: udp-truncation-threshold, TCP: 65,535;
				and QUERY_SLACK bytes more */
	bool may_defer;	     /* DEFER is welcome */
	bool refreshing;     /* compute and store, unless somebody has done so:
				then DEFER; there is nobody to send it to */
	int64_t waited_ns;   /* so far, for another worker to answer it */
	struct story *story; /* who wants to know how it is answered; NULL:
				nobody (query_end_told) */
	bool rehearsal;	     /* asked by nobody: nothing is kept, nobody waits
				for it, it counts for no statistics of queries */
	bool fresh;	     /* as if the caches were empty */

	/* found on the way; cleared by query_begin */
	enum verdict verdict;
	struct zone zone;      /* the one worked on */
	const uint8_t *target; /* the name worked on: question or CNAME's */
	unsigned hops;	       /* CNAMEs and DNAMEs followed */
	unsigned rcode;	       /* all 12 bits */
	enum why why;
	bool aa, tc, failed, referral;
	uint8_t scope_bits; /* most specific client prefix any row named */
	uint16_t n_sets;    /* RRsets in all sections */
	struct rrset_list section[SECTION_COUNT];
	struct lookup_memo *memo;
	int64_t began_ns; /* monotonic; when computing began, 0 = it did not */
	struct made_of made;
	bool told_hit;	  /* the story has it that it comes from the cache */
	bool cached;	  /* the reply in out is complete */
	bool refresh_due; /* a hit near its end: compute it anew */
	bool stale;	  /* served beyond its time */
	size_t reply_len; /* when cached */
	struct reply_opt opt;
	size_t max; /* bytes the reply may have */
	struct question question;
	/* ... up to here: question.name is not cleared */

	uint8_t cookie[24];
	struct zone_mark mark[CACHED_ZONES]; /* made.n_marks of them */
	struct client_key key;		     /* in the packet cache */
	struct reply reply;
};

/* Answer q->in into q->out; returns the reply's length, 0 = send nothing, or
 * QUERY_DEFERRED: another worker is computing this; ask again soon. */
#define QUERY_DEFERRED SIZE_MAX
size_t query_run(struct query *);
/* The same in legs, for a batch whose queries make them together: while one
 * is at its leg, the memory that the others need is on its way. The first
 * parses (out is not needed yet) and uses no arena; the two in the middle ask
 * for what the cache knows. */
void query_begin(struct query *);
void query_aim(const struct query *);
void query_fetch(const struct query *);
size_t query_end(struct query *);
/* The second leg of a query that has a story: what happens is told to it. */
size_t query_end_told(struct query *);

/* Steps, each in the file of its idea. */
enum verdict step_parse(struct query *);
enum verdict step_edns(struct query *);
enum verdict step_opcode(struct query *);
enum verdict step_class(struct query *);
enum verdict step_type(struct query *);
enum verdict step_answer(struct query *);     /* resolve.c */
enum verdict step_additional(struct query *); /* additional.c */
enum verdict chaos_answer(struct query *);    /* chaos.c */
/* encode.c; *without_opt = bytes in front of OPT */
size_t query_encode(struct query *, size_t *without_opt);

/* Why an answer fails with this error of a backend. */
enum why why_failed(enum err) MUST_CHECK;
/* End with this rcode (and EDE, unless EDE_NONE) and empty sections. */
enum verdict query_refuse(struct query *, enum why, unsigned rcode, int ede,
			  const char *ede_text);

#endif
