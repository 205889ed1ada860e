/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_ctl_manual.c - the lists of verbs and statistics in pdnsluactl.8
 * are what build-aux/ctl-man writes. Run from the top of the tree.
 */
#include <criterion/criterion.h>
#include <stdint.h>

#define CTL_MAN_NO_MAIN
#include "build-aux/ctl-man.c"

/* What `list` makes of the manual's text; the caller frees it. */
static char *
written_anew(const char *text)
{
	FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r"), *out;
	char *now = NULL;
	size_t n = 0;

	out = open_memstream(&now, &n);
	cr_assert(in && out);
	cr_assert(man_copy(in, out, ctl_list), "wrong markers");
	fclose(in);
	fclose(out);
	return now;
}

Test(ctl_manual, lists_verbs_and_statistics_of_the_tables)
{
	enum { MOST = 1 << 20 };
	char *old = calloc(1, MOST), *now;
	FILE *in = fopen("pdnsluactl.8", "r");

	cr_assert(in && old);
	cr_assert_lt(fread(old, 1, MOST - 1, in), MOST - 1);
	fclose(in);
	now = written_anew(old);
	cr_expect_str_eq(now, old,
			 "pdnsluactl.8 is out of date: run build-aux/ctl-man");
	free(old);
	free(now);
}

Test(ctl_manual, a_list_that_is_out_of_date_is_written_anew)
{
	char *now = written_anew("before\n.\\\" begin left out\nold\n"
				 ".\\\" end left out\nbehind\n");

	cr_expect_null(strstr(now, "old"));
	cr_expect_not_null(strstr(now, ".It Cm overload-drops\n"));
	cr_expect_eq(strncmp(now, "before\n.\\\" begin left out\n.Bl", 29), 0);
	cr_expect_not_null(strstr(now, ".El\n.\\\" end left out\nbehind\n"));
	free(now);
}

Test(ctl_manual, arguments_are_words_or_names)
{
	static const struct {
		struct man_verb verb;
		const char *want;
	} cases[] = {
	    {{"ping", "", "x"}, ".It Cm ping\nx\n"},
	    {{"limits", "[clear]", "x"}, ".It Cm limits Oo Cm clear Oc\nx\n"},
	    {{"show", "NAME|PREFIX*", "x"},
	     ".It Cm show Ar NAME | Ar PREFIX*\nx\n"},
	    {{"purge", "[zone:NAME|all]", "x"},
	     ".It Cm purge Oo Ar zone:NAME | Cm all Oc\nx\n"},
	    {{"notify", "ZONE|*", "x"}, ".It Cm notify Ar ZONE | Cm *\nx\n"},
	    {{"explain", "NAME TYPE [--from IP] [--tcp]", "x"},
	     ".It Cm explain Ar NAME Ar TYPE Oo Fl \\-from Ar IP Oc "
	     "Oo Fl \\-tcp Oc\nx\n"},
	};

	for (size_t i = 0; i < MAN_COUNT(cases); i++) {
		char *got = NULL;
		size_t n = 0;
		FILE *out = open_memstream(&got, &n);

		cr_assert_not_null(out);
		man_verb(out, &cases[i].verb);
		fclose(out);
		cr_expect_str_eq(got, cases[i].want);
		free(got);
	}
}
