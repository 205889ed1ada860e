/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/fuzz/fuzz_conf.c - a file of settings, from its bytes to struct conf and,
 * when it has no mistake, to --config and back: that gives the same again.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf/conf.h"
#include "lib/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* What conf_dump prints; on the heap. */
static struct slice
dump(const struct conf *c, const char *mode)
{
	int fd = memfd_create("dump", 0);
	enum err e = conf_dump(c, mode, fd);
	size_t n = (size_t)lseek(fd, 0, SEEK_END);
	uint8_t *text = calloc(1, n + 1);

	bug_on(fd < 0 || !text || e != ERR_NONE);
	bug_on(pread(fd, text, n, 0) != (ssize_t)n);
	close(fd);
	return slice_of(text, n);
}

static void
forget(struct slice s)
{
	free((void *)(uintptr_t)s.at);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct conf *c, *again;
	struct slice first, second;
	enum err e;

	log_set_level(-1);
	if (conf_load_text("fuzz", slice_of(bytes, n), &c) != ERR_NONE)
		return 0;
	first = dump(c, "");
	e = conf_load_text("dump", first, &again);
	bug_on(e != ERR_NONE);
	second = dump(again, "");
	bug_on(!slice_equal(first, second) && !c->edns_cookie_secret[0] &&
	       !c->include_dir[0]);
	forget(first);
	forget(second);
	conf_free(c);
	conf_free(again);
	return 0;
}
