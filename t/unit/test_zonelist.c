/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_zonelist.c - lists of zones as sealed files.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend/zones.h"
#include "dns/name.h"
#include "lib/fd.h"
#include "shm/zonelist.h"

enum { ZONES = 3000, BACKENDS = 3 };

static struct zone_entry
entry(unsigned backend, int32_t id)
{
	return (struct zone_entry){.backend = (uint8_t)backend,
				   .id = id,
				   .serial = (uint32_t)id + 1,
				   .notified_serial = (uint32_t)id + 2,
				   .kind = (uint8_t)(id % 5)};
}

static size_t
wire(const char *text, uint8_t out[NAME_MAX_BYTES])
{
	uint8_t name[NAME_MAX_BYTES];
	size_t len;

	cr_assert_eq(name_parse(slice_str(text), name, &len), ERR_NONE);
	return name_lower(name, out);
}

static void
add(struct zonelist_builder *b, const char *name, unsigned backend, int32_t id)
{
	struct zone_entry e = entry(backend, id);
	uint8_t buf[NAME_MAX_BYTES];
	size_t len = wire(name, buf);

	zonelist_builder_add(b, buf, len, &e);
}

static struct zone_list *
finish(struct zonelist_builder *b)
{
	int fd = zonelist_builder_seal(b);
	struct zone_list *z;

	cr_assert_geq(fd, 0);
	z = zonelist_open(fd);
	cr_assert_not_null(z);
	close(fd);
	return z;
}

static const struct zone_entry *
find(const struct zone_list *z, const char *name, unsigned backend)
{
	uint8_t buf[NAME_MAX_BYTES];
	size_t len = wire(name, buf);

	return zonelist_find(z, buf, len, backend);
}

static bool
has_below(const struct zone_list *z, const char *name)
{
	uint8_t buf[NAME_MAX_BYTES];
	size_t len = wire(name, buf);

	return zonelist_has_below(z, buf, len);
}

Test(zonelist, an_empty_list)
{
	struct zonelist_builder *b = zonelist_builder_new();
	const uint8_t *name;
	struct zone_list *z;

	zonelist_builder_cover(b, 0);
	zonelist_builder_cover(b, 31);
	cr_expect_eq(zonelist_builder_count(b), 0);
	z = finish(b);
	cr_expect_eq(zonelist_count(z), 0);
	cr_expect(zonelist_covers(z, 0) && zonelist_covers(z, 31));
	cr_expect_not(zonelist_covers(z, 1));
	cr_expect_null(find(z, "a", 0));
	cr_expect_not(has_below(z, "."));
	cr_expect_null(zonelist_at(z, 0, &name));
	zonelist_close(z);
	zonelist_close(NULL);
}

Test(zonelist, zones_and_their_ancestors)
{
	struct zonelist_builder *b = zonelist_builder_new();
	struct zone_list *z;

	add(b, "www.a.example", 0, 1);
	add(b, "a.example", 0, 2);
	add(b, "A.eXample", 1, 3);
	add(b, ".", 1, 4);
	cr_expect_eq(zonelist_builder_count(b), 4);
	z = finish(b);
	cr_expect_eq(zonelist_count(z), 4);
	cr_expect_eq(find(z, "www.a.example", 0)->id, 1);
	cr_expect_eq(find(z, "a.example", 0)->id, 2);
	cr_expect_eq(find(z, "a.example", 1)->id, 3);
	cr_expect_eq(find(z, ".", 1)->id, 4);
	cr_expect_null(find(z, ".", 0));
	cr_expect_null(find(z, "example", 0), "an ancestor is no zone");
	cr_expect_null(find(z, "www.a.example", 1));
	cr_expect(has_below(z, "a.example") && has_below(z, "example"));
	cr_expect(has_below(z, "."));
	cr_expect_not(has_below(z, "www.a.example"), "strictly below");
	cr_expect_not(has_below(z, "b.example"));
	zonelist_close(z);
}

Test(zonelist, a_second_entry_of_the_same_zone_replaces_the_first)
{
	struct zonelist_builder *b = zonelist_builder_new();
	const struct zone_entry *e;
	struct zone_list *z;

	add(b, "a", 0, 1);
	add(b, "b.a", 0, 2);
	add(b, "a", 0, 9);
	cr_expect_eq(zonelist_builder_count(b), 2);
	z = finish(b);
	e = find(z, "a", 0);
	cr_expect(e && e->id == 9 && e->serial == 10);
	cr_expect_eq(find(z, "b.a", 0)->id, 2);
	zonelist_close(z);
}

/* --- thousands, against an array -------------------------------------------
 */

static struct {
	char name[64];
	unsigned backend;
} zones[ZONES];

static bool
model_has(const char *name, unsigned backend)
{
	for (size_t i = 0; i < ZONES; i++)
		if (zones[i].backend == backend &&
		    strcmp(zones[i].name, name) == 0)
			return true;
	return false;
}

static bool
model_has_below(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < ZONES; i++) {
		size_t len = strlen(zones[i].name);

		if (len > n + 1 && zones[i].name[len - n - 1] == '.' &&
		    strcmp(zones[i].name + len - n, name) == 0)
			return true;
	}
	return false;
}

static void
random_zone(unsigned *seed, char *out, size_t cap)
{
	unsigned n = 1 + (unsigned)rand_r(seed) % 4;
	size_t at = 0;

	for (unsigned i = 0; i < n; i++)
		at += (size_t)snprintf(out + at, cap - at, "%sl%d",
				       i ? "." : "", rand_r(seed) % 30);
}

Test(zonelist, thousands_of_zones)
{
	struct zonelist_builder *b = zonelist_builder_new();
	unsigned seed = 11;
	struct zone_list *z;
	char name[64];

	for (size_t i = 0; i < ZONES; i++) {
		random_zone(&seed, zones[i].name, sizeof(zones[i].name));
		zones[i].backend = (unsigned)rand_r(&seed) % BACKENDS;
		add(b, zones[i].name, zones[i].backend, (int32_t)i);
	}
	z = finish(b);
	for (unsigned i = 0; i < 5000; i++) {
		unsigned backend = i % BACKENDS;

		random_zone(&seed, name, sizeof(name));
		cr_assert_eq(find(z, name, backend) != NULL,
			     model_has(name, backend), "%s", name);
		cr_assert_eq(has_below(z, name), model_has_below(name), "%s",
			     name);
	}
	zonelist_close(z);
}

Test(zonelist, walking_finds_every_entry_once)
{
	struct zonelist_builder *b = zonelist_builder_new();
	const struct zone_entry *e;
	size_t n_zones = 0, n_ancestors = 0;
	const uint8_t *name;
	struct zone_list *z;

	for (int32_t i = 0; i < 500; i++) {
		char text[32];

		snprintf(text, sizeof(text), "z%d.t%d.test", i, i % 7);
		add(b, text, 0, i);
	}
	z = finish(b);
	for (size_t i = 0; (e = zonelist_at(z, i, &name)) != NULL; i++) {
		cr_assert_eq(name_check(slice_of(name, e->name_len)),
			     e->name_len);
		cr_assert_eq(zonelist_find(z, name, e->name_len, e->backend),
			     e);
		n_zones += e->backend == 0;
		n_ancestors += e->backend == ZONE_IS_ANCESTOR;
	}
	cr_expect_eq(n_zones, 500);
	cr_expect_eq(n_ancestors, 7 + 1 + 1);
	zonelist_close(z);
}

/* --- files that are none ----------------------------------------------------
 */

static int
file_of(const uint8_t *bytes, size_t n)
{
	int fd = memfd_create("test", 0);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, bytes, n), (ssize_t)n);
	return fd;
}

/* Look at everything that a reader may look at. */
static void
read_all(const struct zone_list *z)
{
	const struct zone_entry *e;
	const uint8_t *name;

	for (size_t i = 0; (e = zonelist_at(z, i, &name)) != NULL; i++) {
		uint8_t copy[NAME_MAX_BYTES];

		memcpy(copy, name, e->name_len);
		(void)zonelist_find(z, copy, e->name_len, e->backend);
		(void)zonelist_has_below(z, copy, e->name_len);
	}
	(void)find(z, "nothing.like.this", 0);
}

Test(zonelist, a_damaged_file_is_refused_or_harmless)
{
	struct zonelist_builder *b = zonelist_builder_new();
	static uint8_t bytes[8192], damaged[8192];
	unsigned seed = 3;
	ssize_t n;
	int fd;

	for (int32_t i = 0; i < 20; i++) {
		char text[32];

		snprintf(text, sizeof(text), "z%d.test", i);
		add(b, text, 0, i);
	}
	fd = zonelist_builder_seal(b);
	n = pread(fd, bytes, sizeof(bytes), 0);
	close(fd);
	cr_assert(n > 1000 && n < (ssize_t)sizeof(bytes));
	for (size_t cut = 0; cut < (size_t)n; cut += 7) {
		fd = file_of(bytes, cut);
		cr_assert_null(zonelist_open(fd), "%zu bytes", cut);
		close(fd);
	}
	for (size_t i = 0; i < 4 * (size_t)n; i++) {
		size_t at =
		    i < (size_t)n ? i : (size_t)rand_r(&seed) % (size_t)n;
		struct zone_list *z;

		memcpy(damaged, bytes, (size_t)n);
		damaged[at] ^= (uint8_t)(1 + rand_r(&seed) % 255);
		fd = file_of(damaged, (size_t)n);
		z = zonelist_open(fd);
		close(fd);
		if (z)
			read_all(z);
		zonelist_close(z);
	}
}

Test(zonelist, strange_descriptors_are_refused)
{
	int fds[2];

	cr_assert_eq(pipe(fds), 0);
	cr_expect_null(zonelist_open(fds[0]));
	cr_expect_null(zonelist_open(-1));
	close(fds[0]);
	close(fds[1]);
}

/* --- from backends -----------------------------------------------------------
 */

struct lister {
	enum err result;
	size_t n;
};

static enum err
list_some(void *self, domain_cb *cb, void *ctx)
{
	const struct lister *l = self;

	for (size_t i = 0; i < l->n; i++) {
		struct domain d = {.id = (int32_t)i, .kind = KIND_PRIMARY};
		char text[32];
		enum err e;

		snprintf(text, sizeof(text), "z%zu.test", i);
		wire(text, d.name);
		e = cb(ctx, &d);
		if (e != ERR_NONE)
			return e;
	}
	return l->result;
}

static const struct {
	const char *name;
	struct lister listers[2];
	bool asked[2]; /* has the op */
	enum err want;
	bool made;	 /* a list comes out */
	unsigned covers; /* bit mask */
	size_t zones;
} listings[] = {
    {"both",
     {{ERR_NONE, 2}, {ERR_NONE, 3}},
     {true, true},
     ERR_NONE,
     true,
     3,
     5},
    {"one says no",
     {{ERR_MISS, 0}, {ERR_NONE, 3}},
     {true, true},
     ERR_NONE,
     true,
     2,
     3},
    {"one has no list",
     {{ERR_NONE, 1}, {ERR_NONE, 0}},
     {true, false},
     ERR_NONE,
     true,
     1,
     1},
    {"none",
     {{ERR_MISS, 0}, {ERR_MISS, 0}},
     {true, false},
     ERR_NONE,
     false,
     0,
     0},
    {"an empty list is a list",
     {{ERR_NONE, 0}, {ERR_MISS, 0}},
     {true, true},
     ERR_NONE,
     true,
     1,
     0},
    {"one fails",
     {{ERR_NONE, 2}, {ERR_SCRIPT, 1}},
     {true, true},
     ERR_SCRIPT,
     false,
     0,
     0},
};

Test(zonelist, from_backends)
{
	static const struct backend_ops lists = {.domains = list_some},
					bare = {.domains = NULL};

	for (size_t i = 0; i < COUNT(listings); i++) {
		struct lister l[2] = {listings[i].listers[0],
				      listings[i].listers[1]};
		struct backends all = {.n = 2};
		struct zone_list *z = NULL;
		int fd = -7;

		for (size_t k = 0; k < 2; k++)
			all.at[k] = (struct backend){
			    .ops = listings[i].asked[k] ? &lists : &bare,
			    .self = &l[k]};
		cr_expect_eq(backends_list_zones(&all, &fd), listings[i].want,
			     "%s", listings[i].name);
		if (listings[i].want != ERR_NONE) {
			cr_expect_eq(fd, -7, "untouched");
			continue;
		}
		cr_expect_eq(fd >= 0, listings[i].made, "%s", listings[i].name);
		if (fd < 0)
			continue;
		z = zonelist_open(fd);
		close(fd);
		cr_assert_not_null(z);
		for (unsigned k = 0; k < 2; k++)
			cr_expect_eq(zonelist_covers(z, k),
				     listings[i].covers >> k & 1, "%s",
				     listings[i].name);
		cr_expect_eq(zonelist_count(z), listings[i].zones, "%s",
			     listings[i].name);
		zonelist_close(z);
	}
}
