/* SPDX-License-Identifier: GPL-3.0-or-later
 * ctl/pdnsluactl.c - options, and which verb it is. The exit status is enum
 * control_status: 0 done, 1 the server could not, 2 usage, 3 no server.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "ctl/tool.h"
#include "lib/json.h"
#include "lib/log.h"

/* --- what is said ----------------------------------------------------------*/

enum control_status
tool_fail(const struct tool *t, enum control_status status, const char *why)
{
	struct text out = text_growing(1 << 20);
	struct json j = json_over(&out);

	if (t->json) {
		json_object(&j, NULL);
		json_str(&j, "error", why);
		json_num(&j, "status", status);
		json_end(&j);
		fputs(out.at, stdout);
	} else {
		fprintf(stderr, "pdnsluactl: %s\n", why);
	}
	text_free(&out);
	return status;
}

static enum control_status
usage_of(const struct tool *t)
{
	const struct verb_info *i = verb_info(t->verb);
	char why[512];

	snprintf(why, sizeof(why), "usage: pdnsluactl %s%s%s", i->name,
		 i->args[0] ? " " : "", i->args);
	return tool_fail(t, CONTROL_USAGE, why);
}

/* --- the command line ------------------------------------------------------*/

static bool
is_word(const char *word, const char *one, const char *other)
{
	return strcmp(word, one) == 0 || strcmp(word, other) == 0;
}

/* Options before the verb; returns the place of the verb. */
static int
parse_options(struct tool *t, int argc, char **argv)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (is_word(argv[i], "-h", "--help")) {
			help_all(stdout);
			exit(CONTROL_DONE);
		} else if (is_word(argv[i], "-V", "--version")) {
			puts("pdnsluactl " PDNSLUA_VERSION);
			exit(CONTROL_DONE);
		} else if (strcmp(argv[i], "-c") == 0 && i + 1 < argc) {
			t->conf_path = argv[++i];
		} else if (strncmp(argv[i], "--socket-dir=", 13) == 0) {
			t->socket_dir = argv[i] + 13;
		} else if (strcmp(argv[i], "--json") == 0) {
			t->json = true;
		} else {
			fprintf(stderr, "pdnsluactl: unknown option %s\n",
				argv[i]);
			exit(CONTROL_USAGE);
		}
	}
	return i;
}

/* --json and --help may also stand behind the verb; what is behind -- are
 * words. */
static void
parse_words(struct tool *t, int n, char **words)
{
	bool help = false, plain = false;

	t->words = words;
	for (int i = 0; i < n; i++) {
		if (!plain && i > 0 && strcmp(words[i], "--") == 0)
			plain = true;
		else if (!plain && i > 0 && strcmp(words[i], "--json") == 0)
			t->json = true;
		else if (!plain && i > 0 && is_word(words[i], "-h", "--help"))
			help = true;
		else
			t->words[t->n++] = words[i];
	}
	if (help && t->n > 0 && verb_parse(t->words[0]) != VERB_COUNT) {
		help_verb(stdout, verb_parse(t->words[0]));
		exit(CONTROL_DONE);
	}
}

/* --- the server ------------------------------------------------------------*/

/* Its configuration tells where its socket is. NULL: said already. */
static const char *
find_socket_dir(struct tool *t, char *buf, size_t cap)
{
	struct cmdline cl = {.action = CONF_DUMP, .path = t->conf_path};

	if (t->socket_dir)
		return t->socket_dir;
	if (!t->conf && conf_load(&cl, &t->conf) != ERR_NONE)
		return NULL;
	snprintf(buf, cap, "%s%s", t->conf->chroot, t->conf->socket_dir);
	return buf;
}

enum control_status
tool_connect(struct tool *t, struct link *l)
{
	char buf[4096];
	const char *dir = find_socket_dir(t, buf, sizeof(buf));
	enum control_status s;

	link_init(l);
	if (!dir)
		return tool_fail(t, CONTROL_FAILED,
				 "the configuration cannot be read");
	s = link_open(l, dir);
	return s == CONTROL_DONE ? s : tool_fail(t, s, l->why.at);
}

/* --- verbs -----------------------------------------------------------------*/

/* Those that the tool does itself, or could. */
static enum control_status (*const own[VERB_COUNT])(struct tool *) = {
    [VERB_help] = help_run,
    [VERB_top] = top_run,
};

static enum control_status
run(struct tool *t)
{
	char why[128];

	if (t->n == 0) {
		help_all(stderr);
		return CONTROL_USAGE;
	}
	t->verb = verb_parse(t->words[0]);
	if (t->verb == VERB_COUNT) {
		snprintf(why, sizeof(why),
			 "unknown verb '%.64s'; see pdnsluactl --help",
			 t->words[0]);
		return tool_fail(t, CONTROL_USAGE, why);
	}
	if (!verb_takes(t->verb, t->n - 1))
		return usage_of(t);
	return own[t->verb] ? own[t->verb](t) : run_verb(t);
}

static bool
takes_colour(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") && term &&
	       strcmp(term, "dumb") != 0;
}

int
main(int argc, char **argv)
{
	struct tool t = {.verb = VERB_COUNT};
	int first = parse_options(&t, argc, argv);
	enum control_status s;

	parse_words(&t, argc - first, argv + first);
	t.colour = takes_colour();
	log_set_level(LOG_LEVEL_ERR);
	s = run(&t);
	conf_free(t.conf);
	return (int)s;
}
