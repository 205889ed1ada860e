/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/verbs_worker.c - the verbs that workers answer: what is wrong with
 * their words is said here, the rest is handed on (forward.h). Runs in the
 * master.
 */
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/launch.h"
#include "dns/name.h"
#include "dns/type.h"
#include "lib/addr.h"
#include "lib/mem.h"
#include "master/command.h"
#include "master/forward.h"
#include "master/parts.h"
#include "master/verbs.h"

enum {
	TRACE_SEC = 60,
	SECONDS_MAX = 3600,
	COUNT_MAX = 1000000,
	WORKER_MAX = 1000
};

/* --- words -----------------------------------------------------------------*/

/* Is words[*i] this option? Then *value is what follows it, in the same word
 * behind "=" or in the next one ("" if there is none), and *i its last word. */
static bool
takes_value(const struct command *c, int *i, const char *name,
	    const char **value)
{
	const char *word = c->words[*i];
	size_t n = strlen(name);

	if (strncmp(word, name, n) != 0 || (word[n] && word[n] != '='))
		return false;
	*value = "";
	if (word[n])
		*value = word + n + 1;
	else if (*i + 1 < c->n)
		*value = c->words[++*i];
	return true;
}

/* A number from 1 (or least) up to most; -1: it is none. */
static int64_t
number_in(const char *word, int64_t least, int64_t most)
{
	char *end;
	long long n = strtoll(word, &end, 10);

	return *word >= '0' && *word <= '9' && !*end && n >= least && n <= most
		   ? n
		   : -1;
}

static bool
is_name(const char *word, size_t len)
{
	uint8_t wire[NAME_MAX_BYTES];

	return name_parse(slice_of(word, len), wire, &len) == ERR_NONE;
}

static void
bad_word(struct command *c, const char *word, const char *what)
{
	command_answer(c, CONTROL_USAGE, "%s: '%.200s' is not %s",
		       verb_info(c->verb)->name, word, what);
}

/* --- explain ---------------------------------------------------------------*/

struct explain_words {
	const char *word[ERRAND_WORDS];
	unsigned n; /* of those without a name: NAME, TYPE */
	uint32_t flags;
	int64_t worker;
};

/* false: said what is wrong. */
static bool
explain_word(struct command *c, int *i, struct explain_words *w)
{
	static const struct {
		const char *name;
		enum errand_flag flag;
	} flags[] = {{"--do", ERRAND_DO},
		     {"--tcp", ERRAND_TCP},
		     {"--fresh", ERRAND_FRESH}};
	const char *word = c->words[*i], *value;

	for (size_t k = 0; k < COUNT(flags); k++)
		if (strcmp(word, flags[k].name) == 0) {
			w->flags |= (uint32_t)flags[k].flag;
			return true;
		}
	if (takes_value(c, i, "--from", &w->word[ERRAND_FROM]) ||
	    takes_value(c, i, "--ecs", &w->word[ERRAND_SUBNET]))
		return true;
	if (takes_value(c, i, "--worker", &value)) {
		w->worker = number_in(value, 0, WORKER_MAX);
		if (w->worker < 0)
			bad_word(c, value, "the number of a worker");
		return w->worker >= 0;
	}
	if (w->n < 2 && strncmp(word, "--", 2) != 0) {
		w->word[w->n++] = word;
		return true;
	}
	command_usage(c);
	return false;
}

/* false: said what is wrong. */
static bool
explain_check(struct command *c, const struct explain_words *w)
{
	struct prefix net;
	struct addr from;
	uint16_t type;

	if (w->n < 2)
		command_usage(c);
	else if (!is_name(w->word[ERRAND_NAME], strlen(w->word[ERRAND_NAME])))
		bad_word(c, w->word[ERRAND_NAME], "a domain name");
	else if (type_parse(slice_str(w->word[ERRAND_TYPE]), &type) != ERR_NONE)
		bad_word(c, w->word[ERRAND_TYPE], "a type");
	else if (w->word[ERRAND_FROM] &&
		 addr_parse(slice_str(w->word[ERRAND_FROM]), 53, &from) !=
		     ERR_NONE)
		bad_word(c, w->word[ERRAND_FROM], "an address");
	else if (w->word[ERRAND_SUBNET] &&
		 prefix_parse(slice_str(w->word[ERRAND_SUBNET]), &net) !=
		     ERR_NONE)
		bad_word(c, w->word[ERRAND_SUBNET], "an address or netmask");
	else
		return true;
	return false;
}

static struct errand_request
request_of(const struct command *c, enum errand_kind kind)
{
	return (struct errand_request){.kind = kind,
				       .flags = c->json ? ERRAND_JSON : 0};
}

/* false: said that it is too much. */
static bool
add_word(struct command *c, struct errand_request *r, const char *word)
{
	if (errand_word(r, word) == ERR_NONE)
		return true;
	command_fail(c, "these words are too long for a worker");
	return false;
}

void
verb_do_explain(struct command *c)
{
	struct errand_request r = request_of(c, ERRAND_EXPLAIN);
	struct explain_words w = {.worker = FORWARD_ANY};

	for (int i = 1; i < c->n; i++)
		if (!explain_word(c, &i, &w))
			return;
	if (!explain_check(c, &w))
		return;
	r.flags |= w.flags;
	for (unsigned i = 0; i < ERRAND_WORDS; i++)
		if (!add_word(c, &r, w.word[i] ? w.word[i] : ""))
			return;
	forward_to_one(c, &r, (int)w.worker);
}

/* --- trace and profile -----------------------------------------------------*/

/* false: said what is wrong. */
static bool
trace_word(struct command *c, int *i, const char **name, int64_t *count,
	   int64_t *sec)
{
	const char *word = c->words[*i], *value;
	size_t len = strlen(word);

	if (takes_value(c, i, "--count", &value)) {
		*count = number_in(value, 1, COUNT_MAX);
		if (*count < 0)
			bad_word(c, value, "a number of queries");
		return *count > 0;
	}
	if (takes_value(c, i, "--seconds", &value)) {
		*sec = number_in(value, 1, SECONDS_MAX);
		if (*sec < 0)
			bad_word(c, value, "a number of seconds up to 3600");
		return *sec > 0;
	}
	if (*name || strncmp(word, "--", 2) == 0) {
		command_usage(c);
		return false;
	}
	*name = word;
	if (is_name(word, len - (len > 0 && word[len - 1] == '$')))
		return true;
	bad_word(c, word, "a domain name");
	return false;
}

void
verb_do_trace(struct command *c)
{
	struct errand_request r = request_of(c, ERRAND_TRACE);
	int64_t count = 0, sec = TRACE_SEC;
	const char *name = NULL;

	for (int i = 1; i < c->n; i++)
		if (!trace_word(c, &i, &name, &count, &sec))
			return;
	if (!name)
		command_usage(c);
	else if (add_word(c, &r, name))
		forward_trace(c, &r, (uint64_t)count, sec * 1000);
}

void
verb_do_profile(struct command *c)
{
	struct errand_request r = request_of(c, ERRAND_PROFILE);
	int64_t sec = number_in(c->words[1], 1, SECONDS_MAX);

	if (sec < 0)
		bad_word(c, c->words[1], "a number of seconds up to 3600");
	else
		forward_profile(c, &r, sec * 1000);
}

/* --- direct commands -------------------------------------------------------*/

static bool
is_backend(const struct master *m, const char *word)
{
	for (size_t i = 0; i < m->conf->n_launches; i++)
		if (strcmp(m->conf->launches[i].label, word) == 0)
			return true;
	return false;
}

/* As pdnsutil has it, with the backend in front; or without it. */
void
verb_do_backend_cmd(struct command *c)
{
	struct errand_request r = request_of(c, ERRAND_COMMAND);
	bool named = c->n > 2 && is_backend(c->m, c->words[1]);
	char *line = xalloc(sizeof(r.text) + 1);
	struct text t = text_over(line, sizeof(r.text) + 1);

	for (int i = 1 + named; i < c->n; i++)
		text_fmt(&t, "%s%s", i > 1 + named ? " " : "", c->words[i]);
	if (add_word(c, &r, named ? c->words[1] : "") && add_word(c, &r, line))
		forward_to_one(c, &r, FORWARD_ANY);
	free(line);
}
