/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/lib/referee.c - replies parsed by libknot. In tests and fuzzers.
 */
#include "t/lib/referee.h"

#include <libknot/libknot.h>
#include <stdlib.h>

#include "dns/type.h"

static const char *
compare_record(const knot_rrset_t *theirs, const struct message_record *ours)
{
	const knot_rdata_t *rdata = theirs->rrs.rdata;
	size_t len = knot_dname_size(theirs->owner);

	if (theirs->rrs.count != 1)
		return "the referee found more than one record in one";
	if (theirs->type != ours->type || theirs->rclass != ours->class)
		return "type or class differ";
	if (theirs->ttl != ours->ttl_sec)
		return "TTL differs";
	if (len != name_len(ours->owner) ||
	    memcmp(theirs->owner, ours->owner, len) != 0)
		return "owner differs";
	if (!slice_equal(slice_of(rdata->data, rdata->len), ours->rdata))
		return "rdata differs";
	return NULL;
}

static const char *
compare_sections(const knot_pkt_t *pkt, const struct message *ours)
{
	static const knot_section_t names[SECTION_COUNT] = {
	    KNOT_ANSWER, KNOT_AUTHORITY, KNOT_ADDITIONAL};

	for (int s = 0; s < SECTION_COUNT; s++) {
		const knot_pktsection_t *theirs =
		    knot_pkt_section(pkt, names[s]);
		const struct message_record *r;
		size_t n;

		r = message_section(ours, (enum section)s, &n);
		if (theirs->count != n)
			return "number of records in a section differs";
		for (size_t i = 0; i < n; i++) {
			const char *why = compare_record(
			    knot_pkt_rr(theirs, (uint16_t)i), &r[i]);

			if (why)
				return why;
		}
	}
	return NULL;
}

static const char *
compare(const knot_pkt_t *pkt, int rc, const struct message *ours)
{
	if (rc != KNOT_EOK)
		return knot_strerror(rc);
	if (pkt->parsed < pkt->size)
		return "bytes behind the last record";
	if (!knot_wire_get_qr(pkt->wire))
		return "not a reply";
	if (knot_wire_get_qdcount(pkt->wire) != ours->n_questions)
		return "number of questions differs";
	return compare_sections(pkt, ours);
}

const char *
referee_complaint(struct slice reply, const struct message *ours)
{
	uint8_t *copy = malloc(reply.len + 1);
	knot_pkt_t *pkt;
	const char *why;

	bug_on(!copy);
	memcpy(copy, reply.at, reply.len);
	pkt = knot_pkt_new(copy, (uint16_t)reply.len, NULL);
	bug_on(!pkt);
	/* the letter case of names is part of the comparison */
	why = compare(pkt, knot_pkt_parse(pkt, KNOT_PF_NOCANON), ours);
	knot_pkt_free(pkt);
	free(copy);
	return why;
}
