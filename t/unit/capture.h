/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/capture.h - what a piece of code writes to a descriptor, as text. In
 * tests only. A memfd, not a pipe: it takes any amount without a reader.
 */
#ifndef T_UNIT_CAPTURE_H
#define T_UNIT_CAPTURE_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/bug.h"

struct capture {
	int target, saved, fd;
	char *text; /* of the last capture_end */
};

/* From now on, what goes to target (1, 2) is kept. */
static inline void
capture_begin(struct capture *c, int target)
{
	c->target = target;
	c->saved = dup(target);
	c->fd = memfd_create("capture", 0);
	bug_on(c->saved < 0 || c->fd < 0 || dup2(c->fd, target) < 0);
}

/* All of it since capture_begin; free with capture_free. */
static inline const char *
capture_end(struct capture *c)
{
	off_t n = lseek(c->fd, 0, SEEK_END);

	bug_on(n < 0 || dup2(c->saved, c->target) < 0);
	c->text = calloc(1, (size_t)n + 1);
	bug_on(!c->text || pread(c->fd, c->text, (size_t)n, 0) != n);
	close(c->fd);
	close(c->saved);
	return c->text;
}

static inline void
capture_free(struct capture *c)
{
	free(c->text);
	c->text = NULL;
}

/* How often word is in text. */
static inline size_t
capture_count(const char *text, const char *word)
{
	size_t n = 0;

	for (; (text = strstr(text, word)) != NULL; text += strlen(word))
		n++;
	return n;
}

#endif
