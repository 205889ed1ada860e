/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_errand.c - commands that the master hands to workers: words,
 * ends, nonsense from either side.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/errand.h"
#include "ipc/ipc.h"
#include "lib/fd.h"

static struct {
	struct errand_head head;
	uint8_t bytes[ERRAND_PIECE_MAX];
} buf;

static const struct span space = {(uint8_t *)&buf, sizeof(buf)};

static void
make_pair(int pair[2])
{
	cr_assert_eq(ipc_pair(pair), ERR_NONE);
	cr_assert_eq(fd_set_nonblock(pair[1]), ERR_NONE);
}

static void
close_pair(const int pair[2])
{
	close(pair[0]);
	close(pair[1]);
}

Test(errand, a_request_with_its_words)
{
	struct errand_request *r = calloc(1, sizeof(*r)),
			      *got = calloc(1, sizeof(*got));
	int pair[2];

	make_pair(pair);
	r->kind = ERRAND_EXPLAIN;
	r->flags = ERRAND_JSON | ERRAND_TCP;
	cr_assert_eq(errand_word(r, "www.test"), ERR_NONE);
	cr_assert_eq(errand_word(r, ""), ERR_NONE);
	cr_assert_eq(errand_word(r, "10.0.0.1"), ERR_NONE);
	cr_assert_eq(errand_recv(pair[1], got), ERR_BUSY);
	cr_assert_eq(errand_send(pair[0], r), ERR_NONE);
	cr_assert_eq(errand_recv(pair[1], got), ERR_NONE);
	cr_expect_eq(got->kind, ERRAND_EXPLAIN);
	cr_expect_eq(got->flags, ERRAND_JSON | ERRAND_TCP);
	cr_expect_str_eq(errand_word_at(got, 0), "www.test");
	cr_expect_str_eq(errand_word_at(got, 1), "");
	cr_expect_str_eq(errand_word_at(got, 2), "10.0.0.1");
	cr_expect_str_eq(errand_word_at(got, 3), "");
	cr_expect_str_eq(errand_word_at(got, 99), "");
	close_pair(pair);
	free(r);
	free(got);
}

Test(errand, words_beyond_a_request_are_refused)
{
	struct errand_request *r = calloc(1, sizeof(*r));
	char *word = calloc(1, sizeof(r->text) + 1);

	memset(word, 'x', sizeof(r->text));
	cr_expect_eq(errand_word(r, word), ERR_SHORT);
	cr_expect_eq(r->len, 0);
	word[sizeof(r->text) - 1] = '\0';
	cr_expect_eq(errand_word(r, word), ERR_NONE);
	cr_expect_eq(errand_word(r, ""), ERR_SHORT);
	cr_expect_str_eq(errand_word_at(r, 0), word);
	free(word);
	free(r);
}

static const struct {
	const char *name;
	struct errand_request r;
	size_t bytes;
} bad_requests[] = {
    {"half a head", {.kind = ERRAND_TRACE}, 7},
    {"no such kind", {.kind = 99}, 16},
    {"more words than it says", {.kind = ERRAND_TRACE, .len = 1}, 20},
    {"fewer words than it says", {.kind = ERRAND_TRACE, .len = 9}, 20},
    {"a word without an end",
     {.kind = ERRAND_TRACE, .len = 4, .text = {'a', 'b', 'c', 'd'}},
     20},
};

Test(errand, a_worker_takes_no_nonsense)
{
	struct errand_request *got = calloc(1, sizeof(*got));

	for (size_t i = 0; i < COUNT(bad_requests); i++) {
		int pair[2];

		make_pair(pair);
		cr_assert_eq(fd_send_msg(pair[0],
					 slice_of(&bad_requests[i].r,
						  bad_requests[i].bytes),
					 -1),
			     ERR_NONE);
		cr_expect_eq(errand_recv(pair[1], got), ERR_PROTO, "%s",
			     bad_requests[i].name);
		close_pair(pair);
	}
	free(got);
}

Test(errand, pieces_and_an_answer_in_a_file)
{
	struct errand_head head = {.news = ERRAND_PIECE, .seen = 5};
	struct errand_report r;
	char text[8] = "";
	int pair[2], fd = fd_sealed_copy("x", slice_str("answer"));

	make_pair(pair);
	cr_expect_eq(errand_hear(pair[0], space, &r), ERR_BUSY);
	cr_assert_eq(errand_tell(pair[1], &head, slice_str("one"), -1),
		     ERR_NONE);
	head.news = ERRAND_DONE;
	head.missed = 2;
	cr_assert_eq(errand_tell(pair[1], &head, slice_of("", 0), fd),
		     ERR_NONE);
	close(fd);
	cr_assert_eq(errand_hear(pair[0], space, &r), ERR_NONE);
	cr_expect(slice_equal(r.bytes, slice_str("one")));
	cr_expect_eq(r.head.seen, 5);
	cr_expect_eq(r.fd, -1);
	cr_assert_eq(errand_hear(pair[0], space, &r), ERR_NONE);
	cr_expect_eq(r.head.news, ERRAND_DONE);
	cr_expect_eq(r.head.missed, 2);
	cr_assert_geq(r.fd, 0);
	cr_expect_eq(pread(r.fd, text, 7, 0), 6);
	cr_expect_str_eq(text, "answer");
	close(r.fd);
	close(pair[1]);
	cr_expect_eq(errand_hear(pair[0], space, &r), ERR_MISS);
	close(pair[0]);
}

Test(errand, the_master_takes_no_nonsense)
{
	struct errand_head head = {.news = ERRAND_NEWS};
	struct errand_report r = {.fd = -2};
	int pair[2], next;

	make_pair(pair);
	cr_assert_eq(fd_send_msg(pair[1], slice_str("short"), -1), ERR_NONE);
	cr_expect_eq(errand_hear(pair[0], space, &r), ERR_PROTO);
	cr_assert_eq(fd_send_msg(pair[1], slice_of(&head, sizeof(head)), 0),
		     ERR_NONE);
	next = dup(0);
	close(next);
	cr_expect_eq(errand_hear(pair[0], space, &r), ERR_PROTO);
	cr_expect_eq(r.fd, -2, "untouched");
	cr_expect_eq(dup(0), next, "its descriptor is closed");
	close(next);
	close_pair(pair);
}

Test(errand, a_full_socket_makes_nobody_wait)
{
	struct errand_head head = {.news = ERRAND_PIECE};
	struct errand_report r;
	unsigned sent = 0, got = 0;
	int pair[2];

	make_pair(pair);
	while (errand_tell(pair[1], &head,
			   slice_of(buf.bytes, sizeof(buf.bytes)),
			   -1) == ERR_NONE)
		sent++;
	cr_expect_gt(sent, 0);
	cr_expect_eq(errand_tell(pair[1], &head, slice_str("x"), -1), ERR_BUSY);
	while (errand_hear(pair[0], space, &r) == ERR_NONE)
		got++;
	cr_expect_eq(got, sent);
	cr_expect_eq(errand_tell(pair[1], &head, slice_str("x"), -1), ERR_NONE);
	close(pair[0]);
	cr_expect_eq(errand_tell(pair[1], &head, slice_str("x"), -1), ERR_SYS);
	close(pair[1]);
}

Test(errand, stop_or_gone)
{
	int pair[2];

	make_pair(pair);
	cr_expect_eq(errand_heed(pair[1]), ERR_BUSY);
	errand_stop(pair[0]);
	cr_expect_eq(errand_heed(pair[1]), ERR_NONE);
	cr_expect_eq(errand_heed(pair[1]), ERR_BUSY);
	close(pair[0]);
	cr_expect_eq(errand_heed(pair[1]), ERR_MISS);
	close(pair[1]);
	make_pair(pair);
	close(pair[1]);
	errand_stop(pair[0]);
	close(pair[0]);
}
