/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/limits_report.c - which limit was reached, and where. Runs wherever a
 * script runs, in hooks and in the allocator too. Invariant: nothing here
 * allocates or changes a Lua state.
 */
#include <stdio.h>

#include "lib/hash.h"
#include "lib/text.h"
#include "luaapi/limits.h"

enum { LEVELS = 8, AGAIN_MS = 60000 };

static bool
is_load(const struct limits *l)
{
	return l->loading || l->limit_ms != l->time_limit_ms;
}

const char *
limits_words(const struct limits *l, enum limit what,
	     char out[LIMITS_WORDS_MAX])
{
	switch (what) {
	case LIMIT_NONE:
		out[0] = '\0';
		break;
	case LIMIT_TIME:
		snprintf(out, LIMITS_WORDS_MAX,
			 "script-%s-limit of %lld ms "
			 "reached",
			 is_load(l) ? "load" : "time",
			 (long long)(is_load(l) ? l->load_limit_ms
						: l->time_limit_ms));
		break;
	case LIMIT_INSTRUCTIONS:
		snprintf(out, LIMITS_WORDS_MAX,
			 "script-instruction-limit of %lld reached",
			 (long long)l->most_instructions);
		break;
	case LIMIT_MEMORY:
		if (l->loading)
			snprintf(out, LIMITS_WORDS_MAX,
				 "half of the machine's memory used up");
		else
			snprintf(out, LIMITS_WORDS_MAX,
				 "script-memory-limit of %zu bytes reached",
				 l->most_bytes);
		break;
	case LIMIT_STACK:
		snprintf(out, LIMITS_WORDS_MAX, "stack overflow");
		break;
	}
	return out;
}

/* "\n\tzone.lua:41: in function 'f'" */
static void
put_level(struct text *t, lua_State *L, lua_Debug *ar)
{
	lua_getinfo(L, "nSl", ar);
	text_fmt(t, "\n\t%s:", ar->short_src);
	if (ar->currentline > 0)
		text_fmt(t, "%d:", ar->currentline);
	if (ar->name && ar->namewhat[0])
		text_fmt(t, " in %s '%s'", ar->namewhat, ar->name);
	else if (ar->what[0] == 'm')
		text_str(t, " in main chunk");
	else if (ar->what[0] == 'C')
		text_str(t, " in ?");
	else
		text_fmt(t, " in function <%s:%d>", ar->short_src,
			 ar->linedefined);
}

/* The innermost level that has a line is the place. */
static void
take_place(struct limits *l, const lua_Debug *ar)
{
	if (!l->place[0] && ar->currentline > 0)
		snprintf(l->place, sizeof(l->place), "%s:%d", ar->short_src,
			 ar->currentline);
}

/* The levels of the running coroutine, then of who resumed it, and so on. */
static void
put_levels(struct limits *l, struct text *t)
{
	lua_State *L = l->running;
	const struct limits_frame *f = l->frame;
	unsigned n = 0;
	lua_Debug ar;

	while (L) {
		for (int i = 0; lua_getstack(L, i, &ar); i++) {
			if (n++ == LEVELS) {
				text_str(t, "\n\t...");
				return;
			}
			put_level(t, L, &ar);
			take_place(l, &ar);
		}
		L = f ? f->resumer : NULL;
		f = f ? f->up : NULL;
	}
}

void
limits_tell(struct limits *l, enum limit what, size_t bytes)
{
	char words[LIMITS_WORDS_MAX], stack[LIMITS_REPORT_MAX];
	struct text t = text_over(stack, sizeof(stack)), report;

	l->told = what;
	l->alert = 1;
	l->place[0] = '\0';
	put_levels(l, &t);
	report = text_over(l->report, sizeof(l->report));
	text_str(&report, limits_words(l, what, words));
	if (bytes)
		text_fmt(&report, " (%zu more were asked for)", bytes);
	if (l->place[0])
		text_fmt(&report, " at %s", l->place);
	text_fmt(&report, "\nstack traceback:%s", stack);
}

/* -- Logging --------------------------------------------------------------- */

/* The entry of this place; else a free one or the one that is over first. */
static struct limits_place *
entry_of(struct limits *l, uint64_t hash)
{
	struct limits_place *old = &l->places[0];

	for (size_t i = 0; i < LIMITS_PLACES; i++) {
		struct limits_place *p = &l->places[i];

		if (p->hash == hash)
			return p;
		if (p->again_ms < old->again_ms)
			old = p;
	}
	*old = (struct limits_place){.hash = hash};
	return old;
}

bool
limits_may_log(struct limits *l, int64_t now_ms, unsigned *left_out)
{
	uint64_t hash = hash_mix(slice_str(l->place), 1);
	struct limits_place *p = entry_of(l, hash);

	if (p->again_ms > now_ms) {
		p->left_out++;
		return false;
	}
	*left_out = p->left_out;
	p->left_out = 0;
	p->again_ms = now_ms + AGAIN_MS;
	return true;
}
