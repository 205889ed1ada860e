/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/sources.c - texts of scripts, from the disk or from a snapshot. Runs
 * in workers, jobs and --ask. Invariant: a path is in the list once, and its
 * text never changes.
 */
#include "luaapi/sources.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/rd.h"
#include "lib/wr.h"

enum { FILE_MAX_BYTES = 256 * 1024 * 1024 };

struct source {
	struct source *next;
	char *path; /* a directory ends in "/" */
	struct slice text;
};

struct sources {
	struct source *first, **end;
	void *map; /* of the snapshot; NULL: none */
	size_t map_bytes;
};

static struct source *
find(const struct sources *s, const char *path)
{
	for (struct source *f = s->first; f; f = f->next)
		if (strcmp(f->path, path) == 0)
			return f;
	return NULL;
}

static struct source *
add(struct sources *s, const char *path, struct slice text)
{
	struct source *f = xnew(struct source);

	f->path = xstrdup(path);
	f->text = text;
	*s->end = f;
	s->end = &f->next;
	return f;
}

/* --- snapshots: (path length, path, text length, text) after one another ---
 */

static void
take_snapshot(struct sources *s)
{
	struct rd r = rd_over(slice_of(s->map, s->map_bytes));

	while (rd_left(&r)) {
		struct slice path = rd_slice(&r, rd_u32(&r));
		struct slice text = rd_slice(&r, rd_u32(&r));
		char *name = xalloc(path.len + 1);

		if (rd_failed(&r))
			log_die("the snapshot of the script is damaged");
		memcpy(name, path.at, path.len);
		add(s, name, text);
		free(name);
	}
}

struct sources *
sources_new(int snapshot)
{
	struct sources *s = xnew(struct sources);
	struct stat st;

	s->end = &s->first;
	if (snapshot < 0)
		return s;
	if (fstat(snapshot, &st) < 0)
		log_die("the snapshot of the script: %s", strerror(errno));
	if (st.st_size == 0)
		return s;
	s->map_bytes = (size_t)st.st_size;
	s->map = mmap(NULL, s->map_bytes, PROT_READ, MAP_PRIVATE, snapshot, 0);
	if (s->map == MAP_FAILED)
		log_die("the snapshot of the script: %s", strerror(errno));
	take_snapshot(s);
	return s;
}

void
sources_free(struct sources *s)
{
	struct source *f = s->first;

	while (f) {
		struct source *next = f->next;

		if (!s->map || f->text.at < (const uint8_t *)s->map ||
		    f->text.at >= (const uint8_t *)s->map + s->map_bytes)
			free((void *)(uintptr_t)f->text.at);
		free(f->path);
		free(f);
		f = next;
	}
	if (s->map)
		munmap(s->map, s->map_bytes);
	free(s);
}

int
sources_seal(const struct sources *s)
{
	size_t bytes = 0;
	struct wr w;
	uint8_t *all;
	int fd;

	for (const struct source *f = s->first; f; f = f->next)
		bytes += 4 + strlen(f->path) + 4 + f->text.len;
	all = xalloc(bytes + 1);
	w = wr_over((struct span){all, bytes});
	for (const struct source *f = s->first; f; f = f->next) {
		wr_u32(&w, (uint32_t)strlen(f->path));
		wr_slice(&w, slice_str(f->path));
		wr_u32(&w, (uint32_t)f->text.len);
		wr_slice(&w, f->text);
	}
	bug_on(wr_failed(&w));
	fd = fd_sealed_copy("pdnslua script", wr_done(&w));
	free(all);
	return fd;
}

/* --- the disk --------------------------------------------------------------
 */

static enum err
read_all(int fd, struct slice *out)
{
	size_t len = 0, cap = (size_t)16 * 1024;
	uint8_t *at = xalloc(cap);
	ssize_t n;

	while ((n = read(fd, at + len, cap - len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0)
			len += (size_t)n;
		else if (len <= FILE_MAX_BYTES)
			break;
		if (len > FILE_MAX_BYTES) {
			errno = EFBIG;
			n = -1;
			break;
		}
		if (len == cap)
			at = xrealloc(at, cap *= 2);
	}
	if (n < 0) {
		free(at);
		return ERR_SYS;
	}
	*out = slice_of(at, len);
	return ERR_NONE;
}

enum err
sources_read(struct sources *s, const char *path, struct slice *text)
{
	struct source *f = find(s, path);
	struct slice fresh;
	enum err e;
	int fd;

	if (f) {
		*text = f->text;
		return ERR_NONE;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ERR_SYS;
	e = read_all(fd, &fresh);
	close(fd);
	if (e == ERR_NONE)
		*text = add(s, path, fresh)->text;
	return e;
}

static int
by_name_nocase(const struct dirent **a, const struct dirent **b)
{
	return strcasecmp((*a)->d_name, (*b)->d_name);
}

static int
is_lua_file(const struct dirent *d)
{
	return fnmatch("*.lua", d->d_name, FNM_PERIOD) == 0;
}

/* The names one after the other, each with its final 0. */
static struct slice
join_names(struct dirent **found, int n)
{
	size_t len = 0, at = 0;
	char *all;

	for (int i = 0; i < n; i++)
		len += strlen(found[i]->d_name) + 1;
	all = xalloc(len + 1);
	for (int i = 0; i < n; i++) {
		size_t one = strlen(found[i]->d_name) + 1;

		memcpy(all + at, found[i]->d_name, one);
		at += one;
		free(found[i]);
	}
	free(found);
	return slice_of(all, len);
}

enum err
sources_list(struct sources *s, const char *dir, struct slice *names)
{
	char *key = xprintf("%s/", dir);
	struct source *f = find(s, key);
	struct dirent **found;
	int n;

	if (!f) {
		n = scandir(dir, &found, is_lua_file, by_name_nocase);
		if (n < 0) {
			free(key);
			return ERR_SYS;
		}
		f = add(s, key, join_names(found, n));
	}
	*names = f->text;
	free(key);
	return ERR_NONE;
}
