/* SPDX-License-Identifier: GPL-3.0-or-later
 * build-aux/ctl-man.c - writes the lists in pdnsluactl.8: verbs from
 * ipc/verbs.tbl, statistics from the tables of shm/ (see man.h).
 * build-aux/ctl-man compiles and runs it; t/unit/test_ctl_manual.c includes it,
 * to see that the manual is up to date.
 */
#include <ctype.h>

#include "build-aux/man.h"

static const struct man_verb {
	const char *name, *args, *doc;
} man_verbs[] = {
#define VERB(id, name, args, place, doc) {(name), (args), (doc)},
#include "ipc/verbs.tbl"
#undef VERB
};

struct man_pair {
	const char *name, *text;
};

static const struct man_pair man_counters[] = {
#define COUNTER(field, name, doc) {(name), (doc)},
#include "shm/counters.tbl"
#undef COUNTER
};

static const struct man_pair man_gauges[] = {
#define GAUGE(id, name, doc) {(name), (doc)},
#include "shm/gauges.tbl"
#undef GAUGE
};

static const struct man_pair man_left_out[] = {
#define LEFT_OUT(name, why) {(name), (why)},
#include "shm/left_out.tbl"
#undef LEFT_OUT
};

/* One word of the arguments: an option, a word to be typed as it is, or what
 * stands for one. */
static void
man_word(FILE *out, const char *word, size_t n)
{
	bool literal = n > 0;

	if (n > 2 && word[0] == '-' && word[1] == '-') {
		fprintf(out, " Fl \\-%.*s", (int)n - 2, word + 2);
		return;
	}
	for (size_t i = 0; i < n; i++)
		literal = literal && (islower((unsigned char)word[i]) ||
				      word[i] == '*' || word[i] == '-');
	fprintf(out, " %s %.*s", literal ? "Cm" : "Ar", (int)n, word);
}

/* "A [b|C]" as Ar A Oo Cm b | Ar C Oc. */
static void
man_verb(FILE *out, const struct man_verb *v)
{
	const char *p = v->args;

	fprintf(out, ".It Cm %s", v->name);
	while (*p) {
		size_t n = strcspn(p, "[|] ");

		if (n > 0)
			man_word(out, p, n);
		p += n;
		if (*p == '[')
			fputs(" Oo", out);
		else if (*p == ']')
			fputs(" Oc", out);
		else if (*p == '|')
			fputs(" |", out);
		p += *p != '\0';
	}
	fputc('\n', out);
	man_text(out, v->doc);
}

static void
man_verbs_list(FILE *out)
{
	fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; i < MAN_COUNT(man_verbs); i++)
		man_verb(out, &man_verbs[i]);
	fputs(".El\n", out);
}

static void
man_pairs(FILE *out, const struct man_pair *p, size_t n)
{
	fputs(".Bl -tag -width 30n -compact\n", out);
	for (size_t i = 0; i < n; i++) {
		fprintf(out, ".It Cm %s\n", p[i].name);
		man_text(out, p[i].text);
	}
	fputs(".El\n", out);
}

/* The lines between the two markers of a name; false: no such list. */
static bool
ctl_list(FILE *out, const char *name)
{
	if (strcmp(name, "verbs") == 0)
		man_verbs_list(out);
	else if (strcmp(name, "counters") == 0)
		man_pairs(out, man_counters, MAN_COUNT(man_counters));
	else if (strcmp(name, "gauges") == 0)
		man_pairs(out, man_gauges, MAN_COUNT(man_gauges));
	else if (strcmp(name, "left out") == 0)
		man_pairs(out, man_left_out, MAN_COUNT(man_left_out));
	else
		return false;
	return true;
}

#ifndef CTL_MAN_NO_MAIN
int
main(int argc, char **argv)
{
	return man_main(argc, argv, ctl_list);
}
#endif
