/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/dump.c - shows settings: --config and --help. Runs in the master and in
 * tools. Invariant: what --config prints is a file that gives the same
 * configuration again, except for secrets, which are comments.
 */
#include "conf/conf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/dump.h"
#include "conf/launch.h"
#include "conf/names.h"
#include "conf/option.h"
#include "conf/parse.h"

enum { COLUMNS = 80 };

/* --- writing -------------------------------------------------------------- */

/* A text in memory, so that only the last step can fail. */
struct page {
	FILE *f;
	char *text;
	size_t len;
};

static void
page_open(struct page *p)
{
	*p = (struct page){NULL, NULL, 0};
	p->f = open_memstream(&p->text, &p->len);
	bug_on(p->f == NULL);
}

static enum err
page_write(struct page *p, int fd)
{
	enum err e = ERR_NONE;
	size_t done = 0;
	int saved;

	fclose(p->f);
	while (e == ERR_NONE && done < p->len) {
		ssize_t n = write(fd, p->text + done, p->len - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			e = ERR_SYS;
	}
	saved = errno;
	free(p->text);
	errno = saved;
	return e;
}

/* Words wrapped at the last column, each line after indent. */
static void
put_wrapped(FILE *f, const char *indent, const char *words)
{
	size_t room = COLUMNS - 1 - strlen(indent), used = 0;
	struct slice w;

	while (parse_word(&words, " ", &w)) {
		if (used && used + 1 + w.len > room) {
			fputc('\n', f);
			used = 0;
		}
		fputs(used ? " " : indent, f);
		used += (used != 0) + w.len;
		fwrite(w.at, 1, w.len, f);
	}
	fputc('\n', f);
}

/* --- --config ------------------------------------------------------------- */

struct dump {
	FILE *f;
	const struct conf *c;
	bool diff;	     /* only what is not the default */
	const char *heading; /* not written yet; NULL: it is */
	bool later;	     /* a heading has been written before */
};

static void
put_heading(struct dump *d)
{
	if (!d->heading)
		return;
	fprintf(d->f, "%s# %s\n", d->later ? "\n" : "", d->heading);
	d->heading = NULL;
	d->later = true;
}

/* Would the grammar read the value back as it is? From the command line, where
 * there are no comments, it may hold anything. */
static bool
is_writable(const char *value)
{
	size_t n = strlen(value);

	return !strstr(value, " #") && !strstr(value, "\t#") &&
	       (n == 0 || value[n - 1] != '\\');
}

/* A line that the grammar does not take back is a comment. */
static void
put_setting(struct dump *d, const char *name, const char *value,
	    const char *remark)
{
	if (!remark && !is_writable(value))
		remark = "only on the command line";
	put_heading(d);
	if (remark)
		fprintf(d->f, "# %s=%s (%s)\n", name, value, remark);
	else
		fprintf(d->f, "%s=%s\n", name, value);
}

static void
put_secret(struct dump *d, const char *name, const char *value)
{
	put_setting(d, name, value[0] ? "****" : "",
		    value[0] ? "not shown" : NULL);
}

/* Settings that would mean something else in the file this makes. */
static const char *
remark_on(const char *name, const char *value)
{
	if (strcmp(name, "include-dir") == 0 && value[0])
		return "its settings are here";
	if (strcmp(name, "config-dir") == 0 ||
	    strcmp(name, "config-name") == 0 || strcmp(name, "no-config") == 0)
		return "only on the command line";
	return NULL;
}

const char *
dump_value(const struct conf *c, size_t row)
{
	const struct option *o = option_at(row);
	const void *field = (const char *)c + o->offset;

	if (o->type == OPTION_BOOL)
		return *(const bool *)field ? "yes" : "no";
	if (o->type == OPTION_PATH || o->type == OPTION_TEXT)
		return *(const char *const *)field;
	return c->texts[row];
}

bool
dump_is_changed(const struct conf *c, size_t row)
{
	const struct option *o = option_at(row);

	if (o->type == OPTION_BOOL)
		return conf_is_yes(c->texts[row]) != conf_is_yes(o->dflt);
	if (o->type == OPTION_NUM)
		return strtoll(c->texts[row], NULL, 10) !=
		       strtoll(o->dflt, NULL, 10);
	return strcmp(c->texts[row], o->dflt) != 0;
}

static void
put_options(struct dump *d)
{
	const struct option *o;

	for (size_t i = 0; (o = option_at(i)) != NULL; i++) {
		if (o->type == OPTION_HEADING)
			d->heading = o->name;
		else if (d->diff && !dump_is_changed(d->c, i))
			continue;
		else if (o->type == OPTION_SECRET)
			put_secret(d, o->name, dump_value(d->c, i));
		else
			put_setting(d, o->name, dump_value(d->c, i),
				    remark_on(o->name, d->c->texts[i]));
	}
}

static void
put_backend(struct dump *d, const struct launch *l)
{
	const struct names_backend_option *o;
	char name[LAUNCH_NAME_MAX];

	d->heading = l->label;
	for (size_t i = 0; (o = names_backend_option_at(i)) != NULL; i++) {
		const char *v = conf_backend(d->c, l, o->key);

		if (v && strcmp(o->type, l->type) == 0 &&
		    (!d->diff || strcmp(v, o->dflt) != 0))
			put_setting(d, launch_setting(l, o->key, name), v,
				    false);
	}
}

bool
dump_is_secret(const char *name)
{
	static const char *const words[] = {"pass", "secret", "token", "key",
					    "credential"};

	for (size_t i = 0; i < COUNT(words); i++)
		if (strcasestr(name, words[i]))
			return true;
	return false;
}

static void
put_params(struct dump *d)
{
	const struct given *g = d->c->given;
	const char *why;

	d->heading = "Parameters of scripts";
	for (size_t i = 0; i < g->n; i++) {
		const struct conf_setting *s = &g->at[i];

		if (names_find(s->name, &why) != NAMES_PARAM ||
		    s != parse_last(g, s->name) || launch_has(d->c, s->name))
			continue;
		if (dump_is_secret(s->name))
			put_secret(d, s->name, s->value);
		else
			put_setting(d, s->name, s->value, NULL);
	}
}

/* --- --config=default and --help ------------------------------------------ */

static void
put_default(FILE *f, const char *name, const char *dflt, const char *type,
	    const char *doc)
{
	put_wrapped(f, "# ", doc);
	fprintf(f, "# Values: %s\n# %s=%s\n\n", type, name, dflt);
}

static void
put_defaults(FILE *f)
{
	const struct names_backend_option *b;
	const struct option *o;
	char range[OPTION_RANGE_MAX], name[LAUNCH_NAME_MAX];

	for (size_t i = 0; (o = option_at(i)) != NULL; i++) {
		if (o->type == OPTION_HEADING)
			fprintf(f, "##### %s\n\n", o->name);
		else
			put_default(f, o->name, o->dflt, option_range(o, range),
				    o->doc);
	}
	fputs("##### Settings of backends\n\n", f);
	for (size_t i = 0; (b = names_backend_option_at(i)) != NULL; i++) {
		snprintf(name, sizeof(name), "%s-%s", b->type, b->key);
		put_default(f, name, b->dflt, "text", b->doc);
	}
}

enum err
conf_dump(const struct conf *c, const char *mode, int fd)
{
	struct dump d = {.c = c, .diff = strcmp(mode, "diff") == 0};
	struct page p;

	page_open(&p);
	d.f = p.f;
	if (strcmp(mode, "default") == 0) {
		put_defaults(p.f);
	} else {
		put_options(&d);
		for (size_t i = 0; i < c->n_launches; i++)
			put_backend(&d, &c->launches[i]);
		put_params(&d);
	}
	return page_write(&p, fd);
}

/* One row of the table. A reader gets the words below the row, a pipe all on
 * one line, for grep. */
static void
put_help(FILE *f, bool wrap, const char *name, const char *range,
	 const char *dflt, const char *doc)
{
	fprintf(f, "  --%-30s %-14s %-*s", name, range, wrap ? 0 : 16,
		dflt[0] ? dflt : "-");
	if (wrap) {
		fputc('\n', f);
		put_wrapped(f, "          ", doc);
	} else {
		fprintf(f, "%s\n", doc);
	}
}

static const char usage[] =
    "usage: pdnslua [-c FILE] [--SETTING=VALUE]...\n"
    "       pdnslua [-c FILE] [--SETTING=VALUE]... "
    "--config[=check|diff|default]\n"
    "       pdnslua [-c FILE] [--SETTING=VALUE]... --ask NAME TYPE\n"
    "               [--from IP] [--ecs NET] [--do] [--tcp] [--explain]\n"
    "       pdnslua --help | --version\n"
    "\n"
    "  -c FILE           settings from FILE, not from " PDNSLUA_SYSCONFDIR
    "/pdnslua.conf\n"
    "  --config          print the settings that are in force\n"
    "  --config=check    check the settings and load the script; exit 0 or 1\n"
    "  --config=diff     print the settings that are not the default\n"
    "  --config=default  print all settings with their documentation\n"
    "  --ask NAME TYPE   answer one question on standard output, and exit;\n"
    "                    from the client IP, with the client subnet NET,\n"
    "                    with the DO bit, over TCP; --explain prints each\n"
    "                    step in front of it\n"
    "  -h, --help        print this\n"
    "  -V, --version     print the version\n";

void
conf_help(int fd)
{
	const struct names_backend_option *b;
	const struct option *o;
	char range[OPTION_RANGE_MAX], name[LAUNCH_NAME_MAX];
	bool wrap = isatty(fd);
	struct page p;
	enum err e;

	page_open(&p);
	fputs(usage, p.f);
	for (size_t i = 0; (o = option_at(i)) != NULL; i++) {
		if (o->type == OPTION_HEADING)
			fprintf(p.f, "\n%s:\n", o->name);
		else
			put_help(p.f, wrap, o->name, option_range(o, range),
				 o->dflt, o->doc);
	}
	fputs("\nSettings of backends:\n", p.f);
	for (size_t i = 0; (b = names_backend_option_at(i)) != NULL; i++) {
		snprintf(name, sizeof(name), "%s-%s", b->type, b->key);
		put_help(p.f, wrap, name, "text", b->dflt, b->doc);
	}
	e = page_write(&p, fd);
	(void)e; /* nobody to tell */
}
