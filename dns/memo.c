/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/memo.c - texts that were parsed before. One per process with a parser.
 * Invariant: an entry is returned only for exactly its type and text.
 */
#include "dns/memo.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

enum { PLACES = 1024 };

struct entry {
	uint16_t type;
	uint8_t text_len, wire_len; /* wire_len 0: free */
	uint8_t text[MEMO_BYTES], wire[MEMO_BYTES];
};

struct memo {
	uint64_t seed;		/* strangers do not choose the places */
	struct entry *searched; /* by the last memo_find */
	struct entry at[PLACES];
};

struct memo *
memo_new(void)
{
	struct memo *m = xnew(struct memo);

	m->seed = hash_key_random().word[0];
	return m;
}

void
memo_free(struct memo *m)
{
	free(m);
}

struct slice
memo_find(struct memo *m, uint16_t type, struct slice text)
{
	struct entry *e;

	m->searched = NULL;
	if (text.len == 0 || text.len > MEMO_BYTES)
		return (struct slice){0};
	e = &m->at[(hash_mix(text, m->seed + type) >> 20) % PLACES];
	m->searched = e;
	if (e->type != type || e->text_len != text.len ||
	    memcmp(e->text, text.at, text.len) != 0)
		return (struct slice){0};
	return slice_of(e->wire, e->wire_len);
}

void
memo_add(struct memo *m, uint16_t type, struct slice text, struct slice wire)
{
	struct entry *e = m->searched;

	if (!e || wire.len == 0 || wire.len > MEMO_BYTES)
		return;
	e->type = type;
	e->text_len = (uint8_t)text.len;
	e->wire_len = (uint8_t)wire.len;
	memcpy(e->text, text.at, text.len);
	memcpy(e->wire, wire.at, wire.len);
}
