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

enum { PAGE = 4096 };
enum { STRIKE_WINDOW_MS = 60000, STRIKES = 3, LEVELS = 4 };

struct suspect {
	_Atomic int64_t until_ms; /* in quarantine until; 0 = not */
	int64_t strike_ms[STRIKES];
	uint32_t level; /* times it was put into quarantine */
	uint16_t type;
	uint16_t name_len;
	uint8_t name[256];
};

/* One word tells all of a flight, so that nobody sees half of it.
 *   bits 0-15   owner + 1; FLIGHT_ENDED, FLIGHT_UNSHARED
 *       16-31   when it began or ended, in steps of FLIGHT_STEP_MS
 *       32-63   of the key's hash; 0 in all = never used */
enum { FLIGHTS = 1024, OWNER_MASK = 0xffff };
enum { FLIGHT_ENDED = 0, FLIGHT_UNSHARED = OWNER_MASK };

struct segment {
	uint32_t magic, layout;
	struct hash_key key;
	uint64_t share_off[SHARE_COUNT], share_bytes[SHARE_COUNT];
	_Atomic uint32_t zones[ZONE_SLOTS];
	_Atomic uint64_t flights[FLIGHTS];
	uint32_t n_slots;
	_Atomic uint32_t n_suspects; /* used entries; only grows until clear */
	struct suspect suspects[QUARANTINE_MAX];
	struct slot_block slots[];
};

/* Shares follow the slots, each at a page. */
static size_t
lay_out(struct segment *s, size_t start, size_t bytes)
{
	static const unsigned percent[SHARE_COUNT] = {
#define SHARE(name, percent, doc) percent,
#include "shm/shares.tbl"
#undef SHARE
	};

	for (int i = 0; i < SHARE_COUNT; i++) {
		start = (start + PAGE - 1) / PAGE * PAGE;
		s->share_off[i] = start;
		s->share_bytes[i] = bytes / 100 * percent[i] / PAGE * PAGE;
		start += s->share_bytes[i];
	}
	return start;
}

struct segment *
segment_new(unsigned n_slots, size_t bytes)
{
	size_t fixed =
	    sizeof(struct segment) + n_slots * sizeof(struct slot_block);
	struct segment head = {.magic = MAGIC,
			       .layout = SEGMENT_LAYOUT,
			       .n_slots = n_slots,
			       .key = hash_key_random()};
	size_t total = lay_out(&head, fixed, bytes);
	int fd = memfd_create("pdnslua", MFD_CLOEXEC);
	struct segment *s;

	if (fd < 0 || ftruncate(fd, (off_t)total) < 0)
		log_die("cannot make %zu bytes of shared memory", total);
	s = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (s == MAP_FAILED)
		log_die("cannot map %zu bytes of shared memory", total);
	close(fd);
	memcpy(s, &head, sizeof(head));
	return s;
}

void *
segment_share(struct segment *s, enum share share, size_t *bytes)
{
	*bytes = s->share_bytes[share];
	return (uint8_t *)s + s->share_off[share];
}

const struct hash_key *
segment_hash_key(const struct segment *s)
{
	return &s->key;
}

uint16_t
zone_slot(const struct segment *s, const uint8_t *apex, size_t len)
{
	/* slot 0 is "no zone" */
	return (uint16_t)(1 + hash_fast(&s->key, slice_of(apex, len)) %
				  (ZONE_SLOTS - 1));
}

uint16_t
tag_slot(const struct segment *s, struct slice tag)
{
	/* with a seed of its own: a tag is no apex */
	uint64_t h = hash_fast(&s->key, tag) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint16_t)(1 + (h >> 32) % (ZONE_SLOTS - 1));
}

uint32_t
zone_generation(const struct segment *s, uint16_t slot)
{
	return atomic_load_explicit(&s->zones[slot], memory_order_acquire);
}

void
zone_touch(struct segment *s, uint16_t slot)
{
	atomic_fetch_add(&s->zones[slot], 1);
}

void
zones_touch_above(struct segment *s, const uint8_t *name)
{
	size_t len = 1;

	for (const uint8_t *p = name; *p; p += *p + 1)
		len += *p + 1u;
	zone_touch(s, ZONE_SLOT_NONE);
	for (;;) {
		zone_touch(s, zone_slot(s, name, len));
		if (!*name)
			return;
		len -= *name + 1u;
		name += *name + 1;
	}
}

void
zones_touch_all(struct segment *s)
{
	for (unsigned i = 0; i < ZONE_SLOTS; i++)
		zone_touch(s, (uint16_t)i);
}

static _Atomic uint64_t *
flight_of(struct segment *s, uint64_t hash)
{
	return &s->flights[(hash >> 20) % FLIGHTS];
}

static uint64_t
flight_word(uint64_t hash, unsigned mark, int64_t now_ms)
{
	uint64_t step = (uint64_t)now_ms / FLIGHT_STEP_MS;

	return (hash >> 32) << 32 | (step & UINT16_MAX) << 16 | mark;
}

/* Negative: by the clock of this process it has not begun yet. */
static int64_t
flight_age_ms(uint64_t word, int64_t now_ms)
{
	uint64_t step = (uint64_t)now_ms / FLIGHT_STEP_MS;

	return (int64_t)(int16_t)(step - (word >> 16)) * FLIGHT_STEP_MS;
}

enum flight
flight_begin(struct segment *s, uint64_t hash, unsigned owner, int64_t now_ms,
	     int64_t max_ms)
{
	_Atomic uint64_t *at = flight_of(s, hash);
	uint64_t have = atomic_load(at);
	bool same = have && have >> 32 == hash >> 32;
	unsigned mark = have & OWNER_MASK;
	int64_t age_ms = flight_age_ms(have, now_ms);

	if (same && mark == FLIGHT_UNSHARED && age_ms >= 0 &&
	    age_ms <= FLIGHT_ALONE_MS)
		return FLIGHT_ALONE;
	if (same && mark != FLIGHT_UNSHARED && mark != FLIGHT_ENDED &&
	    mark != owner + 1 && age_ms <= max_ms)
		return FLIGHT_TAKEN;
	if (!atomic_compare_exchange_strong(
		at, &have, flight_word(hash, owner + 1, now_ms)))
		return FLIGHT_TAKEN; /* by whoever was faster */
	return same ? FLIGHT_AGAIN : FLIGHT_OURS;
}

void
flight_end(struct segment *s, uint64_t hash, unsigned owner, bool shared,
	   int64_t now_ms)
{
	_Atomic uint64_t *at = flight_of(s, hash);
	uint64_t have = atomic_load(at);

	if (have >> 32 == hash >> 32 && (have & OWNER_MASK) == owner + 1)
		atomic_compare_exchange_strong(
		    at, &have,
		    flight_word(hash, shared ? FLIGHT_ENDED : FLIGHT_UNSHARED,
				now_ms));
}

void
flights_clear(struct segment *s, unsigned owner)
{
	for (unsigned i = 0; i < FLIGHTS; i++) {
		uint64_t word = atomic_load(&s->flights[i]);

		if ((word & OWNER_MASK) == owner + 1)
			atomic_compare_exchange_strong(&s->flights[i], &word,
						       0);
	}
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
