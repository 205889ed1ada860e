/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/lua2script.h - a lua2 script from its text, asked through lua2_ops
 * without sockets; what it logs can be read.
 */
#ifndef T_UNIT_LUA2SCRIPT_H
#define T_UNIT_LUA2SCRIPT_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf/conf.h"
#include "dns/rdata.h"
#include "dns/type.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "luaapi/host.h"
#include "luaapi/lua2.h"

enum { SAID_MAX = 1 << 18, TEXT_MAX = 1 << 16 };

struct lua2_script {
	struct conf *conf;
	struct rdata_parser *parser;
	void *self; /* NULL: it could not be opened */
	struct arena arena;
	char dir[32], path[64];
	int log, stderr_fd;
	char said[SAID_MAX];	 /* logged by the last operation */
	char text[TEXT_MAX];	 /* rows and the like, printed */
	const struct asker *who; /* of the next look-ups */
	struct asker client;
};

/* Standard error goes to s->log until hear_end, which puts it into s->said. */
static inline void
hear(struct lua2_script *s)
{
	s->stderr_fd = dup(STDERR_FILENO);
	cr_assert_eq(ftruncate(s->log, 0), 0);
	lseek(s->log, 0, SEEK_SET);
	dup2(s->log, STDERR_FILENO);
}

static inline void
hear_end(struct lua2_script *s)
{
	ssize_t n = pread(s->log, s->said, SAID_MAX - 1, 0);

	dup2(s->stderr_fd, STDERR_FILENO);
	close(s->stderr_fd);
	s->said[n > 0 ? n : 0] = '\0';
}

static inline void
script_write(struct lua2_script *s, const char *code)
{
	FILE *f;

	strcpy(s->dir, "/tmp/lua2-test-XXXXXX");
	cr_assert_not_null(mkdtemp(s->dir));
	snprintf(s->path, sizeof(s->path), "%s/script.lua", s->dir);
	f = fopen(s->path, "w");
	cr_assert_not_null(f);
	fputs(code, f);
	fclose(f);
}

/* settings: more lines of configuration, or NULL. */
static inline enum err
script_open(struct lua2_script *s, const char *code, const char *settings)
{
	char text[1024];
	enum err e;

	memset(s, 0, sizeof(*s));
	log_set_level(LOG_LEVEL_WARNING);
	log_set_role(""); /* lines of the script before do not count */
	s->log = memfd_create("log", 0);
	script_write(s, code);
	snprintf(text, sizeof(text),
		 "launch=lua2\nlua2-filename=%s\ndefault-ttl=3600\n"
		 "script-time-limit=60000\nworker-watchdog=3600000\n%s\n",
		 s->path, settings ? settings : "");
	cr_assert_eq(conf_load_text("test", slice_str(text), &s->conf),
		     ERR_NONE);
	s->parser = rdata_parser_new();
	arena_init(&s->arena, 65536, 0);
	cr_assert_eq(
	    addr_parse(slice_str("192.0.2.7"), 4711, &s->client.remote),
	    ERR_NONE);
	s->client.real = prefix_of(&s->client.remote, 32);
	s->who = &s->client;
	hear(s);
	e = lua2_open(s->conf, &s->conf->launches[0],
		      &(struct host){.parser = s->parser}, &s->self);
	hear_end(s);
	return e;
}

static inline void
script_close(struct lua2_script *s)
{
	hear(s);
	if (s->self)
		lua2_close(s->self);
	hear_end(s);
	unlink(s->path);
	rmdir(s->dir);
	arena_fini(&s->arena);
	rdata_parser_free(s->parser);
	conf_free(s->conf);
	close(s->log);
}

static inline void
print_rows(struct lua2_script *s, const struct rows *rows)
{
	struct text t = text_over(s->text, TEXT_MAX);
	char name[NAME_TEXT_MAX], type[16];

	for (size_t i = 0; i < rows->n; i++) {
		const struct row *r = &rows->at[i];

		name_text(r->owner, name);
		text_fmt(&t, "%s%s %u %s ", i ? "; " : "", name, r->ttl_sec,
			 type_text(r->type, type));
		if (r->type)
			rdata_text(r->type, r->rdata, &t);
		if (r->zone_id != ZONE_ID_NONE)
			text_fmt(&t, " id=%d", r->zone_id);
		if (r->scope_bits)
			text_fmt(&t, " scope=%u", r->scope_bits);
		if (!r->auth)
			text_str(&t, " no-auth");
	}
}

static inline void
wire(const char *text, uint8_t out[NAME_MAX_BYTES])
{
	size_t len;

	cr_assert_eq(name_parse(slice_str(text), out, &len), ERR_NONE);
}

/* dns_lookup; the rows are in s->text. */
static inline enum err
script_lookup(struct lua2_script *s, const char *name, uint16_t type,
	      int32_t zone_id)
{
	uint8_t shown[NAME_MAX_BYTES], lower[NAME_MAX_BYTES];
	struct rows rows = {0};
	struct lookup l = {.arena = &s->arena,
			   .who = s->who,
			   .name = lower,
			   .shown = shown,
			   .type = type,
			   .zone_id = zone_id};
	enum err e;

	wire(name, shown);
	name_lower(shown, lower);
	hear(s);
	e = lua2_ops.lookup(s->self, &l, &rows);
	hear_end(s);
	print_rows(s, &rows);
	return e;
}

/* A direct command; what it printed is in s->text. */
static inline enum err
script_command(struct lua2_script *s, const char *text)
{
	struct slice out = {0};
	enum err e;

	hear(s);
	e = lua2_ops.command(s->self, &s->arena, slice_str(text), &out);
	hear_end(s);
	snprintf(s->text, TEXT_MAX, "%.*s", (int)out.len, (const char *)out.at);
	return e;
}

static inline unsigned
count_of(const char *text, const char *part)
{
	unsigned n = 0;

	for (; (text = strstr(text, part)) != NULL; text += strlen(part))
		n++;
	return n;
}

#endif
