/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_completion.c - the files in completion/ are what
 * build-aux/completion writes; whether shells complete with them is asked in
 * t/completion. Run from the top of the tree.
 */
#include <criterion/criterion.h>

#define COMPLETION_NO_MAIN
#include "build-aux/completion.c"

static char *
content_of(const char *name, size_t *n)
{
	char path[64];
	char *text = calloc(1, 1 << 16);
	FILE *f;

	snprintf(path, sizeof(path), "completion/%s", name);
	f = fopen(path, "r");
	cr_assert(f && text, "%s", path);
	*n = fread(text, 1, 1 << 16, f);
	fclose(f);
	return text;
}

Test(completion, is_what_the_tables_say)
{
	for (size_t i = 0; i < COMP_COUNT(comp_files); i++) {
		size_t n = 0, len;
		char *now = NULL, *old = content_of(comp_files[i].name, &len);
		FILE *out = open_memstream(&now, &n);

		comp_files[i].write(out);
		fclose(out);
		cr_expect(n > 1000 && n == len && memcmp(now, old, n) == 0,
			  "completion/%s is out of date: run "
			  "build-aux/completion",
			  comp_files[i].name);
		free(now);
		free(old);
	}
}

static const struct {
	const char *args, *words;
} arguments[] = {
    {"", ""},
    {"NAME", ""},
    {"NAME|PREFIX*", ""},
    {"[diff]", "diff"},
    {"[NAME|NAME$|zone:NAME|tag:TAG...]", "zone: tag:"},
    {"[--no-probation]", "--no-probation"},
    {"NAME TYPE [--from IP] [--tcp]", "--from --tcp"},
};

Test(completion, finds_the_words_in_a_verbs_arguments)
{
	for (size_t i = 0; i < COMP_COUNT(arguments); i++) {
		char *got = NULL;
		size_t n = 0;
		FILE *out = open_memstream(&got, &n);

		comp_put_literals(out, arguments[i].args);
		fclose(out);
		cr_expect_str_eq(got, arguments[i].words, "%s: %s",
				 arguments[i].args, got);
		free(got);
	}
}
