/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_conf_reload.c - the configuration of the next generation: what
 * changes, what stays because it is read at the start only.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "lib/log.h"
#include "lib/text.h"

static char path[] = "/tmp/pdnslua-reload-XXXXXX";

static void
put(const char *text)
{
	FILE *f = fopen(path, "w");

	cr_assert(f);
	fputs(text, f);
	fclose(f);
}

static void
make_file(void)
{
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	close(fd);
	log_set_level(LOG_LEVEL_EMERG);
}

static void
remove_file(void)
{
	unlink(path);
}

struct pair {
	struct cmdline cl;
	struct conf *old, *new;
	enum err e;
	char kept[512];
};

/* Load one text, then reload another, with these settings of the command
 * line. */
static struct pair
reload(const char *before, const char *after, char **settings, size_t n)
{
	struct pair p = {.cl = {.action = CONF_DUMP,
				.path = path,
				.dump_mode = "",
				.settings = settings,
				.n_settings = n}};
	struct text kept = text_over(p.kept, sizeof(p.kept));

	put(before);
	cr_assert_eq(conf_load(&p.cl, &p.old), ERR_NONE);
	put(after);
	p.e = conf_reload(&p.cl, p.old, &kept, &p.new);
	return p;
}

static void
done(struct pair *p)
{
	conf_free(p->new);
	conf_free(p->old);
}

TestSuite(reload, .init = make_file, .fini = remove_file);

Test(reload, what_may_change_changes)
{
	struct pair p = reload("cache-ttl=5\nserver-id=a\n",
			       "cache-ttl=6\nlua2-filename=/x\n", NULL, 0);

	cr_assert_eq(p.e, ERR_NONE);
	cr_expect_eq(p.new->cache_ttl, 6);
	cr_expect_str_neq(p.new->server_id, "a");
	cr_expect_str_eq(conf_param(p.new, "lua2-filename"), "/x");
	cr_expect_str_eq(p.kept, "");
	done(&p);
}

Test(reload, what_is_read_at_the_start_keeps_its_value_and_is_named)
{
	struct pair p = reload("launch=lua2:a\nlocal-address=192.0.2.1\n"
			       "workers=2\nsetuid=nobody\nshm-size=8M\n",
			       "launch=lua2:b, lua2:c\nworkers=3\n"
			       "local-address=192.0.2.2, 192.0.2.3\n"
			       "shm-size=8M\nsocket-dir=/elsewhere\n",
			       NULL, 0);

	cr_assert_eq(p.e, ERR_NONE);
	cr_expect_str_eq(p.kept, "local-address, workers, setuid, socket-dir, "
				 "launch");
	cr_expect_eq(p.new->workers, 2);
	cr_expect_eq(p.new->local_address.n, 1);
	cr_expect_str_eq(p.new->setuid, "nobody");
	cr_expect_str_eq(p.new->socket_dir, p.old->socket_dir);
	cr_expect_eq(p.new->n_launches, 1);
	cr_expect_str_eq(p.new->launches[0].instance, "a");
	/* nothing of it lives in the old one's memory */
	conf_free(p.old);
	p.old = NULL;
	cr_expect_str_eq(p.new->launches[0].label, "lua2:a");
	cr_expect_str_eq(p.new->setuid, "nobody");
	done(&p);
}

Test(reload, the_command_line_goes_on_to_win)
{
	char workers[] = "workers=4", ttl[] = "cache-ttl=9";
	char *settings[] = {workers, ttl};
	struct pair p = reload("", "cache-ttl=5\nworkers=2\n", settings, 2);

	cr_assert_eq(p.e, ERR_NONE);
	cr_expect_eq(p.new->cache_ttl, 9);
	cr_expect_eq(p.new->workers, 4);
	cr_expect_str_eq(p.kept, "");
	done(&p);
}

Test(reload, mistakes_change_nothing)
{
	struct pair p = reload("cache-ttl=5\n", "cache-ttl=many\n", NULL, 0);

	cr_expect_eq(p.e, ERR_FORMAT);
	cr_expect_null(p.new);
	done(&p);
}

Test(reload, a_secret_that_was_drawn_stays)
{
	struct pair p =
	    reload("edns-cookie-secret=random\n",
		   "edns-cookie-secret=random\ncache-ttl=1\n", NULL, 0);

	cr_assert_eq(p.e, ERR_NONE);
	cr_expect_eq(strlen(p.old->edns_cookie_secret), 32);
	cr_expect_str_eq(p.new->edns_cookie_secret, p.old->edns_cookie_secret);
	done(&p);
	p = reload("edns-cookie-secret=random\n",
		   "edns-cookie-secret=00112233445566778899aabbccddeeff\n",
		   NULL, 0);
	cr_assert_eq(p.e, ERR_NONE);
	cr_expect_str_eq(p.new->edns_cookie_secret,
			 "00112233445566778899aabbccddeeff");
	done(&p);
}
