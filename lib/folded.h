/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/folded.h - stacks of calls and how often each was seen, in the form that
 * flame graphs are drawn from: "outer;inner;innermost 12", a line each. Holds
 * at most FOLDED_STACKS_MAX of them in FOLDED_BYTES_MAX; samples of others are
 * only counted.
 */
#ifndef LIB_FOLDED_H
#define LIB_FOLDED_H

#include <stddef.h>
#include <stdint.h>

#include "lib/bug.h"
#include "lib/slice.h"

struct folded;
struct text;

enum { FOLDED_STACKS_MAX = 4096, FOLDED_BYTES_MAX = 1 << 20 };

/* Dies when there is no memory; nothing else here allocates. */
struct folded *folded_new(void) MUST_CHECK;
void folded_free(struct folded *);
/* n more samples of a stack, which holds no newline. Not from a signal
 * handler. */
void folded_add(struct folded *, struct slice stack, uint64_t n);
/* Add the lines of a text, such as folded_put makes. What is no such line is
 * left out. */
void folded_read(struct folded *, struct slice text);
/* All samples, and those of stacks without a place. */
uint64_t folded_total(const struct folded *);
uint64_t folded_beyond(const struct folded *);
/* Bytes that folded_put may write, the final 0 included. */
size_t folded_bytes(const struct folded *);
/* A line for each stack, in order of their bytes. */
void folded_put(struct folded *, struct text *);

#endif
