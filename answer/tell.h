/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/tell.h - what answer/ has to say when somebody wants to know how a
 * query is answered: a call of tell(q, what, ...) where it happens. It costs
 * one look at q->story, and nothing of it is on the way of a hit in the packet
 * cache: query_end_told() looks there by itself, before the answer is made.
 */
#ifndef ANSWER_TELL_H
#define ANSWER_TELL_H

#include "answer/query.h"
#include "backend/story.h"

/* tell_what(q, ...) if q has a story. */
#define tell(q, what, ...)                               \
	((void)(UNLIKELY((q)->story != NULL)             \
		    ? (tell_##what((q), __VA_ARGS__), 0) \
		    : 0))

/* Before anything, and when the reply of len bytes (0: none) stands in
 * q->out. */
void tell_beginning(struct query *);
void tell_end(struct query *, size_t len);

/* Its rcode is decided. */
void tell_result(struct query *, enum why);

/* Steps that have nothing to add, a name, a number or a zone. */
void tell_step(struct query *, enum story_step);
void tell_name(struct query *, enum story_step, const uint8_t *name);
void tell_number(struct query *, enum story_step, int64_t n);
void tell_zone(struct query *, enum story_step, const struct zone *);

/* zone.c */
void tell_listed(struct query *, const struct backend *, const uint8_t *zone,
		 int32_t id);
void tell_not_listed(struct query *, const struct backend *,
		     const uint8_t *name);
void tell_no_soa(struct query *, const struct backend *, const uint8_t *name);
void tell_below(struct query *, const uint8_t *name, const char *how);
/* resolve.c; target NULL: too long */
void tell_cname(struct query *, const uint8_t *owner, const uint8_t *target);
void tell_dname(struct query *, const uint8_t *owner, const uint8_t *target);
void tell_wildcard(struct query *, const uint8_t *wild);
void tell_others(struct query *, const struct rows *, uint16_t type);
/* rows.c; rows NULL: it failed */
void tell_asked(struct query *, const struct backend *, const struct lookup *,
		const struct rows *, int64_t began_us);
void tell_glue(struct query *, const struct rows *, uint16_t type);
void tell_chosen(struct query *, const struct rows *, uint16_t type,
		 uint32_t ttl_sec);
/* rrset.c; of n rows */
void tell_set(struct query *, enum section, const struct rrset *, uint32_t n);
/* additional.c, encode.c */
void tell_outside(struct query *, const uint8_t *name);
void tell_no_room(struct query *, const struct rrset *);
void tell_cut(struct query *, size_t max);

/* packet_tell.c: what is in the packet cache for this query, before it is
 * looked for. true: a reply that will be served. */
bool tell_packets(struct query *);
/* Will be kept for clients who share so many bits with this one (see
 * client_key_finish); not, and why. room 0: whole. */
void tell_kept(struct query *, enum story_step, uint32_t ttl_ms, uint8_t length,
	       uint16_t room);
void tell_not_kept(struct query *, enum story_step, const char *why);
/* Words for those clients, into out, which it returns. */
enum { TELL_CLIENT_MAX = PREFIX_TEXT_MAX + 16 };
const char *tell_client(const struct query *, uint8_t length,
			char out[TELL_CLIENT_MAX]);
/* "/32 /24" */
enum { TELL_LENGTHS_MAX = CLIENT_LENGTHS * 12 };
const char *tell_lengths(const struct query *, const struct client_lengths *,
			 char out[TELL_LENGTHS_MAX]);

#endif
