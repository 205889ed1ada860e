/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/zonelist.c - zone list files. Built in a worker or job, read in workers.
 * Invariant: a sealed file never changes, so readers need no locks; all that
 * it says is checked once, when it is opened.
 */
#include "shm/zonelist.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "lib/fd.h"
#include "lib/hash.h"
#include "lib/mem.h"

enum { ZONELIST_MAGIC = 0x7a6c7331 /* "zls1" */ };

struct head {
	uint32_t magic;
	uint32_t n_slots; /* a power of two */
	uint32_t n_entries;
	uint32_t n_zones; /* entries that are no ancestors */
	uint32_t covers;  /* bit i: backend i has told all its zones */
	uint32_t reserved;
	uint64_t key[2];
	uint64_t bytes; /* of the whole file */
};

struct zone_list {
	const struct head *head;
	const uint32_t *slots; /* entry + 1 */
	const struct zone_entry *entries;
	size_t bytes;
};

struct zonelist_builder {
	struct zone_entry *entries;
	size_t n, cap, n_zones;
	uint8_t *names;
	size_t names_len, names_cap;
	uint32_t *slots;
	size_t n_slots;
	struct hash_key key;
	uint32_t covers;
};

struct zonelist_builder *
zonelist_builder_new(void)
{
	struct zonelist_builder *b = xnew(struct zonelist_builder);

	b->key = hash_key_random();
	b->n_slots = 64;
	b->slots = xalloc(b->n_slots * sizeof(*b->slots));
	return b;
}

static size_t
slot_of(const struct hash_key *key, size_t n_slots, const uint8_t *name,
	size_t len)
{
	return hash_fast(key, slice_of(name, len)) & (n_slots - 1);
}

static void
builder_link(struct zonelist_builder *b, size_t i)
{
	struct zone_entry *e = &b->entries[i];
	size_t slot =
	    slot_of(&b->key, b->n_slots, b->names + e->name_off, e->name_len);

	e->next = b->slots[slot];
	b->slots[slot] = (uint32_t)i + 1;
}

static void
builder_grow(struct zonelist_builder *b)
{
	b->cap = b->cap ? 2 * b->cap : 64;
	b->entries = xrealloc(b->entries, b->cap * sizeof(*b->entries));
	while (b->n_slots < b->cap)
		b->n_slots *= 2;
	free(b->slots);
	b->slots = xalloc(b->n_slots * sizeof(*b->slots));
	for (size_t i = 0; i < b->n; i++)
		builder_link(b, i);
}

static struct zone_entry *
builder_find(struct zonelist_builder *b, const uint8_t *name, size_t len,
	     uint8_t backend)
{
	size_t slot = slot_of(&b->key, b->n_slots, name, len);

	for (uint32_t i = b->slots[slot]; i; i = b->entries[i - 1].next) {
		struct zone_entry *e = &b->entries[i - 1];

		if (e->backend == backend && e->name_len == len &&
		    memcmp(b->names + e->name_off, name, len) == 0)
			return e;
	}
	return NULL;
}

static void
builder_put(struct zonelist_builder *b, const uint8_t *name, size_t len,
	    const struct zone_entry *from)
{
	struct zone_entry *e = builder_find(b, name, len, from->backend);

	if (e) {
		struct zone_entry old = *e;

		*e = *from;
		e->next = old.next;
		e->name_off = old.name_off;
		e->name_len = old.name_len;
		return;
	}
	if (b->n == b->cap)
		builder_grow(b);
	if (b->names_len + len > b->names_cap) {
		b->names_cap = 2 * b->names_cap + 4096;
		b->names = xrealloc(b->names, b->names_cap);
	}
	e = &b->entries[b->n];
	*e = *from;
	e->name_off = (uint32_t)b->names_len;
	e->name_len = (uint8_t)len;
	memcpy(b->names + b->names_len, name, len);
	b->names_len += len;
	b->n_zones += from->backend != ZONE_IS_ANCESTOR;
	builder_link(b, b->n++);
}

void
zonelist_builder_add(struct zonelist_builder *b, const uint8_t *name,
		     size_t len, const struct zone_entry *e)
{
	const struct zone_entry above = {.backend = ZONE_IS_ANCESTOR};

	builder_put(b, name, len, e);
	while (*name) {
		len -= *name + 1u;
		name += *name + 1;
		if (builder_find(b, name, len, ZONE_IS_ANCESTOR))
			break; /* then those above it are there too */
		builder_put(b, name, len, &above);
	}
}

void
zonelist_builder_cover(struct zonelist_builder *b, unsigned backend)
{
	b->covers |= UINT32_C(1) << backend;
}

size_t
zonelist_builder_count(const struct zonelist_builder *b)
{
	return b->n_zones;
}

int
zonelist_builder_seal(struct zonelist_builder *b)
{
	size_t slots_len = b->n_slots * sizeof(*b->slots);
	size_t entries_len = b->n * sizeof(*b->entries);
	size_t names_at = sizeof(struct head) + slots_len + entries_len;
	struct head head = {.magic = ZONELIST_MAGIC,
			    .n_slots = (uint32_t)b->n_slots,
			    .n_entries = (uint32_t)b->n,
			    .n_zones = (uint32_t)b->n_zones,
			    .covers = b->covers,
			    .key = {b->key.word[0], b->key.word[1]},
			    .bytes = names_at + b->names_len};
	uint8_t *file = xalloc(head.bytes);
	int fd;

	for (size_t i = 0; i < b->n; i++)
		b->entries[i].name_off += (uint32_t)names_at;
	memcpy(file, &head, sizeof(head));
	memcpy(file + sizeof(head), b->slots, slots_len);
	if (b->n) {
		memcpy(file + sizeof(head) + slots_len, b->entries,
		       entries_len);
		memcpy(file + names_at, b->names, b->names_len);
	}
	fd = fd_sealed_copy("pdnslua-zones", slice_of(file, head.bytes));
	free(file);
	free(b->entries);
	free(b->names);
	free(b->slots);
	free(b);
	return fd;
}

static bool
head_fits(const struct head *h, size_t bytes)
{
	return h->magic == ZONELIST_MAGIC && h->bytes == bytes && h->n_slots &&
	       (h->n_slots & (h->n_slots - 1)) == 0 &&
	       bytes >= sizeof(*h) + (size_t)h->n_slots * sizeof(uint32_t) +
			    (size_t)h->n_entries * sizeof(struct zone_entry);
}

/* Chains go to earlier entries only, so each of them ends. */
static bool
entries_fit(const struct zone_list *z)
{
	const struct head *h = z->head;

	for (uint32_t i = 0; i < h->n_slots; i++)
		if (z->slots[i] > h->n_entries)
			return false;
	for (uint32_t i = 0; i < h->n_entries; i++) {
		const struct zone_entry *e = &z->entries[i];

		if (e->next > i || e->name_off > z->bytes ||
		    z->bytes - e->name_off < e->name_len)
			return false;
	}
	return true;
}

struct zone_list *
zonelist_open(int fd)
{
	struct stat st;
	struct zone_list *z;
	const uint8_t *file;
	size_t bytes;

	if (fstat(fd, &st) < 0 || (size_t)st.st_size < sizeof(struct head))
		return NULL;
	bytes = (size_t)st.st_size;
	file = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (file == MAP_FAILED)
		return NULL;
	if (!head_fits((const void *)file, bytes)) {
		munmap((void *)(uintptr_t)file, bytes);
		return NULL;
	}
	z = xnew(struct zone_list);
	z->bytes = bytes;
	z->head = (const void *)file;
	z->slots = (const void *)(file + sizeof(struct head));
	z->entries = (const void *)(z->slots + z->head->n_slots);
	if (!entries_fit(z)) {
		zonelist_close(z);
		return NULL;
	}
	return z;
}

void
zonelist_close(struct zone_list *z)
{
	if (!z)
		return;
	munmap((void *)(uintptr_t)z->head, z->bytes);
	free(z);
}

bool
zonelist_covers(const struct zone_list *z, unsigned backend)
{
	return z->head->covers >> backend & 1;
}

size_t
zonelist_count(const struct zone_list *z)
{
	return z->head->n_zones;
}

const struct zone_entry *
zonelist_find(const struct zone_list *z, const uint8_t *name, size_t len,
	      unsigned backend)
{
	const struct hash_key key = {{z->head->key[0], z->head->key[1]}};
	uint32_t i = z->slots[slot_of(&key, z->head->n_slots, name, len)];

	while (i) {
		const struct zone_entry *e = &z->entries[i - 1];

		if (e->backend == backend && e->name_len == len &&
		    memcmp((const uint8_t *)z->head + e->name_off, name, len) ==
			0)
			return e;
		i = e->next;
	}
	return NULL;
}

bool
zonelist_has_below(const struct zone_list *z, const uint8_t *name, size_t len)
{
	return zonelist_find(z, name, len, ZONE_IS_ANCESTOR) != NULL;
}

const struct zone_entry *
zonelist_at(const struct zone_list *z, size_t i, const uint8_t **name)
{
	if (i >= z->head->n_entries)
		return NULL;
	*name = (const uint8_t *)z->head + z->entries[i].name_off;
	return &z->entries[i];
}
