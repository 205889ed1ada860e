/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_remotes.c - top clients in a fixed amount of memory: few are
 * exact, the heavy ones of many stay, old ones fade, and a writer that is
 * killed leaves nobody's address half written. Random; seeds are printed.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/mem.h"
#include "shm/remotes.h"

static const struct hash_key key = {{1, 2}};

static struct addr
client(const char *text)
{
	struct addr a;

	cr_assert_eq(addr_parse(slice_str(text), 53, &a), ERR_NONE);
	return a;
}

/* 10.x.y.z, or fd00::number with the number in several places. */
static struct addr
numbered(uint64_t number, bool v6)
{
	uint8_t raw[16] = {[0] = 0xfd};
	struct addr a;

	for (unsigned i = 0; i < 3; i++)
		raw[15 - i] = raw[7 - i] = (uint8_t)(number >> 8 * i);
	if (!v6) {
		raw[12] = 10;
		memmove(raw, raw + 12, 4);
	}
	cr_assert_eq(addr_from_raw(slice_of(raw, v6 ? 16 : 4), 0, &a),
		     ERR_NONE);
	return a;
}

static void
add(struct remotes *r, const struct addr *a, unsigned n)
{
	remotes_add(r, &key, a, n);
}

/* The entry of a client; its count is 0 if it has no place. */
static struct remote
find(const struct remotes *r, const struct addr *a)
{
	struct remote all[REMOTES_MAX], none = {.count = 0};
	size_t n = remotes_read(r, all);

	for (size_t i = 0; i < n; i++)
		if (addr_equal(&all[i].addr, a))
			return all[i];
	return none;
}

Test(remotes, a_few_are_exact)
{
	struct remotes *r = xnew(struct remotes);
	struct addr a = client("192.0.2.1"), b = client("2001:db8::1");
	struct remote all[REMOTES_MAX];

	cr_expect_eq(remotes_read(r, all), 0);
	add(r, &a, 1);
	add(r, &b, 3);
	add(r, &a, 1);
	cr_expect_eq(remotes_read(r, all), 2);
	cr_expect_eq(find(r, &a).count, 2);
	cr_expect_eq(find(r, &a).over, 0);
	cr_expect_eq(find(r, &b).count, 3);
	free(r);
}

Test(remotes, a_port_does_not_make_another_client)
{
	struct remotes *r = xnew(struct remotes);
	struct addr a = client("192.0.2.1"), b = a;
	struct remote x;

	addr_set_port(&b, 4000);
	add(r, &a, 1);
	add(r, &b, 1);
	x = find(r, &a);
	cr_expect_eq(x.count, 2);
	cr_expect_eq(addr_port(&x.addr), 0);
	free(r);
}

/* Ten clients send a tenth each of half of all queries, strangers the rest. */
Test(remotes, heavy_clients_stay_among_many_strangers)
{
	struct remotes *r = xnew(struct remotes);
	unsigned sent[10] = {0}, total = 0;
	struct prng p;

	prng_seed(&p);
	printf("seed %lx %lx\n", p.s[0], p.s[1]);
	for (; total < REMOTES_WINDOW - 1; total++) {
		unsigned who = prng_below(&p, 10);
		bool heavy = prng_below(&p, 2);
		struct addr a =
		    heavy ? numbered(who, who % 2)
			  : numbered(1000 + prng_below(&p, 1u << 23), who % 2);

		sent[who] += heavy;
		add(r, &a, 1);
	}
	for (unsigned who = 0; who < 10; who++) {
		struct addr a = numbered(who, who % 2);
		struct remote x = find(r, &a);

		cr_expect_geq(x.count, sent[who], "client %u", who);
		cr_expect_leq(x.count - x.over, sent[who], "client %u", who);
		/* strangers leave about a sixteenth of a set's queries */
		cr_expect_lt(x.over, total / REMOTES_SETS);
	}
	free(r);
}

Test(remotes, counts_are_never_too_low)
{
	struct remotes *r = xnew(struct remotes);
	unsigned *sent = xalloc(4000 * sizeof(*sent));
	struct remote all[REMOTES_MAX];
	struct prng p;
	size_t n;

	prng_seed(&p);
	printf("seed %lx %lx\n", p.s[0], p.s[1]);
	for (unsigned i = 0; i < REMOTES_WINDOW / 2; i++) {
		/* the lower the number, the more often */
		unsigned who = prng_below(&p, 1 + prng_below(&p, 4000));
		struct addr a = numbered(who, false);

		sent[who]++;
		add(r, &a, 1);
	}
	n = remotes_read(r, all);
	cr_expect_eq(n, REMOTES_MAX);
	for (size_t i = 0; i < n; i++) {
		const uint8_t *raw = addr_raw(&all[i].addr).at;
		unsigned who = (unsigned)(raw[1] << 16 | raw[2] << 8 | raw[3]);

		cr_assert_geq(all[i].count, sent[who]);
		cr_assert_leq(all[i].count - all[i].over, sent[who]);
	}
	free(sent);
	free(r);
}

Test(remotes, who_no_longer_asks_fades)
{
	struct remotes *r = xnew(struct remotes);
	struct addr old = client("192.0.2.1"), now = client("192.0.2.2");

	add(r, &old, 10000);
	for (unsigned i = 0; i < 10000; i++)
		add(r, &now, 1);
	/* the window is full: both were halved once */
	cr_expect_eq(find(r, &old).count, 5000);
	cr_expect_leq(find(r, &now).count, 5001);
	for (unsigned i = 0; i < 30 * REMOTES_WINDOW; i++)
		add(r, &now, 1);
	cr_expect_eq(find(r, &old).count, 0);
	cr_expect_leq(find(r, &now).count, REMOTES_WINDOW);
	free(r);
}

Test(remotes, a_set_in_doubt_is_left_out_until_it_is_repaired)
{
	struct remotes *r = xnew(struct remotes);
	struct addr a = client("192.0.2.1");

	add(r, &a, 1);
	for (unsigned i = 0; i < REMOTES_SETS; i++)
		r->set[i].seq++;
	cr_expect_eq(find(r, &a).count, 0);
	remotes_repair(r);
	cr_expect_eq(find(r, &a).count, 0);
	add(r, &a, 1);
	cr_expect_eq(find(r, &a).count, 1);
	remotes_repair(r);
	cr_expect_eq(find(r, &a).count, 1, "nothing was to be repaired");
	free(r);
}

/* --- deaths ----------------------------------------------------------------*/

/* Clients whose address has the same number at both ends. */
static void
write_for_ever(struct remotes *r, struct prng p)
{
	for (;;) {
		struct addr a = numbered(prng_below(&p, 1u << 24), true);

		add(r, &a, 1);
	}
}

static void
expect_whole(const struct remotes *r)
{
	struct remote all[REMOTES_MAX];
	size_t n = remotes_read(r, all);

	for (size_t i = 0; i < n; i++) {
		const uint8_t *raw = addr_raw(&all[i].addr).at;

		cr_assert(raw[0] == 0xfd && memcmp(raw + 5, raw + 13, 3) == 0,
			  "an address of two halves");
		cr_assert_leq(all[i].count, REMOTES_WINDOW);
	}
}

Test(remotes, writers_that_are_killed_leave_whole_addresses)
{
	unsigned kills = getenv("PDNSLUA_LONG") ? 5000 : 100;
	struct remotes *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct prng p;

	cr_assert_neq(r, MAP_FAILED);
	prng_seed(&p);
	printf("seed %lx %lx\n", p.s[0], p.s[1]);
	for (unsigned i = 0; i < kills; i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			write_for_ever(r, p);
		for (unsigned k = 0; k < 20; k++)
			expect_whole(r);
		usleep(prng_below(&p, 2000));
		kill(pid, SIGKILL);
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		expect_whole(r);
		remotes_repair(r);
		for (unsigned k = 0; k < REMOTES_SETS; k++)
			cr_assert_eq(r->set[k].seq % 2, 0);
	}
	munmap(r, sizeof(*r));
}
