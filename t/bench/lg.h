/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/bench/lg.h - the verifying load generator. It knows the right answer to
 * every question it sends, because names and answers follow one rule:
 *
 *   table  hN.example.com A        -> 10.x.y.z, the bytes of N
 *   wild   rN.dyn.example.com A    -> 192.0.2.77
 *   text   tN.example.com TXT      -> "N TOKEN", TOKEN one of those allowed
 *
 * A question is a slot, its id the slot's number:
 *
 *   free --send--> waiting --1 s--> waiting again --1 s--> free: unanswered
 *                     |                  |
 *                 ok_first           ok_retry      (or wrong, or servfail)
 */
#ifndef T_BENCH_LG_H
#define T_BENCH_LG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/slice.h"

enum {
	LG_SLOTS = 65536,
	LG_LINKS = 4096, /* most sockets and connections */
	LG_TOKENS = 8,
	LG_QUERY_MAX_BYTES = 64,
	LG_REPLY_MAX_BYTES = 4096
};

enum lg_kind { LG_TABLE, LG_WILD, LG_TEXT };

struct lg_options {
	struct sockaddr_storage to;
	socklen_t to_len;
	double rate;	    /* questions per second; 0 = as fast as answered */
	double seconds;	    /* how long to send */
	uint64_t count;	    /* most questions; 0 = no limit */
	unsigned udp, tcp;  /* sockets and connections */
	unsigned window;    /* most questions waiting when rate is 0 */
	uint32_t names;	    /* N is below it */
	int64_t timeout_us; /* until the retry, and until giving up */
	enum lg_kind kind;
	const char *tokens[LG_TOKENS];
	unsigned n_tokens;
};

struct lg_slot {
	int64_t first_us, sent_us; /* first and newest try */
	uint32_t number, before; /* N of this question and of the one before */
	uint16_t link;
	uint8_t tries;	     /* 0 = free */
	uint8_t first_token; /* tokens before this one are out of date */
};

enum lg_verdict { LG_OK, LG_WRONG, LG_SERVFAIL, LG_LATE };

/* lg_question.c */

/* The query's bytes into out; returns how many. */
size_t lg_question(enum lg_kind, uint16_t id, uint32_t number,
		   uint8_t out[LG_QUERY_MAX_BYTES]);
/* Judge a reply to a waiting slot. *token = index of the token it carries. */
enum lg_verdict lg_judge(const struct lg_options *, const struct lg_slot *,
			 struct slice reply, unsigned *token);

/* lg_count.c */

struct lg_count {
	uint64_t sent, ok_first, ok_retry, wrong, servfail, late, unanswered;
	uint64_t by_token[LG_TOKENS];
	uint64_t histogram[64 * 32]; /* microseconds: log2, then 32 steps */
	uint64_t answered;
	int64_t max_us;
};

void lg_count_latency(struct lg_count *, int64_t us);
/* One line "name=value ..." on standard output. */
void lg_count_print(const struct lg_count *, const struct lg_options *,
		    double seconds);

/* lg_link.c: sockets and connections, numbered from 0; TCP after UDP. */

struct lg_links; /* body in lg_link.c */

typedef void lg_reply_fn(void *ctx, uint16_t link, struct slice reply);
/* A connection broke: its questions must be sent again. */
typedef void lg_broken_fn(void *ctx, uint16_t link);

/* Exits with a message when there is no socket to be had. */
struct lg_links *lg_links_new(const struct lg_options *, lg_reply_fn *,
			      lg_broken_fn *, void *ctx);
void lg_links_free(struct lg_links *);
/* Queue a query; lg_links_flush sends. */
void lg_links_send(struct lg_links *, uint16_t link, struct slice query);
void lg_links_flush(struct lg_links *);
/* Wait at most wait_ms for replies and hand them out. */
void lg_links_poll(struct lg_links *, int wait_ms);

#endif
