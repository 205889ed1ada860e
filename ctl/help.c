/* SPDX-License-Identifier: GPL-3.0-or-later
 * ctl/help.c - what the verbs do, from ipc/verbs.tbl. Runs in the tool; needs
 * no server.
 */
#include <string.h>

#include "ctl/tool.h"
#include "lib/json.h"

enum { COLUMNS = 80 };

static const char usage[] =
    "usage: pdnsluactl [-c FILE | --socket-dir=DIR] [--json] VERB "
    "[ARGUMENT...]\n"
    "       pdnsluactl help VERB | VERB --help\n"
    "\n"
    "  -c FILE           the server's configuration, which names the socket\n"
    "  --socket-dir=DIR  the directory of the socket; no configuration is "
    "read\n"
    "  --json            answer in JSON\n"
    "  -h, --help        print this\n"
    "  -V, --version     print the version\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage, 3 no server answers.\n"
    "\n";

/* Words wrapped at the last column, each line after indent blanks. */
static void
put_wrapped(FILE *f, int indent, const char *words, size_t len)
{
	const char *end = words + len;
	int column = 0;

	while (words < end) {
		size_t n = strcspn(words, " ");

		if (words + n > end)
			n = (size_t)(end - words);
		if (column && column + 1 + (int)n >= COLUMNS) {
			fputc('\n', f);
			column = 0;
		}
		fprintf(f, "%*s%.*s", column ? 1 : indent, "", (int)n, words);
		column += (column ? 1 : indent) + (int)n;
		words += n;
		words += strspn(words, " ");
	}
	fputc('\n', f);
}

void
help_all(FILE *f)
{
	fputs(usage, f);
	for (int v = 0; v < VERB_COUNT; v++) {
		const struct verb_info *i = verb_info((enum verb)v);

		fprintf(f, "  %s%s%s\n", i->name, i->args[0] ? " " : "",
			i->args);
		put_wrapped(f, 10, i->doc, verb_sentence(i->doc));
	}
}

void
help_verb(FILE *f, enum verb v)
{
	const struct verb_info *i = verb_info(v);

	fprintf(f, "usage: pdnsluactl %s%s%s\n\n", i->name,
		i->args[0] ? " " : "", i->args);
	put_wrapped(f, 0, i->doc, strlen(i->doc));
}

static void
put_json(struct json *j, enum verb v)
{
	const struct verb_info *i = verb_info(v);

	json_object(j, NULL);
	json_str(j, "verb", i->name);
	json_str(j, "arguments", i->args);
	json_str(j, "help", i->doc);
	json_end(j);
}

static void
help_json(FILE *f, enum verb one)
{
	struct text out = text_growing(1 << 20);
	struct json j = json_over(&out);

	if (one != VERB_COUNT) {
		put_json(&j, one);
	} else {
		json_array(&j, NULL);
		for (int v = 0; v < VERB_COUNT; v++)
			put_json(&j, (enum verb)v);
		json_end(&j);
	}
	fwrite(out.at, 1, out.len, f);
	text_free(&out);
}

enum control_status
help_run(struct tool *t)
{
	enum verb one = t->n > 1 ? verb_parse(t->words[1]) : VERB_COUNT;
	char why[128];

	if (t->n > 1 && one == VERB_COUNT) {
		snprintf(why, sizeof(why), "unknown verb '%.64s'", t->words[1]);
		return tool_fail(t, CONTROL_USAGE, why);
	}
	if (t->json)
		help_json(stdout, one);
	else if (one != VERB_COUNT)
		help_verb(stdout, one);
	else
		help_all(stdout);
	return fflush(stdout) == 0 ? CONTROL_DONE : CONTROL_FAILED;
}
