/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/pattern.c - Lua patterns. Runs wherever a script runs. Invariant:
 * back[] holds, innermost last, each choice that was made and could have been
 * made otherwise, and each capture that was opened or closed since.
 */
#include "luaapi/pattern.h"

#include <ctype.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#include "luaapi/limits.h"

enum { BACK_MAX = 200 }; /* as deep as Lua's own goes */

enum choice {
	CHOICE_SKIP,	/* x?: matched once; could be left out */
	CHOICE_SHORTER, /* x*, x+: could match one time less */
	CHOICE_LONGER,	/* x-: could match one time more */
	CHOICE_OPENED,	/* a capture: to be undone */
	CHOICE_CLOSED
};

struct back {
	enum choice choice;
	int capture;	   /* CHOICE_CLOSED */
	const char *item;  /* CHOICE_LONGER: x itself */
	const char *after; /* the pattern behind it */
	const char *at;	   /* where the subject goes on */
	const char *least; /* CHOICE_SHORTER: at may not come before */
};

struct run {
	struct pattern *p;
	const char *item; /* of the pattern, next to match */
	const char *at;	  /* of the subject */
	int n;
	struct back back[BACK_MAX];
};

static struct back *
push(struct run *r, enum choice choice)
{
	struct back *b;

	if (r->n == BACK_MAX)
		luaL_error(r->p->L, "pattern too complex");
	b = &r->back[r->n++];
	b->choice = choice;
	return b;
}

/* -- One character --------------------------------------------------------- */

/* %a, %d, ...; any other letter stands for itself. */
static bool
in_class(int c, int class)
{
	bool in;

	switch (tolower(class)) {
	case 'a':
		in = isalpha(c);
		break;
	case 'c':
		in = iscntrl(c);
		break;
	case 'd':
		in = isdigit(c);
		break;
	case 'g':
		in = isgraph(c);
		break;
	case 'l':
		in = islower(c);
		break;
	case 'p':
		in = ispunct(c);
		break;
	case 's':
		in = isspace(c);
		break;
	case 'u':
		in = isupper(c);
		break;
	case 'w':
		in = isalnum(c);
		break;
	case 'x':
		in = isxdigit(c);
		break;
	case 'z': /* of Lua 5.1, not in the manual any more */
		in = c == 0;
		break;
	default:
		return class == c;
	}
	return isupper(class) ? !in : in;
}

static inline int
byte(const char *s)
{
	return (unsigned char)*s;
}

/* set: "[...", last: its "]". */
static bool
in_set(int c, const char *set, const char *last)
{
	bool negated = set[1] == '^';

	for (set += 1 + negated; set < last; set++) {
		if (*set == '%') {
			set++;
			if (in_class(c, byte(set)))
				return !negated;
		} else if (set[1] == '-' && set + 2 < last) {
			if (byte(set) <= c && c <= byte(set + 2))
				return !negated;
			set += 2;
		} else if (byte(set) == c) {
			return !negated;
		}
	}
	return negated;
}

static void
malformed(const struct run *r, const char *why)
{
	luaL_error(r->p->L, "malformed pattern (%s)", why);
}

/* Behind the set that begins at `set`. A "]" that comes first is one of it. */
static const char *
set_end(const struct run *r, const char *set)
{
	const char *p = set + 1, *stop = r->p->stop;
	bool first = true;

	if (p < stop && *p == '^')
		p++;
	for (; first || *p != ']'; first = false) {
		if (p == stop)
			malformed(r, "missing ']'");
		if (*p++ == '%' && p < stop)
			p++;
	}
	return p + 1;
}

/* Behind the single character class at item. */
static const char *
class_end(const struct run *r, const char *item)
{
	if (*item == '[')
		return set_end(r, item);
	if (*item != '%')
		return item + 1;
	if (item + 1 == r->p->stop)
		malformed(r, "ends with '%'");
	return item + 2;
}

/* Does the character at `at` belong to the class item ... after? */
static bool
is_one(const struct run *r, const char *at, const char *item, const char *after)
{
	if (at >= r->p->end)
		return false;
	switch (*item) {
	case '.':
		return true;
	case '%':
		return in_class(byte(at), byte(item + 1));
	case '[':
		return in_set(byte(at), item, after - 1);
	default:
		return *item == *at;
	}
}

/* -- Items: each moves r on, or returns false ------------------------------ */

static bool
open_capture(struct run *r)
{
	struct pattern *p = r->p;
	bool place = r->item[1] == ')';

	if (p->n >= PATTERN_CAPTURES)
		luaL_error(p->L, "too many captures");
	push(r, CHOICE_OPENED);
	p->capture[p->n++] =
	    (struct capture){r->at, place ? CAPTURE_PLACE : CAPTURE_OPEN};
	r->item += place ? 2 : 1;
	return true;
}

static bool
close_capture(struct run *r)
{
	struct pattern *p = r->p;
	int i = p->n - 1;

	while (i >= 0 && p->capture[i].len != CAPTURE_OPEN)
		i--;
	if (i < 0)
		luaL_error(p->L, "invalid pattern capture");
	push(r, CHOICE_CLOSED)->capture = i;
	p->capture[i].len = r->at - p->capture[i].at;
	r->item++;
	return true;
}

/* %bxy */
static bool
match_balanced(struct run *r)
{
	const struct pattern *p = r->p;
	const char *at = r->at, *x = r->item + 2;
	size_t open = 1;

	if (x + 1 >= p->stop)
		malformed(r, "missing arguments to '%b'");
	if (at >= p->end || *at != x[0])
		return false;
	while (++at < p->end) {
		limits_poll(p->L, p->limits);
		if (*at == x[1] && --open == 0) {
			r->at = at + 1;
			r->item += 4;
			return true;
		}
		if (*at == x[0] && x[0] != x[1])
			open++;
	}
	return false;
}

/* %f[set]; before and behind the subject are zeros. */
static bool
match_frontier(struct run *r)
{
	const struct pattern *p = r->p;
	const char *set = r->item + 2, *after;
	int before = r->at == p->begin ? 0 : byte(r->at - 1);

	if (*set != '[')
		luaL_error(p->L, "missing '[' after '%%f' in pattern");
	after = set_end(r, set);
	if (in_set(before, set, after - 1) ||
	    !in_set(byte(r->at), set, after - 1))
		return false;
	r->item = after;
	return true;
}

/* %1 ... %9 */
static bool
match_back(struct run *r)
{
	const struct pattern *p = r->p;
	int i = r->item[1] - '1';
	size_t len;

	if (i < 0 || i >= p->n || p->capture[i].len == CAPTURE_OPEN)
		luaL_error(p->L, "invalid capture index %%%d", i + 1);
	len = (size_t)p->capture[i].len; /* huge for a place: no match */
	if ((size_t)(p->end - r->at) < len ||
	    memcmp(p->capture[i].at, r->at, len) != 0)
		return false;
	r->at += len;
	r->item += 2;
	return true;
}

static bool
match_many(struct run *r, const char *after, size_t least)
{
	const char *at = r->at, *first = r->at + least;
	struct back *b;

	for (; is_one(r, at, r->item, after); at++)
		limits_poll(r->p->L, r->p->limits);
	if (at < first)
		return false;
	if (at > first) {
		b = push(r, CHOICE_SHORTER);
		b->after = after + 1;
		b->at = at;
		b->least = first;
	}
	r->at = at;
	r->item = after + 1;
	return true;
}

static bool
match_few(struct run *r, const char *after)
{
	struct back *b = push(r, CHOICE_LONGER);

	b->item = r->item;
	b->after = after + 1;
	b->at = r->at;
	r->item = after + 1;
	return true;
}

static bool
match_optional(struct run *r, const char *after)
{
	if (is_one(r, r->at, r->item, after)) {
		struct back *b = push(r, CHOICE_SKIP);

		b->after = after + 1;
		b->at = r->at++;
	}
	r->item = after + 1;
	return true;
}

/* A single character class and what follows it. */
static bool
match_class(struct run *r)
{
	const char *after = class_end(r, r->item);

	switch (*after) { /* a 0 behind the pattern */
	case '?':
		return match_optional(r, after);
	case '*':
		return match_many(r, after, 0);
	case '+':
		return match_many(r, after, 1);
	case '-':
		return match_few(r, after);
	default:
		if (!is_one(r, r->at, r->item, after))
			return false;
		r->at++;
		r->item = after;
		return true;
	}
}

static bool
match_item(struct run *r)
{
	switch (*r->item) {
	case '(':
		return open_capture(r);
	case ')':
		return close_capture(r);
	case '$':
		if (r->item + 1 != r->p->stop)
			break;
		r->item++;
		return r->at == r->p->end;
	case '%':
		if (r->item[1] == 'b')
			return match_balanced(r);
		if (r->item[1] == 'f')
			return match_frontier(r);
		if (isdigit(byte(r->item + 1)))
			return match_back(r);
		break;
	default:
		break;
	}
	return match_class(r);
}

/* -- Choices --------------------------------------------------------------- */

/* Make the last choice otherwise. false: it cannot be; it is gone. */
static bool
choose_anew(struct run *r)
{
	struct back *b = &r->back[r->n - 1];

	switch (b->choice) {
	case CHOICE_SKIP:
		r->n--;
		break;
	case CHOICE_SHORTER:
		if (--b->at == b->least)
			r->n--;
		break;
	case CHOICE_LONGER:
		/* behind the class stands the "-" */
		if (!is_one(r, b->at, b->item, b->after - 1)) {
			r->n--;
			return false;
		}
		b->at++;
		break;
	case CHOICE_OPENED:
		r->p->n--;
		r->n--;
		return false;
	case CHOICE_CLOSED:
		r->p->capture[b->capture].len = CAPTURE_OPEN;
		r->n--;
		return false;
	}
	r->at = b->at;
	r->item = b->after;
	return true;
}

static bool
go_back(struct run *r)
{
	while (r->n > 0)
		if (choose_anew(r))
			return true;
	return false;
}

const char *
pattern_match(struct pattern *p, const char *at)
{
	struct run r; /* back[] is large: not cleared */

	r.p = p;
	r.item = p->text;
	r.at = at;
	r.n = 0;
	p->n = 0;
	while (r.item != p->stop) {
		limits_poll(p->L, p->limits);
		if (!match_item(&r) && !go_back(&r))
			return NULL;
	}
	return r.at;
}

/* Does the pattern begin with one certain character, *c? */
static bool
begins_with(const struct pattern *p, char *c)
{
	const char *after = p->text + 1;

	if (p->text == p->stop)
		return false;
	*c = *p->text;
	if (*c == '%') {
		if (after == p->stop || isalnum(byte(after)))
			return false;
		*c = *after++;
	} else if (strchr("^$().[", *c)) {
		return false; /* also a 0, which strchr finds */
	}
	return !*after || !strchr("*?-", *after);
}

const char *
pattern_seek(const struct pattern *p, const char *at)
{
	const char *found;
	char c;

	if (!begins_with(p, &c))
		return at;
	found = memchr(at, c, (size_t)(p->end - at));
	return found ? found : p->end;
}
