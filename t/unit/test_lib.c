/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_lib.c - readers, writers, arenas, strings, hashes, descriptors.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "lib/err.h"
#include "lib/fd.h"
#include "lib/hash.h"
#include "lib/mem.h"
#include "lib/rd.h"
#include "lib/text.h"
#include "lib/wr.h"

/* --- rd, wr --------------------------------------------------------------- */

Test(rd, reads_network_order_and_stops_at_the_end)
{
	static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8};
	struct rd r = rd_over(slice_of(bytes, sizeof(bytes)));
	struct slice rest;

	cr_expect_eq(rd_u8(&r), 1);
	cr_expect_eq(rd_u16(&r), 0x0203);
	cr_expect_eq(rd_u32(&r), 0x04050607);
	cr_expect_eq(rd_pos(&r), 7);
	cr_expect_eq(rd_left(&r), 1);
	rest = rd_slice(&r, 1);
	cr_expect(rest.len == 1 && rest.at == bytes + 7);
	cr_expect_not(rd_failed(&r));
	cr_expect_not_null(rd_take(&r, 0));
	cr_expect_eq(rd_u8(&r), 0);
	cr_expect(rd_failed(&r));
}

Test(rd, a_failure_is_sticky)
{
	static const uint8_t bytes[] = {9, 9, 9};
	struct rd r = rd_over(slice_of(bytes, sizeof(bytes)));

	cr_expect_eq(rd_u32(&r), 0);
	cr_expect(rd_failed(&r));
	cr_expect_eq(rd_u8(&r), 0, "bytes are left, but the reader has failed");
	cr_expect_eq(rd_slice(&r, 1).len, 0);
	cr_expect_null(rd_take(&r, 0));
	cr_expect_null(rd_take(&r, SIZE_MAX));
	cr_expect_eq(rd_pos(&r), 0, "a failed read takes nothing");
}

Test(rd, over_nothing)
{
	struct rd r = rd_over((struct slice){NULL, 0});

	cr_expect_eq(rd_left(&r), 0);
	cr_expect_eq(rd_u16(&r), 0);
	cr_expect(rd_failed(&r));
}

Test(wr, writes_network_order_and_nothing_behind_the_end)
{
	static const uint8_t want[] = {1, 2, 3, 4, 5, 6, 7, 'a', 'b'};
	uint8_t buf[12];
	struct wr w = wr_over((struct span){buf, 9});

	memset(buf, 0xee, sizeof(buf));
	wr_u8(&w, 1);
	wr_u16(&w, 0x0203);
	wr_u32(&w, 0x04050607);
	wr_slice(&w, slice_str("ab"));
	wr_bytes(&w, NULL, 0);
	cr_expect_not(wr_failed(&w));
	cr_expect(slice_equal(wr_done(&w), slice_of(want, sizeof(want))));
	wr_u8(&w, 9);
	cr_expect(wr_failed(&w));
	cr_expect_eq(w.len, 9);
	cr_expect_eq(buf[9], 0xee);
}

Test(wr, what_does_not_fit_is_not_written_in_part)
{
	uint8_t buf[4] = {0};
	struct wr w = wr_over((struct span){buf, 3});

	wr_u32(&w, 0xffffffff);
	cr_expect(wr_failed(&w));
	cr_expect_eq(buf[0], 0);
	wr_u8(&w, 1);
	cr_expect_eq(w.len, 0, "there is room, but the writer has failed");
	cr_expect_null(wr_take(&w, SIZE_MAX));
}

Test(wr, patches_only_what_was_written)
{
	uint8_t buf[4] = {0};
	struct wr w = wr_over((struct span){buf, 4});

	wr_u16(&w, 0);
	wr_patch_u16(&w, 0, 0x0102);
	cr_expect(buf[0] == 1 && buf[1] == 2);
	wr_patch_u16(&w, 1, 0xffff);
	cr_expect(buf[1] == 2 && buf[2] == 0);
}

/* --- arena ---------------------------------------------------------------- */

Test(arena, hands_out_aligned_bytes_that_do_not_overlap)
{
	struct arena a;
	uint8_t *p[200];

	arena_init(&a, 64, 0);
	for (size_t i = 0; i < COUNT(p); i++) {
		p[i] = arena_alloc(&a, i);
		cr_assert_not_null(p[i]);
		cr_assert_eq((uintptr_t)p[i] % 8, 0);
		memset(p[i], (int)i, i);
	}
	for (size_t i = 0; i < COUNT(p); i++)
		for (size_t k = 0; k < i; k++)
			cr_assert_eq(p[i][k], (uint8_t)i);
	arena_fini(&a);
}

Test(arena, keeps_to_its_limit_and_is_whole_again_after_reset)
{
	struct arena a;
	void *first;
	size_t got = 0;

	arena_init(&a, 1024, 200000);
	first = arena_alloc(&a, 8);
	while (arena_alloc(&a, 1000))
		got += 1000;
	cr_expect(got >= 64000 && got <= 200000, "%zu bytes", got);
	cr_expect_null(arena_alloc(&a, 100000));
	arena_reset(&a);
	cr_expect_eq(arena_alloc(&a, 8), first);
	cr_expect_not_null(arena_alloc(&a, 100000));
	arena_reset(&a);
	cr_expect_null(arena_alloc(&a, 200000), "larger than the limit");
	cr_expect_not_null(arena_alloc(&a, 100));
	arena_fini(&a);
}

Test(arena, refuses_sizes_that_wrap_around)
{
	struct arena a;

	arena_init(&a, 64, 0);
	for (size_t back = 0; back < 64; back++)
		cr_expect_null(arena_alloc(&a, SIZE_MAX - back), "%zu", back);
	arena_fini(&a);
}

Test(arena, copies)
{
	struct arena a;
	char *p;

	arena_init(&a, 16, 32);
	p = arena_copy(&a, "word", 5);
	cr_expect_str_eq(p, "word");
	cr_expect_not_null(arena_copy(&a, NULL, 0));
	cr_expect_null(arena_copy(&a, "long text that does not fit", 28));
	arena_fini(&a);
}

Test(mem, printf_and_strdup)
{
	char *a = xprintf("%s-%d", "x", 7), *b = xstrdup(a);

	cr_expect_str_eq(b, "x-7");
	b = xrealloc(b, 100);
	cr_expect_str_eq(b, "x-7");
	free(a);
	free(b);
}

/* --- text ----------------------------------------------------------------- */

Test(text, cuts_and_tells)
{
	char buf[8];
	struct text t = text_over(buf, sizeof(buf));

	cr_expect_str_eq(buf, "");
	text_str(&t, "abc");
	text_char(&t, 'd');
	text_fmt(&t, "%d", 56);
	cr_expect_str_eq(buf, "abcd56");
	cr_expect_not(text_cut(&t));
	text_fmt(&t, "%d", 789);
	cr_expect_str_eq(buf, "abcd567");
	cr_expect(text_cut(&t));
	cr_expect_eq(t.len, 7);
	text_char(&t, 'x');
	text_put(&t, "y", 1);
	text_fmt(&t, "z");
	cr_expect_str_eq(buf, "abcd567");
}

Test(text, exactly_full_is_not_cut)
{
	char buf[4], one[1];
	struct text t = text_over(buf, sizeof(buf));

	text_fmt(&t, "%s", "abc");
	cr_expect_not(text_cut(&t));
	cr_expect_eq(t.len, 3);
	text_str(&t, "");
	cr_expect_not(text_cut(&t));
	t = text_over(one, 1);
	text_fmt(&t, "%s", "");
	cr_expect_not(text_cut(&t));
	text_str(&t, "a");
	cr_expect(text_cut(&t));
	cr_expect_str_eq(one, "");
}

/* --- hash ----------------------------------------------------------------- */

/* Key and message are the bytes 0, 1, 2, ... as in the paper's appendix. */
Test(hash, siphash_2_4_reference_vectors)
{
	static const struct {
		size_t len;
		uint64_t want;
	} cases[] = {{0, 0x726fdb47dd0e0e31}, {1, 0x74f839c593dc67fd},
		     {2, 0x0d6c8009d9a94f5a}, {3, 0x85676696d7fb7e2d},
		     {4, 0xcf2794e0277187b7}, {5, 0x18765564cd99a68d},
		     {6, 0xcbc9466e58fee3ce}, {7, 0xab0200f58b01d137},
		     {8, 0x93f5f5799a932462}, {15, 0xa129ca6149be45e5},
		     {63, 0x958a324ceb064572}};
	uint8_t bytes[64], shifted[65];
	struct hash_key key;

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	memcpy(shifted + 1, bytes, sizeof(bytes));
	key = hash_key_from(bytes);
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t n = cases[i].len;

		cr_expect_eq(hash_cookie(&key, slice_of(bytes, n)),
			     cases[i].want, "%zu bytes", n);
		cr_expect_eq(hash_cookie(&key, slice_of(shifted + 1, n)),
			     cases[i].want, "%zu bytes, unaligned", n);
	}
}

/* CPython's hash of bytes is SipHash-1-3; PYTHONHASHSEED=0 is the zero key. */
Test(hash, siphash_1_3_against_another_implementation)
{
	static const struct {
		const char *text;
		uint64_t want;
	} cases[] = {{"a", 0x407448d2b89b1813},
		     {"abcdefg", 0x6db12aae9070f506},
		     {"abcdefgh", 0x3f7b849c0b8e35ea},
		     {"abcdefghi", 0xf89b34a3d11eb6e5}};
	const struct hash_key zero = {{0, 0}};

	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_eq(hash_fast(&zero, slice_str(cases[i].text)),
			     cases[i].want, "%s", cases[i].text);
}

Test(hash, keys_differ)
{
	struct hash_key a = hash_key_random(), b = hash_key_random();

	cr_expect_neq(hash_fast(&a, slice_str("x")),
		      hash_fast(&b, slice_str("x")));
}

/* The product of two words in four quarters, as on paper. */
static void
add_product(uint64_t sum[2], uint64_t a, uint64_t b)
{
	uint64_t al = a & UINT32_MAX, ah = a >> 32, bl = b & UINT32_MAX,
		 bh = b >> 32;
	uint64_t mid = ah * bl + (al * bl >> 32);
	uint64_t mid2 = al * bh + (mid & UINT32_MAX);
	uint64_t low = a * b, high = ah * bh + (mid >> 32) + (mid2 >> 32);

	sum[0] += low;
	sum[1] += high + (sum[0] < low);
}

/* hash_nh by its definition, byte after byte. */
static uint64_t
nh_on_paper(const struct nh_key *k, const uint8_t *in, size_t n)
{
	uint64_t sum[2] = {0, 0}, h;
	size_t steps = n <= 16 ? 1 : (n + 15) / 16;

	for (size_t s = 0; s < steps; s++) {
		size_t at = s + 1 < steps || n < 16 ? 16 * s : n - 16;
		uint64_t w[2] = {0, 0};

		for (size_t i = 0; i < 16 && at + i < n; i++)
			w[i / 8] |= (uint64_t)in[at + i] << 8 * (i % 8);
		add_product(sum, w[0] + k->word[2 * s],
			    w[1] + k->word[2 * s + 1]);
	}
	h = sum[0] * (k->word[HASH_NH_MAX / 8] | 1) +
	    sum[1] * (k->word[HASH_NH_MAX / 8 + 1] | 1) + n;
	h = (h ^ h >> 32) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

Test(hash, nh_is_what_its_definition_says_at_every_length_and_alignment)
{
	const struct hash_key secret = {{3, 5}};
	uint8_t in[8 + HASH_NH_MAX];
	struct nh_key k;

	nh_key_derive(&k, &secret);
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 37 + i / 7);
	for (size_t n = 0; n <= HASH_NH_MAX; n++)
		for (size_t at = 0; at < 8; at += 3)
			cr_assert_eq(hash_nh(&k, slice_of(in + at, n)),
				     nh_on_paper(&k, in + at, n),
				     "%zu bytes at %zu", n, at);
}

Test(hash, nh_moves_with_every_bit_the_length_and_the_key)
{
	const struct hash_key one = {{3, 5}}, other = {{3, 6}};
	uint8_t in[HASH_NH_MAX] = {0};
	struct nh_key k, l;

	nh_key_derive(&k, &one);
	nh_key_derive(&l, &other);
	for (size_t n = 1; n <= HASH_NH_MAX; n += 13) {
		struct slice s = slice_of(in, n);
		uint64_t h = hash_nh(&k, s);

		cr_expect_neq(h, hash_nh(&l, s));
		cr_expect_neq(h, hash_nh(&k, slice_of(in, n - 1)));
		for (size_t bit = 0; bit < 8 * n; bit++) {
			in[bit / 8] ^= (uint8_t)(1 << bit % 8);
			cr_expect_neq(h, hash_nh(&k, s), "%zu: bit %zu", n,
				      bit);
			in[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

Test(prng, stays_below_and_reaches_everything)
{
	struct prng p = {{1, 2}};
	unsigned seen[7] = {0};

	for (unsigned i = 0; i < 7000; i++) {
		uint32_t v = prng_below(&p, 7);

		cr_assert_lt(v, 7);
		seen[v]++;
	}
	for (unsigned i = 0; i < 7; i++)
		cr_expect(seen[i] > 700 && seen[i] < 1300, "%u: %u", i,
			  seen[i]);
	cr_expect_eq(prng_below(&p, 1), 0);
	prng_seed(&p);
	cr_expect_neq(prng_next(&p), prng_next(&p));
}

/* --- fd ------------------------------------------------------------------- */

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

Test(fd, close_others_keeps_what_is_named)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) { /* the test program wants its own descriptors back */
		int keep[] = {40, -1, 7, 1, 40, 20}, more[] = {9, 21, 39, 100};
		bool good = true;

		for (size_t i = 0; i < COUNT(keep); i++)
			if (keep[i] > 2)
				dup2(2, keep[i]);
		for (size_t i = 0; i < COUNT(more); i++)
			dup2(2, more[i]);
		fd_close_others(keep, COUNT(keep));
		good &= is_open(0) && is_open(1) && is_open(2);
		good &= is_open(7) && is_open(20) && is_open(40);
		for (size_t i = 0; i < COUNT(more); i++)
			good &= !is_open(more[i]);
		_exit(good ? 0 : 1);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
pair_of(int fds[2])
{
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds),
		     0);
}

Test(fd, messages_carry_one_descriptor)
{
	uint8_t buf[16];
	struct span out = {buf, sizeof(buf)};
	int pair[2], got = -2, sent = open("/dev/null", O_RDONLY);
	size_t len = 99;

	pair_of(pair);
	cr_expect_eq(fd_send_msg(pair[0], slice_str("word"), sent), ERR_NONE);
	cr_expect_eq(fd_send_msg(pair[0], slice_str("bare"), -1), ERR_NONE);
	cr_expect_eq(fd_recv_msg(pair[1], out, &len, &got), ERR_NONE);
	cr_expect(len == 4 && memcmp(buf, "word", 4) == 0);
	cr_expect(got >= 0 && got != sent);
	cr_expect(fcntl(got, F_GETFD) & FD_CLOEXEC);
	close(got);
	cr_expect_eq(fd_recv_msg(pair[1], out, &len, &got), ERR_NONE);
	cr_expect_eq(got, -1);
	cr_expect(is_open(sent), "it stays the sender's");
	close(sent);
	close(pair[0]);
	cr_expect_eq(fd_recv_msg(pair[1], out, &len, &got), ERR_NONE);
	cr_expect_eq(len, 0, "the peer is gone");
	close(pair[1]);
}

/* The lowest free descriptor: the same before and after means no leak. */
static int
next_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

Test(fd, what_is_not_wanted_of_a_message_is_closed)
{
	char control[CMSG_SPACE(2 * sizeof(int))] = {0};
	struct iovec io = {(char[]){"12345678"}, 8};
	struct msghdr m = {.msg_iov = &io,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	uint8_t buf[8];
	int pair[2], two[2] = {0, 0}, got = -1, free_fd;
	size_t len;

	pair_of(pair);
	free_fd = next_fd();
	/* larger than the receiver's room */
	cr_expect_eq(fd_send_msg(pair[0], slice_str("123456789"), 0), ERR_NONE);
	cr_expect_eq(fd_recv_msg(pair[1], (struct span){buf, 8}, &len, &got),
		     ERR_SHORT);
	cr_expect_eq(got, -1, "untouched on failure");
	cr_expect_eq(next_fd(), free_fd, "the descriptor leaks");
	/* two descriptors at once: the second is nobody's */
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(two));
	memcpy(CMSG_DATA(c), two, sizeof(two));
	cr_assert_eq(sendmsg(pair[0], &m, 0), 8);
	cr_expect_eq(fd_recv_msg(pair[1], (struct span){buf, 8}, &len, &got),
		     ERR_NONE);
	cr_expect_geq(got, 0);
	close(got);
	cr_expect_eq(next_fd(), free_fd, "the second descriptor leaks");
	close(pair[0]);
	close(pair[1]);
}

Test(fd, busy_and_broken_sockets)
{
	uint8_t buf[8];
	int pair[2], got = -1;
	size_t len = 7;

	pair_of(pair);
	cr_expect_eq(fd_set_nonblock(pair[0]), ERR_NONE);
	cr_expect_eq(fd_recv_msg(pair[0], (struct span){buf, 8}, &len, &got),
		     ERR_BUSY);
	cr_expect(len == 7 && got == -1);
	while (fd_send_msg(pair[0], slice_of(buf, 8), -1) == ERR_NONE)
		;
	cr_expect_eq(fd_send_msg(pair[0], slice_of(buf, 8), -1), ERR_BUSY);
	close(pair[1]);
	cr_expect_eq(fd_send_msg(pair[0], slice_of(buf, 8), -1), ERR_SYS,
		     "and no SIGPIPE");
	close(pair[0]);
	cr_expect_eq(fd_set_nonblock(-1), ERR_SYS);
}

Test(fd, sealed_copies_cannot_change)
{
	char buf[4] = "";
	int fd = fd_sealed_copy("test", slice_str("abc"));

	cr_assert_geq(fd, 0);
	cr_expect_eq(pread(fd, buf, 3, 0), 3);
	cr_expect_str_eq(buf, "abc");
	cr_expect_eq(pwrite(fd, "x", 1, 0), -1);
	cr_expect_eq(ftruncate(fd, 1), -1);
	cr_expect(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	fd = fd_sealed_copy("empty", (struct slice){NULL, 0});
	cr_expect_geq(fd, 0);
	close(fd);
}

/* --- bug, err --------------------------------------------------------------
 */

Test(bug, aborts, .signal = SIGABRT)
{
	bug_on(1 + 1 == 2);
}

Test(err, every_value_has_words)
{
	for (int e = 0; e < ERR_COUNT; e++)
		cr_expect(strlen(err_text((enum err)e)) > 3);
	cr_expect_str_eq(err_text((enum err)1000), "unknown error");
	cr_expect_str_eq(err_text((enum err) - 1), "unknown error");
}
