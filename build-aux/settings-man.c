/* SPDX-License-Identifier: GPL-3.0-or-later
 * build-aux/settings-man.c - writes the lists of settings in pdnslua.conf.5
 * from the tables of conf/ (see man.h). build-aux/settings-man compiles and
 * runs it; t/unit/test_conf_manual.c includes it, to see that the manual is up
 * to date.
 */
#include <inttypes.h>

#include "build-aux/man.h"

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
	enum { MAN_RESTART, MAN_RELOAD, MAN_LIVE } when;
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
	if (r->when == MAN_LIVE)
		fputs("A running server changes it at once:\n"
		      ".Ql pdnsluactl set .\n",
		      out);
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
settings_list(FILE *out, const char *name)
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

#ifndef SETTINGS_MAN_NO_MAIN
int
main(int argc, char **argv)
{
	return man_main(argc, argv, settings_list);
}
#endif
