/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_folded.c - how often each stack was seen.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/folded.h"
#include "lib/text.h"

static const char *
put(struct folded *f)
{
	static char buf[4 << 20];
	struct text t = text_over(buf, sizeof(buf));

	cr_assert_leq(folded_bytes(f), sizeof(buf));
	folded_put(f, &t);
	cr_expect_lt(t.len, folded_bytes(f));
	return buf;
}

Test(folded, equal_stacks_are_one_line)
{
	struct folded *f = folded_new();

	cr_expect_str_eq(put(f), "");
	folded_add(f, slice_str("b;c"), 1);
	folded_add(f, slice_str("a"), 2);
	folded_add(f, slice_str("b;c"), 5);
	folded_add(f, slice_str("b"), 1);
	cr_expect_str_eq(put(f), "a 2\nb 1\nb;c 6\n");
	folded_add(f, slice_str("b;c"), 1);
	cr_expect_str_eq(put(f), "a 2\nb 1\nb;c 7\n", "also once sorted");
	cr_expect_eq(folded_total(f), 10);
	cr_expect_eq(folded_beyond(f), 0);
	folded_free(f);
}

Test(folded, what_one_has_written_another_adds)
{
	struct folded *f = folded_new(), *sum = folded_new();

	folded_add(f, slice_str("lua2;a b;[C] find"), 3);
	folded_add(f, slice_str("lua2;x"), 1);
	for (int i = 0; i < 3; i++)
		folded_read(sum, slice_str(put(f)));
	cr_expect_str_eq(put(sum), "lua2;a b;[C] find 9\nlua2;x 3\n");
	folded_free(f);
	folded_free(sum);
}

static const char *const nonsense[] = {
    "",	    "\n\n", "a",
    "a ",   " 1",   "a x",
    "a 1x", "a -1", "a 99999999999999999999",
    "a  ",
};

Test(folded, what_is_no_line_is_left_out)
{
	struct folded *f = folded_new();

	for (size_t i = 0; i < COUNT(nonsense); i++)
		folded_read(f, slice_str(nonsense[i]));
	cr_expect_str_eq(put(f), "");
	folded_read(f, slice_str("x\na 1\n\ny 2"));
	cr_expect_str_eq(put(f), "a 1\ny 2\n");
	folded_free(f);
}

Test(folded, what_is_too_much_is_counted)
{
	struct folded *f = folded_new();
	char stack[64], *large = malloc(FOLDED_BYTES_MAX);

	for (unsigned i = 0; i < FOLDED_STACKS_MAX + 100; i++) {
		snprintf(stack, sizeof(stack), "outer;inner %u", i);
		folded_add(f, slice_str(stack), 2);
	}
	cr_expect_eq(folded_total(f), 2 * (FOLDED_STACKS_MAX + 100));
	cr_expect_eq(folded_beyond(f), 200);
	folded_add(f, slice_str("outer;inner 7"), 1);
	cr_expect_eq(folded_beyond(f), 200, "those that are there go on");
	cr_expect_not_null(strstr(put(f), "\nouter;inner 7 3\n"));
	folded_free(f);
	f = folded_new();
	memset(large, 'x', FOLDED_BYTES_MAX);
	folded_add(f, slice_of(large, FOLDED_BYTES_MAX - 1), 1);
	folded_add(f, slice_str("yy"), 1);
	cr_expect_eq(folded_beyond(f), 1);
	folded_add(f, slice_str("y"), 1);
	cr_expect_eq(folded_beyond(f), 1);
	free(large);
	folded_free(f);
}
