/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/segment.c - the shared segment and its slot blocks. Made by the master,
 * used by every child. Invariant: layout never depends on a pointer's value.
 */
#include "shm/segment.h"

#include <bsd/string.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/log.h"

enum { MAGIC = 0x706c7361 /* "plsa" */ };

enum { STRIKE_WINDOW_MS = 60000, STRIKES = 3, LEVELS = 4 };

struct suspect {
	_Atomic int64_t until_ms; /* in quarantine until; 0 = not */
	int64_t strike_ms[STRIKES];
	uint32_t level; /* times it was put into quarantine */
	uint16_t type;
	uint16_t name_len;
	uint8_t name[256];
};

struct segment {
	uint32_t magic, layout;
	uint32_t n_slots;
	struct hash_key key;
	_Atomic uint32_t n_suspects; /* used entries; only grows until clear */
	struct suspect suspects[QUARANTINE_MAX];
	struct slot_block slots[];
};

struct segment *
segment_new(unsigned n_slots)
{
	size_t bytes =
	    sizeof(struct segment) + n_slots * sizeof(struct slot_block);
	int fd = memfd_create("pdnslua", MFD_CLOEXEC);
	struct segment *s;

	if (fd < 0 || ftruncate(fd, (off_t)bytes) < 0)
		log_die("cannot make %zu bytes of shared memory", bytes);
	s = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (s == MAP_FAILED)
		log_die("cannot map %zu bytes of shared memory", bytes);
	close(fd);
	s->magic = MAGIC;
	s->layout = SEGMENT_LAYOUT;
	s->n_slots = n_slots;
	s->key = hash_key_random();
	return s;
}

struct hash_key
segment_key(const struct segment *s)
{
	return s->key;
}

unsigned
segment_slots(const struct segment *s)
{
	return s->n_slots;
}

struct slot_block *
segment_slot(struct segment *s, unsigned slot)
{
	bug_on(slot >= s->n_slots);
	return &s->slots[slot];
}

void
segment_sum(struct segment *s, struct counters *sum)
{
	uint64_t *to = (uint64_t *)sum;

	memset(sum, 0, sizeof(*sum));
	for (unsigned i = 0; i < s->n_slots; i++) {
		const uint64_t *from = (uint64_t *)&s->slots[i].counters;

		for (size_t k = 0; k < sizeof(*sum) / sizeof(*to); k++)
			to[k] += from[k];
	}
}

const char *
counter_name(unsigned i, const char **doc)
{
	static const char *const names[][2] = {
#define COUNTER(field, name, doc) {name, doc},
#include "shm/counters.tbl"
#undef COUNTER
	};

	if (i >= COUNT(names))
		return NULL;
	*doc = names[i][1];
	return names[i][0];
}

void
note_set(struct slot_block *b, const uint8_t *name, size_t name_len,
	 uint16_t type)
{
	b->note.type = type;
	b->note.name_len = (uint16_t)name_len;
	memcpy(b->note.name, name, name_len);
	atomic_store_explicit(&b->note.in_script, 1, memory_order_release);
}

void
last_words_set(struct slot_block *b, const char *words)
{
	strlcpy(b->last_words, words, sizeof(b->last_words));
}

static bool
is_suspect(const struct suspect *s, const uint8_t *name, size_t name_len,
	   uint16_t type)
{
	return s->type == type && s->name_len == name_len &&
	       memcmp(s->name, name, name_len) == 0;
}

/* When it last mattered: its last strike, or the end of its quarantine. */
static int64_t
last_ms(const struct suspect *s)
{
	return s->until_ms > s->strike_ms[0] ? s->until_ms : s->strike_ms[0];
}

/* The entry of this question: an old one, a free one, or the one that has not
 * mattered for longest. */
static struct suspect *
suspect_for(struct segment *s, const uint8_t *name, size_t name_len,
	    uint16_t type)
{
	uint32_t n = s->n_suspects;
	struct suspect *old = &s->suspects[0];

	for (uint32_t i = 0; i < n; i++) {
		struct suspect *x = &s->suspects[i];

		if (is_suspect(x, name, name_len, type))
			return x;
		if (last_ms(x) < last_ms(old))
			old = x;
	}
	if (n < QUARANTINE_MAX)
		old = &s->suspects[n];
	memset(old, 0, sizeof(*old));
	old->type = type;
	old->name_len = (uint16_t)name_len;
	memcpy(old->name, name, name_len);
	if (n < QUARANTINE_MAX)
		atomic_store(&s->n_suspects, n + 1);
	return old;
}

bool
quarantine_strike(struct segment *s, const uint8_t *name, size_t name_len,
		  uint16_t type, int64_t now_ms)
{
	struct suspect *x = suspect_for(s, name, name_len, type);

	memmove(&x->strike_ms[1], &x->strike_ms[0],
		sizeof(x->strike_ms) - sizeof(x->strike_ms[0]));
	x->strike_ms[0] = now_ms;
	if (x->strike_ms[STRIKES - 1] == 0 ||
	    now_ms - x->strike_ms[STRIKES - 1] > STRIKE_WINDOW_MS)
		return false;
	x->until_ms = now_ms + ((int64_t)STRIKE_WINDOW_MS << x->level);
	if (x->level + 1 < LEVELS)
		x->level++;
	memset(x->strike_ms, 0, sizeof(x->strike_ms));
	return true;
}

bool
quarantine_has(struct segment *s, const uint8_t *name, size_t name_len,
	       uint16_t type, int64_t now_ms)
{
	uint32_t n = atomic_load_explicit(&s->n_suspects, memory_order_acquire);

	for (uint32_t i = 0; i < n; i++) {
		const struct suspect *x = &s->suspects[i];

		if (is_suspect(x, name, name_len, type))
			return x->until_ms > now_ms;
	}
	return false;
}

void
quarantine_clear(struct segment *s)
{
	atomic_store(&s->n_suspects, 0);
}

unsigned
quarantine_walk(struct segment *s, int64_t now_ms, quarantine_cb *cb, void *ctx)
{
	unsigned found = 0;

	for (uint32_t i = 0; i < s->n_suspects; i++) {
		const struct suspect *x = &s->suspects[i];

		if (x->until_ms <= now_ms)
			continue;
		cb(ctx, x->name, x->type, x->until_ms - now_ms);
		found++;
	}
	return found;
}
