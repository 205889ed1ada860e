/* SPDX-License-Identifier: GPL-3.0-or-later
 * build-aux/settings-man.c - writes the lists of settings in pdnslua.conf.5
 * from the tables of conf/. Copies FILE to standard output and replaces what is
 * between the lines
 *   .\" begin NAME          and          .\" end NAME
 * build-aux/settings-man compiles and runs it; t/unit/test_conf_manual.c
 * includes it, to see that the manual is up to date.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The manual names the place of a packaged server, wherever this one goes. */
#undef PDNSLUA_SYSCONFDIR
#define PDNSLUA_SYSCONFDIR "/etc/pdnslua"

enum man_type {
	MAN_HEADING,
	MAN_BOOL,
	MAN_NUM,
	MAN_TEXT,
	MAN_SECRET,
	MAN_PATH,
	MAN_LIST,
	MAN_ADDRS,
	MAN_MASKS
};

static const char *const man_words[] = {
    [MAN_BOOL] = "yes | no",   [MAN_NUM] = "number",	 [MAN_TEXT] = "text",
    [MAN_SECRET] = "secret",   [MAN_PATH] = "path",	 [MAN_LIST] = "list",
    [MAN_ADDRS] = "addresses", [MAN_MASKS] = "netmasks",
};

static const struct man_row {
	const char *name;
	enum man_type type;
	const char *dflt;
	int64_t min, max;
	enum { MAN_RESTART, MAN_RELOAD } when;
	const char *doc;
} man_rows[] = {
#define OPTION_GROUP(title) {.name = (title), .type = MAN_HEADING},
#define OPTION(field, name, type, dflt, min, max, when, doc) \
	{(name), MAN_##type, (dflt), (min), (max), MAN_##when, (doc)},
#include "conf/options.tbl"
#undef OPTION
};

struct man_pair {
	const char *name, *text, *more;
};

static const struct man_pair man_backend_rows[] = {
#define BACKEND_OPTION(type, key, dflt, doc) {type "-" key, (dflt), (doc)},
#include "conf/backends.tbl"
};

static const struct man_pair man_old_names[] = {
#define OLD_NAME(old, new) {(old), (new), NULL},
#include "conf/old_names.tbl"
#undef OLD_NAME
};

static const struct man_pair man_ignored[] = {
#define IGNORED(name, why) {(name), (why), NULL},
#include "conf/ignored.tbl"
#undef IGNORED
};

static const struct man_pair man_later[] = {
#define LATER(name, part) {(name), (part), NULL},
#include "conf/later.tbl"
#undef LATER
};

static const struct man_pair man_lacking[] = {
#define BACKEND_LACKING(type, way) {(type), (way), NULL},
#include "conf/backends.tbl"
};

#define MAN_COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
man_char(FILE *out, char c, bool first)
{
	if (first && (c == '.' || c == '\''))
		fputs("\\&", out);
	if (c == '\\')
		fputs("\\e", out);
	else
		fputc(c, out);
}

/* Text, wrapped, each sentence on a new line. */
static void
man_text(FILE *out, const char *text)
{
	size_t used = 0;

	while (*text) {
		size_t n = strcspn(text, " ");
		bool stop = n && text[n - 1] == '.' && text[n];

		if (used && used + 1 + n > 78) {
			fputc('\n', out);
			used = 0;
		}
		if (used)
			fputc(' ', out);
		for (size_t i = 0; i < n; i++)
			man_char(out, text[i], used == 0 && i == 0);
		used += n + (used != 0);
		text += n + (text[n] == ' ');
		if (stop) {
			fputc('\n', out);
			used = 0;
		}
	}
	if (used)
		fputc('\n', out);
}

static void
man_default(FILE *out, const char *dflt)
{
	if (dflt[0])
		fprintf(out, "Default:\n.Ql %s .\n", dflt);
}

static void
man_row(FILE *out, const struct man_row *r)
{
	fprintf(out, ".It Cm %s Ns = Ns Ar %s\n", r->name, man_words[r->type]);
	man_text(out, r->doc);
	if (r->type == MAN_NUM)
		fprintf(out, "From %" PRId64 " to %" PRId64 ".\n", r->min,
			r->max);
	man_default(out, r->dflt);
	if (r->when == MAN_RESTART)
		fputs("Read at the start only.\n", out);
}

static void
man_settings(FILE *out)
{
	bool open = false;

	for (size_t i = 0; i < MAN_COUNT(man_rows); i++) {
		if (man_rows[i].type != MAN_HEADING) {
			man_row(out, &man_rows[i]);
			continue;
		}
		if (open)
			fputs(".El\n", out);
		fprintf(out, ".Ss %s\n.Bl -tag -width Ds\n", man_rows[i].name);
		open = true;
	}
	fputs(".El\n", out);
}

static void
man_backends(FILE *out)
{
	fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; i < MAN_COUNT(man_backend_rows); i++) {
		const struct man_pair *p = &man_backend_rows[i];

		fprintf(out, ".It Cm %s Ns = Ns Ar text\n", p->name);
		man_text(out, p->more);
		man_default(out, p->text);
	}
	fputs(".El\n", out);
}

static void
man_pairs(FILE *out, const struct man_pair *p, size_t n)
{
	fputs(".Bl -tag -width 32n -compact\n", out);
	for (size_t i = 0; i < n; i++) {
		fprintf(out, ".It Cm %s\n", p[i].name);
		man_text(out, p[i].text);
	}
	fputs(".El\n", out);
}

/* The lines between the two markers of a name; false: no such list. */
static bool
man_list(FILE *out, const char *name)
{
	if (strcmp(name, "settings") == 0)
		man_settings(out);
	else if (strcmp(name, "backends") == 0)
		man_backends(out);
	else if (strcmp(name, "old names") == 0)
		man_pairs(out, man_old_names, MAN_COUNT(man_old_names));
	else if (strcmp(name, "ignored") == 0)
		man_pairs(out, man_ignored, MAN_COUNT(man_ignored));
	else if (strcmp(name, "later") == 0)
		man_pairs(out, man_later, MAN_COUNT(man_later));
	else if (strcmp(name, "lacking") == 0)
		man_pairs(out, man_lacking, MAN_COUNT(man_lacking));
	else
		return false;
	return true;
}

/* in to out with all lists written anew; false: a marker is wrong. */
static bool
man_copy(FILE *in, FILE *out)
{
	static const char begin[] = ".\\\" begin ", end[] = ".\\\" end ";
	char line[1024], name[64] = "";

	while (fgets(line, sizeof(line), in)) {
		if (strncmp(line, end, sizeof(end) - 1) == 0)
			name[0] = '\0';
		if (!name[0])
			fputs(line, out);
		if (strncmp(line, begin, sizeof(begin) - 1) != 0)
			continue;
		snprintf(name, sizeof(name), "%.*s",
			 (int)strcspn(line + sizeof(begin) - 1, "\n"),
			 line + sizeof(begin) - 1);
		if (!man_list(out, name))
			return false;
	}
	return !name[0];
}

#ifndef SETTINGS_MAN_NO_MAIN
int
main(int argc, char **argv)
{
	FILE *in = argc == 2 ? fopen(argv[1], "r") : NULL;

	if (!in) {
		fprintf(stderr, "usage: settings-man FILE\n");
		return 2;
	}
	if (!man_copy(in, stdout)) {
		fprintf(stderr, "%s: wrong markers\n", argv[1]);
		return 1;
	}
	fclose(in);
	return fclose(stdout) != 0;
}
#endif
