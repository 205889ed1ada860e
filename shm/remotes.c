/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/remotes.c - top clients. Written in workers, read in the master.
 * Invariant: while the sequence of a set is even, its places hold whole
 * addresses.
 */
#include "shm/remotes.h"

#include <string.h>

#include "lib/bug.h"

enum { OVER_SHIFT = 32, TRIES = 8 };
#define COUNT_MASK UINT64_C(0xffffffff)

/* 16 bytes; IPv4 as ::ffff:a.b.c.d. */
struct words {
	uint64_t at[2];
};

static struct words
words_of(const struct addr *a)
{
	uint8_t raw[16] = {[10] = 0xff, [11] = 0xff};
	struct words w;

	if (addr_family(a) == AF_INET)
		memcpy(raw + 12, &a->u.in4.sin_addr, 4);
	else
		memcpy(raw, &a->u.in6.sin6_addr, 16);
	memcpy(w.at, raw, sizeof(w.at));
	return w;
}

static unsigned
set_of(const struct words *w, const struct hash_key *key)
{
	uint64_t h = (w->at[0] ^ key->word[0]) * UINT64_C(0x9e3779b97f4a7c15);

	h = (h << 32 | h >> 32) ^ w->at[1] ^ key->word[1];
	/* the last bytes of an address are its highest bits: fold them down */
	h = (h ^ h >> 32) * UINT64_C(0xd1b54a32d192ed03);
	return (unsigned)(h >> 32) % REMOTES_SETS;
}

static uint64_t
load(const _Atomic uint64_t *at)
{
	return atomic_load_explicit(at, memory_order_acquire);
}

static void
store(_Atomic uint64_t *at, uint64_t v)
{
	atomic_store_explicit(at, v, memory_order_release);
}

/* Half of both; what comes to nothing is free again. */
static void
halve_all(struct remotes *r)
{
	for (unsigned i = 0; i < REMOTES_MAX; i++) {
		_Atomic uint64_t *at =
		    &r->set[i / REMOTES_WAYS].way[i % REMOTES_WAYS].count;
		uint64_t count = load(at);

		store(at, (count & COUNT_MASK) / 2 > 0
			      ? (count >> 1 & ~(UINT64_C(1) << 31))
			      : 0);
	}
	r->total /= 2;
}

/* The place with the smallest count goes to another client. */
static void
take_place(struct remote_set *s, struct remote_place *p, const struct words *w,
	   unsigned n)
{
	uint64_t over = load(&p->count) & COUNT_MASK;
	uint32_t seq = atomic_load_explicit(&s->seq, memory_order_relaxed);

	atomic_store_explicit(&s->seq, seq + 1, memory_order_relaxed);
	store(&p->addr[0], w->at[0]);
	store(&p->addr[1], w->at[1]);
	store(&p->count, over << OVER_SHIFT | (over + n));
	atomic_store_explicit(&s->seq, seq + 2, memory_order_release);
}

void
remotes_add(struct remotes *r, const struct hash_key *key, const struct addr *a,
	    unsigned n)
{
	const struct words w = words_of(a);
	struct remote_set *s = &r->set[set_of(&w, key)];
	struct remote_place *least = &s->way[0];

	r->total += n;
	if (UNLIKELY(r->total >= REMOTES_WINDOW))
		halve_all(r);
	for (unsigned i = 0; i < REMOTES_WAYS; i++) {
		struct remote_place *p = &s->way[i];
		uint64_t count = load(&p->count);

		if (count && load(&p->addr[1]) == w.at[1] &&
		    load(&p->addr[0]) == w.at[0]) {
			store(&p->count, count + n);
			return;
		}
		if ((count & COUNT_MASK) < (load(&least->count) & COUNT_MASK))
			least = p;
	}
	take_place(s, least, &w, n);
}

static struct addr
addr_of(const struct words *w)
{
	struct addr a;
	uint8_t raw[16];

	memset(&a, 0, sizeof(a));
	memcpy(raw, w->at, sizeof(raw));
	a.u.in6.sin6_family = AF_INET6;
	memcpy(&a.u.in6.sin6_addr, raw, sizeof(raw));
	addr_unmap(&a);
	return a;
}

/* The clients of one set; 0 if it does not hold still. */
static size_t
read_set(const struct remote_set *s, struct remote *out)
{
	for (unsigned try = 0; try < TRIES; try++) {
		uint32_t seq =
		    atomic_load_explicit(&s->seq, memory_order_acquire);
		size_t n = 0;

		for (unsigned i = 0; i < REMOTES_WAYS && seq % 2 == 0; i++) {
			const struct remote_place *p = &s->way[i];
			struct words w = {
			    {load(&p->addr[0]), load(&p->addr[1])}};
			uint64_t count = load(&p->count);

			if (!count)
				continue;
			out[n++] = (struct remote){.addr = addr_of(&w),
						   .count = count & COUNT_MASK,
						   .over = count >> OVER_SHIFT};
		}
		if (atomic_load_explicit(&s->seq, memory_order_relaxed) ==
			seq &&
		    seq % 2 == 0)
			return n;
	}
	return 0;
}

size_t
remotes_read(const struct remotes *r, struct remote *out)
{
	size_t n = 0;

	for (unsigned i = 0; i < REMOTES_SETS; i++)
		n += read_set(&r->set[i], out + n);
	return n;
}

void
remotes_repair(struct remotes *r)
{
	for (unsigned i = 0; i < REMOTES_SETS; i++) {
		struct remote_set *s = &r->set[i];
		uint32_t seq = atomic_load(&s->seq);

		if (seq % 2 == 0)
			continue;
		for (unsigned k = 0; k < REMOTES_WAYS; k++)
			atomic_store(&s->way[k].count, 0);
		atomic_store(&s->seq, seq + 1);
	}
}
