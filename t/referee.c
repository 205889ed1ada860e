/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/referee.c - parses every reply that tests recorded with libknot, a second
 * opinion that shares no code with us. Input files: 4 bytes of length (network
 * order) and that many bytes of reply, repeated. A reply fails when libknot
 * rejects it, when bytes follow the last record, or when the header's counts
 * are not what was found. Prints "N replies parsed, M failed"; exit 1 if M > 0.
 */
#include <libknot/libknot.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/bug.h"

enum { REPLY_MAX_BYTES = 65535, LENGTH_BYTES = 4, HEX_PER_LINE = 16 };

struct tally {
	unsigned long parsed, failed;
};

static void
hexdump(const uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		fprintf(stderr, "%02x%s", at[i],
			i % HEX_PER_LINE == HEX_PER_LINE - 1 ? "\n" : " ");
	fputc('\n', stderr);
}

/* What is wrong with a parsed packet, or NULL. */
static const char *
complaint(const knot_pkt_t *pkt, int rc)
{
	static const knot_section_t sections[] = {KNOT_ANSWER, KNOT_AUTHORITY,
						  KNOT_ADDITIONAL};
	uint16_t counts[COUNT(sections)];

	if (rc != KNOT_EOK)
		return knot_strerror(rc);
	if (pkt->parsed < pkt->size)
		return "bytes after the last record";
	if (!knot_wire_get_qr(pkt->wire))
		return "not a reply";
	if (knot_wire_get_qdcount(pkt->wire) > 1)
		return "more than one question";
	counts[0] = knot_wire_get_ancount(pkt->wire);
	counts[1] = knot_wire_get_nscount(pkt->wire);
	counts[2] = knot_wire_get_arcount(pkt->wire);
	for (size_t i = 0; i < COUNT(sections); i++) {
		if (knot_pkt_section(pkt, sections[i])->count != counts[i])
			return "a count in the header is wrong";
	}
	return NULL;
}

static void
judge(const char *file, unsigned long number, uint8_t *at, size_t len,
      struct tally *t)
{
	knot_pkt_t *pkt = knot_pkt_new(at, (uint16_t)len, NULL);
	const char *why;

	if (!pkt) {
		fprintf(stderr, "referee: out of memory\n");
		exit(2);
	}
	/* a TSIG record stays where it is, and is counted */
	why = complaint(pkt, knot_pkt_parse(pkt, KNOT_PF_KEEPWIRE));
	t->parsed++;
	if (why) {
		t->failed++;
		fprintf(stderr, "%s: reply %lu: %s\n", file, number, why);
		hexdump(at, len);
	}
	knot_pkt_free(pkt);
}

/* false when the file itself is cut off or unreadable. */
static bool
judge_file(const char *path, struct tally *t)
{
	static uint8_t reply[REPLY_MAX_BYTES];
	uint8_t head[LENGTH_BYTES];
	unsigned long number = 0;
	size_t len;
	FILE *f = fopen(path, "rb");
	bool good = f != NULL;

	while (good && fread(head, 1, sizeof(head), f) == sizeof(head)) {
		len = (size_t)head[0] << 24 | (size_t)head[1] << 16 |
		      (size_t)head[2] << 8 | head[3];
		good = len <= sizeof(reply) && fread(reply, 1, len, f) == len;
		if (good)
			judge(path, ++number, reply, len, t);
	}
	if (!good)
		fprintf(stderr, "%s: unreadable or cut off\n", path);
	if (f)
		fclose(f);
	return good;
}

int
main(int argc, char **argv)
{
	struct tally t = {0, 0};
	bool good = argc > 1;

	for (int i = 1; i < argc; i++)
		good = judge_file(argv[i], &t) && good;
	if (argc < 2)
		fprintf(stderr, "usage: referee FILE...\n");
	printf("%lu replies parsed, %lu failed\n", t.parsed, t.failed);
	return !good || t.failed > 0 || t.parsed == 0;
}
