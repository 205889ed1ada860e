/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/parse.c - the grammar of pdns.conf. Runs in the master, before anything
 * starts, and in tools. Invariant: a line with a mistake is named and left
 * out; the lines after it are still read.
 */
#include "conf/parse.h"

#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/text.h"

enum { MISTAKE_MAX_BYTES = 2048 };

void *
parse_keep(struct given *g, size_t bytes)
{
	void *p = arena_alloc(g->mem, bytes);

	if (!p)
		log_die("out of memory (%zu bytes)", bytes);
	return p;
}

char *
parse_keep_text(struct given *g, const char *bytes, size_t len)
{
	char *p = parse_keep(g, len + 1);

	memcpy(p, bytes, len);
	p[len] = '\0';
	return p;
}

char *
parse_keep_fmt(struct given *g, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	bug_on(n < 0);
	p = parse_keep(g, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

static void say(int level, const struct conf_setting *s, const char *fmt,
		va_list ap) __attribute__((format(printf, 3, 0)));

static void
say(int level, const struct conf_setting *s, const char *fmt, va_list ap)
{
	char where[MISTAKE_MAX_BYTES / 2], words[MISTAKE_MAX_BYTES];
	struct text t = text_over(where, sizeof(where));

	if (s->file && s->line)
		text_fmt(&t, "%s:%u: ", s->file, s->line);
	else if (s->file)
		text_fmt(&t, "%s: ", s->file);
	if (s->name)
		text_fmt(&t, "%s: ", s->name);
	vsnprintf(words, sizeof(words), fmt, ap);
	log_each(level, "%s%s", where, words);
}

void
parse_mistake(struct given *g, const struct conf_setting *s, const char *fmt,
	      ...)
{
	va_list ap;

	g->n_mistakes++;
	va_start(ap, fmt);
	say(LOG_LEVEL_ERR, s, fmt, ap);
	va_end(ap);
}

void
parse_warning(const struct conf_setting *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_LEVEL_WARNING, s, fmt, ap);
	va_end(ap);
}

struct conf_setting *
parse_last(const struct given *g, const char *name)
{
	for (size_t i = g->n; i-- > 0;)
		if (strcmp(g->at[i].name, name) == 0)
			return &g->at[i];
	return NULL;
}

bool
parse_word(const char **at, const char *seps, struct slice *word)
{
	const char *p = *at + strspn(*at, seps);
	size_t n = strcspn(p, seps);

	*word = slice_of(p, n);
	*at = p + n;
	return n > 0;
}

static void
add(struct given *g, const struct conf_setting *s)
{
	if (g->n == PARSE_SETTINGS_MAX) {
		if (!g->full) /* say it once */
			parse_mistake(g, s, "more than %d settings",
				      PARSE_SETTINGS_MAX);
		g->full = true;
		return;
	}
	if (g->n == g->cap) {
		size_t cap = g->cap ? g->cap * 2 : 64;
		struct conf_setting *at = parse_keep(g, cap * sizeof(*at));

		if (g->n)
			memcpy(at, g->at, g->n * sizeof(*at));
		g->at = at;
		g->cap = cap;
	}
	g->at[g->n++] = *s;
}

static const char *
copy_text(struct given *g, const char *text)
{
	return text ? parse_keep_text(g, text, strlen(text)) : NULL;
}

void
parse_copy(struct given *g, const struct conf_setting *from)
{
	const struct conf_setting s = {.file = copy_text(g, from->file),
				       .line = from->line,
				       .name = copy_text(g, from->name),
				       .value = copy_text(g, from->value),
				       .bare = from->bare};

	add(g, &s);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static struct slice
trim_end(struct slice s)
{
	while (s.len && is_blank((char)s.at[s.len - 1]))
		s.len--;
	return s;
}

static struct slice
trim(struct slice s)
{
	while (s.len && is_blank((char)s.at[0])) {
		s.at++;
		s.len--;
	}
	return trim_end(s);
}

/* Bytes that would forge log lines or end strings early; NULL if none. */
static const uint8_t *
control_byte(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((s.at[i] < 0x20 && s.at[i] != '\t') || s.at[i] == 0x7f)
			return s.at + i;
	return NULL;
}

/* "name=value", "name+=value" or "name", trimmed and not empty. */
static void
parse_one(struct given *g, const struct conf_setting *where, struct slice s)
{
	struct conf_setting set = *where;
	const uint8_t *bad = control_byte(s);
	const uint8_t *eq = memchr(s.at, '=', s.len);
	struct slice name = s, value = {(const uint8_t *)"yes", 3};

	if (bad) {
		parse_mistake(g, where, "control character (byte %u)", *bad);
		return;
	}
	if (eq) {
		size_t n = (size_t)(eq - s.at);

		set.append = n && eq[-1] == '+';
		name = trim(slice_of(s.at, n - set.append));
		value = trim(slice_of(eq + 1, s.len - n - 1));
	}
	if (name.len == 0) {
		parse_mistake(g, where, "no name of a setting before the =");
		return;
	}
	set.bare = eq == NULL;
	set.name = parse_keep_text(g, (const char *)name.at, name.len);
	set.value = parse_keep_text(g, (const char *)value.at, value.len);
	add(g, &set);
}

const char *
parse_trim(struct given *g, struct slice text)
{
	struct slice s = trim(text);

	return parse_keep_text(g, (const char *)s.at, s.len);
}

/* A # counts as the first byte of the line and after a blank. */
static struct slice
cut_comment(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] == '#' && (i == 0 || is_blank((char)s.at[i - 1]))) {
			s.len = i;
			break;
		}
	return s;
}

struct lines {
	struct slice left; /* of the file */
	unsigned number;   /* of the line before left */
	uint8_t *whole;	   /* the line with those that continue it */
	size_t len;
};

/* Gather one logical line; false at the end of the file. */
static bool
next_line(struct lines *l)
{
	bool more = true;

	l->len = 0;
	if (l->left.len == 0)
		return false;
	while (more && l->left.len) {
		const uint8_t *nl = memchr(l->left.at, '\n', l->left.len);
		size_t n = nl ? (size_t)(nl - l->left.at) : l->left.len;
		struct slice s = trim_end(slice_of(l->left.at, n));

		more = s.len && s.at[s.len - 1] == '\\';
		memcpy(l->whole + l->len, s.at, s.len - more);
		l->len += s.len - more;
		n += nl != NULL;
		l->left = slice_of(l->left.at + n, l->left.len - n);
		l->number++;
	}
	return true;
}

void
parse_text(struct given *g, const char *file, struct slice text)
{
	struct conf_setting where = {.file = file};
	struct lines l = {.left = text};

	if (text.len >= 3 && memcmp(text.at, "\xef\xbb\xbf", 3) == 0)
		l.left = slice_of(text.at + 3, text.len - 3);
	l.whole = parse_keep(g, text.len + 1);
	for (where.line = 1; next_line(&l); where.line = l.number + 1) {
		struct slice s = trim(slice_of(l.whole, l.len));

		s = trim(cut_comment(s));
		if (s.len)
			parse_one(g, &where, s);
	}
}

void
parse_argument(struct given *g, const char *text)
{
	const struct conf_setting where = {.file = "command line"};

	parse_one(g, &where, trim(slice_str(text)));
}
