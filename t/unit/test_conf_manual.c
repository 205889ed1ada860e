/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_conf_manual.c - the lists of settings in pdnslua.conf.5 are what
 * build-aux/settings-man writes. Run from the top of the tree.
 */
#include <criterion/criterion.h>

#define SETTINGS_MAN_NO_MAIN
#include "build-aux/settings-man.c"

Test(conf_manual, lists_the_settings_of_the_tables)
{
	FILE *in = fopen("pdnslua.conf.5", "r");
	char *now = NULL, *old;
	size_t n = 0, got;
	FILE *out = open_memstream(&now, &n);

	cr_assert(in && out);
	cr_assert(man_copy(in, out, settings_list), "wrong markers");
	fclose(out);
	old = calloc(1, n + 2);
	rewind(in);
	got = fread(old, 1, n + 1, in);
	fclose(in);
	cr_expect(got == n && memcmp(old, now, n) == 0,
		  "pdnslua.conf.5 is out of date: run build-aux/settings-man");
	free(now);
	free(old);
}
