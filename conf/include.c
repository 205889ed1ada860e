/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/include.c - files of settings. Runs in the master and in tools.
 * Invariant: a directory that is being read is never entered again, so a loop
 * of include-dir ends with a mistake.
 */
#include "conf/include.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/mem.h"

/* A directory that is being read, and those it was reached from. */
struct frame {
	const struct frame *up;
	dev_t dev;
	ino_t ino;
};

/* A file or directory still to read; what comes next is on top. */
struct pending {
	struct pending *below;
	const char *path;
	bool is_dir;
	struct conf_setting place; /* the include-dir that names it */
	const struct frame *up;
};

struct reader {
	struct given *g;
	struct pending *top;
};

/* All bytes of fd into *out, on the heap; 0, or the errno. */
static int
read_all(int fd, uint8_t **out, size_t *len)
{
	size_t cap = 8192, n = 0;
	uint8_t *buf = xalloc(cap);
	ssize_t got;

	for (;;) {
		if (n == cap) {
			cap *= 2;
			buf = xrealloc(buf, cap);
		}
		got = read(fd, buf + n, cap - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
		if (n > INCLUDE_FILE_MAX_BYTES) {
			errno = EFBIG;
			got = -1;
			break;
		}
	}
	if (got < 0) {
		free(buf);
		return errno;
	}
	*out = buf;
	*len = n;
	return 0;
}

static int
slurp(const char *path, uint8_t **out, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int failed;

	if (fd < 0)
		return errno;
	failed = read_all(fd, out, len);
	close(fd);
	return failed;
}

static int
wanted(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 5 &&
	       strcmp(d->d_name + n - 5, ".conf") == 0;
}

/* By bytes, whatever the locale. */
static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void
push(struct reader *r, const struct pending *what)
{
	struct pending *t = parse_keep(r->g, sizeof(*t));

	*t = *what;
	t->below = r->top;
	r->top = t;
}

/* The frame of a directory, or NULL after a mistake. */
static const struct frame *
enter(struct reader *r, const struct pending *dir)
{
	struct frame *here = parse_keep(r->g, sizeof(*here));
	struct stat st;

	if (stat(dir->path, &st) < 0) {
		parse_mistake(r->g, &dir->place, "%s: %s", dir->path,
			      strerror(errno));
		return NULL;
	}
	*here = (struct frame){dir->up, st.st_dev, st.st_ino};
	for (const struct frame *f = dir->up; f; f = f->up)
		if (f->dev == here->dev && f->ino == here->ino) {
			parse_mistake(r->g, &dir->place, "%s includes itself",
				      dir->path);
			return NULL;
		}
	return here;
}

static void
read_dir(struct reader *r, const struct pending *dir)
{
	struct pending file = {.up = enter(r, dir)};
	struct dirent **found;
	int n;

	if (!file.up)
		return;
	n = scandir(dir->path, &found, wanted, by_name);
	if (n < 0) {
		parse_mistake(r->g, &dir->place, "%s: %s", dir->path,
			      strerror(errno));
		return;
	}
	while (n-- > 0) { /* the first comes to lie on top */
		file.path =
		    parse_keep_fmt(r->g, "%s/%s", dir->path, found[n]->d_name);
		push(r, &file);
		free(found[n]);
	}
	free(found);
}

/* The directories of one include-dir, in reverse. */
static void
push_dirs(struct reader *r, const struct conf_setting *s,
	  const struct frame *up)
{
	struct pending dir = {.is_dir = true, .place = *s, .up = up};
	const char *from = s->value, *end = from + strlen(from);

	while (!s->bare && end > from) {
		const char *at = end;

		while (at > from && at[-1] != ',')
			at--;
		dir.path = parse_trim(r->g, slice_of(at, (size_t)(end - at)));
		if (dir.path[0])
			push(r, &dir);
		end = at > from ? at - 1 : at;
	}
}

/* What the settings from first on say of include-dir: the last =, and each +=
 * after it. In reverse. */
static void
push_own_dirs(struct reader *r, size_t first, const struct frame *up)
{
	for (size_t i = r->g->n; i-- > first;) {
		const struct conf_setting *s = &r->g->at[i];

		if (strcmp(s->name, "include-dir") != 0)
			continue;
		push_dirs(r, s, up);
		if (!s->append)
			return;
	}
}

static void
read_file(struct reader *r, const struct pending *file,
	  const struct conf_setting *dirs)
{
	const struct conf_setting whole = {.file = file->path};
	size_t first = r->g->n, len = 0;
	uint8_t *bytes = NULL;
	int failed = slurp(file->path, &bytes, &len);

	if (failed) {
		parse_mistake(r->g, &whole, "%s", strerror(failed));
		return;
	}
	parse_text(r->g, file->path, slice_of(bytes, len));
	free(bytes);
	if (dirs)
		push_dirs(r, dirs, file->up);
	else
		push_own_dirs(r, first, file->up);
}

static void
read_rest(struct reader *r)
{
	while (r->top) {
		const struct pending *t = r->top;

		r->top = t->below;
		if (t->is_dir)
			read_dir(r, t);
		else
			read_file(r, t, NULL);
	}
}

void
include_file(struct given *g, const char *path, const struct conf_setting *dirs)
{
	struct reader r = {.g = g};
	const struct pending file = {.path = path};

	read_file(&r, &file, dirs);
	read_rest(&r);
}

void
include_dirs(struct given *g, const struct conf_setting *dirs)
{
	struct reader r = {.g = g};

	push_dirs(&r, dirs, NULL);
	read_rest(&r);
}
