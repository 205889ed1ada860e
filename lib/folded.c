/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/folded.c - how often each stack was seen. Runs in workers, which sample,
 * and in the master, which adds up. Invariant: every stack is in the index
 * once.
 */
#include "lib/folded.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"
#include "lib/mem.h"
#include "lib/text.h"

enum {
	INDEX = 2 * FOLDED_STACKS_MAX, /* a power of two, never full */
	NUMBER_BYTES = 24	       /* blank, digits, newline */
};

struct stack {
	struct slice text;
	uint64_t hash, n;
};

struct folded {
	struct stack stacks[FOLDED_STACKS_MAX];
	uint16_t index[INDEX]; /* number of the stack + 1; 0 = free */
	size_t n_stacks, used; /* bytes */
	uint64_t total, beyond;
	uint8_t bytes[FOLDED_BYTES_MAX];
};

struct folded *
folded_new(void)
{
	return xnew(struct folded);
}

void
folded_free(struct folded *f)
{
	free(f);
}

/* The place of this stack in the index: its own, or a free one. */
static uint16_t *
place_of(struct folded *f, struct slice text, uint64_t hash)
{
	size_t i = hash % INDEX;

	for (; f->index[i]; i = (i + 1) % INDEX) {
		const struct stack *s = &f->stacks[f->index[i] - 1];

		if (s->hash == hash && slice_equal(s->text, text))
			break;
	}
	return &f->index[i];
}

static struct stack *
new_stack(struct folded *f, struct slice text, uint64_t hash)
{
	struct stack *s = &f->stacks[f->n_stacks++];
	uint8_t *at = f->bytes + f->used;

	memcpy(at, text.at, text.len);
	f->used += text.len;
	*s = (struct stack){slice_of(at, text.len), hash, 0};
	return s;
}

void
folded_add(struct folded *f, struct slice text, uint64_t n)
{
	uint64_t hash = hash_mix(text, 0);
	uint16_t *place = place_of(f, text, hash);
	struct stack *s;

	f->total += n;
	if (*place) {
		s = &f->stacks[*place - 1];
	} else if (!text.len || f->n_stacks == FOLDED_STACKS_MAX ||
		   text.len > FOLDED_BYTES_MAX - f->used) {
		f->beyond += n;
		return;
	} else {
		s = new_stack(f, text, hash);
		*place = (uint16_t)f->n_stacks;
	}
	s->n += n;
}

/* "outer;inner 12" */
static void
read_line(struct folded *f, struct slice line)
{
	uint64_t n = 0;
	size_t i = line.len;

	while (i > 0 && line.at[i - 1] != ' ')
		i--;
	if (i < 2 || i == line.len || line.len - i > 18)
		return;
	for (size_t k = i; k < line.len; k++) {
		if (line.at[k] < '0' || line.at[k] > '9')
			return;
		n = n * 10 + (uint64_t)(line.at[k] - '0');
	}
	folded_add(f, slice_of(line.at, i - 1), n);
}

void
folded_read(struct folded *f, struct slice text)
{
	while (text.len) {
		const uint8_t *end = memchr(text.at, '\n', text.len);
		size_t n = end ? (size_t)(end - text.at) : text.len;

		read_line(f, slice_of(text.at, n));
		n += end != NULL;
		text = slice_of(text.at + n, text.len - n);
	}
}

uint64_t
folded_total(const struct folded *f)
{
	return f->total;
}

uint64_t
folded_beyond(const struct folded *f)
{
	return f->beyond;
}

size_t
folded_bytes(const struct folded *f)
{
	return f->used + f->n_stacks * NUMBER_BYTES + 1;
}

static int
by_text(const void *a, const void *b)
{
	const struct stack *x = a, *y = b;
	size_t n = x->text.len < y->text.len ? x->text.len : y->text.len;
	int d = memcmp(x->text.at, y->text.at, n);

	if (d == 0 && x->text.len != y->text.len)
		d = x->text.len < y->text.len ? -1 : 1;
	return d;
}

/* Sorting moves the stacks: their index is made anew. */
static void
sort(struct folded *f)
{
	qsort(f->stacks, f->n_stacks, sizeof(f->stacks[0]), by_text);
	memset(f->index, 0, sizeof(f->index));
	for (size_t i = 0; i < f->n_stacks; i++) {
		const struct stack *s = &f->stacks[i];

		*place_of(f, s->text, s->hash) = (uint16_t)(i + 1);
	}
}

void
folded_put(struct folded *f, struct text *out)
{
	sort(f);
	for (size_t i = 0; i < f->n_stacks; i++) {
		const struct stack *s = &f->stacks[i];

		text_put(out, (const char *)s->text.at, s->text.len);
		text_fmt(out, " %" PRIu64 "\n", s->n);
	}
}
