/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/fuzz/fuzz_lua2_rows.c - bytes choose what a script returns from each of
 * its callbacks: rows and fields of every Lua type, right or wrong, with
 * metatables, cycles, and finalizers that change what was returned. Whatever
 * it is, rows that come out have valid names and checked data.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "dns/rdata.h"
#include "dns/type.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "luaapi/host.h"
#include "luaapi/lua2.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Each byte picks a value; tables pick keys and values in turn. */
static const char script[] =
    "local bytes, at, made, budget = '', 0, {}, 0\n"
    "local function byte()\n"
    "	at = at + 1\n"
    "	return bytes:byte(at) or 0\n"
    "end\n"
    "local words = {'name', 'type', 'content', 'ttl', 'domain_id', 'auth',\n"
    "    'last_modified', 'scopeMask', 'scope_mask', 'id', 'kind', 'masters',\n"
    "    'account', 'serial', 'zone', 'flags', 'active', 'content',\n"
    "    'unhashed', 'before', 'after', 'IXFR', 'other'}\n"
    "local texts = {'A', 'aaaa', 'TXT', 'SOA', 'MX', 'ANY', '192.0.2.1',\n"
    "    '::1', '10 mx.test', 'www.test', 'test.', 'a.test', '', '1', '5.7',\n"
    "    'x', '\\\\# 4 01020304', 'a. b. 1 2 3 4 5', '#28', 'TYPE65280',\n"
    "    '1.2.3.4:53', 'MASTER', 'a..b', '\\0', '*.test'}\n"
    "local numbers = {0, 1, -1, 5.7, 0/0, 1/0, -1/0, 2^31, 2^53, 65535,\n"
    "    65536, math.maxinteger, math.mininteger, 1e300, 28, 255}\n"
    "local value\n"
    "local bad = function() error(bad_meta, 0) end\n"
    "bad_meta = setmetatable({}, {__tostring=function() error('x') end})\n"
    "local metas = {{__index=bad, __pairs=bad, __len=bad, __tostring=bad,\n"
    "    __eq=bad, __name='what'}, {__index={type='A', content='::'}},\n"
    "    {__mode='kv'}, {__gc=function()\n"
    "	for t in next, made do\n"
    "		for k in next, t do t[k] = nil end\n"
    "	end\n"
    "end}}\n"
    "local function table_of(depth, rows)\n"
    "	local t, n = {}, byte() % 8\n"
    "	made[t] = true\n"
    "	for i = 1, n do\n"
    "		local k, b = i, byte()\n"
    "		if not rows and b < 230 then k = words[b % #words + 1]\n"
    "		elseif b > 200 then k = value(depth + 1) end\n"
    "		if k ~= nil and k == k then t[k] = value(depth + 1) end\n"
    "	end\n"
    "	local m = byte() % 64\n"
    "	if metas[m] then setmetatable(t, metas[m]) end\n"
    "	return t\n"
    "end\n"
    "function value(depth, rows)\n"
    "	budget = budget - 1\n"
    "	if budget < 0 then return nil end\n"
    "	local b = byte()\n"
    "	if (b < 60 or rows and b < 230) and depth < 4 then\n"
    "		return table_of(depth, depth == 1 and byte() % 4 > 0)\n"
    "	end\n"
    "	if b < 130 then return texts[b % #texts + 1] end\n"
    "	if b < 170 then return numbers[b % #numbers + 1] end\n"
    "	if b < 190 then return b % 2 == 0 end\n"
    "	if b < 200 then return newDN('www.test') end\n"
    "	if b < 205 then return newQType('A') end\n"
    "	if b < 210 then return newCA('192.0.2.1') end\n"
    "	if b < 215 then\n"
    "		return newDN('a'):makeRelative(newDN('b'))\n"
    "	end\n"
    "	if b < 220 then return io.stdout end\n"
    "	if b < 225 then return bytes:sub(at, at + byte()) end\n"
    "	if b < 228 then return (next(made)) end\n"
    "	if b < 230 then return bad end\n"
    "	if b < 235 then error(value(depth + 1)) end\n"
    "	if b < 240 then return qname end\n"
    "	if b < 243 and qname then qname:chopOff() end\n"
    "	if b < 245 then return coroutine.create(bad) end\n"
    "	if b < 248 then return ('x'):rep(byte() * 300) end\n"
    "	return nil\n"
    "end\n"
    "local function callback(a, b)\n"
    "	at, made, budget = 0, setmetatable({}, {__mode='k'}), 200\n"
    "	qname = type(a) == 'userdata' and type(b) == 'userdata' and b or a\n"
    "	return value(1, true)\n"
    "end\n"
    "dns_lookup, dns_list, dns_get_domaininfo = callback, callback, callback\n"
    "dns_get_all_domains, dns_get_domain_keys = callback, callback\n"
    "dns_get_domain_metadata = callback\n"
    "dns_get_all_domain_metadata = callback\n"
    "dns_get_before_and_after_names_absolute = callback\n"
    "function feed(x) bytes = x return '' end\n"
    "collectgarbage('setpause', 100)\n";

static void *
open_script(void)
{
	static struct conf *conf;
	char path[] = "/tmp/fuzz-lua2-XXXXXX", text[128];
	int fd = mkstemp(path);
	void *self = NULL;

	bug_on(fd < 0);
	bug_on(write(fd, script, sizeof(script) - 1) != sizeof(script) - 1);
	close(fd);
	snprintf(text, sizeof(text), "launch=lua2\nlua2-filename=%s\n", path);
	log_set_level(LOG_LEVEL_ERR);
	if (conf_load_text("fuzz", slice_str(text), &conf) != ERR_NONE ||
	    lua2_open(conf, &conf->launches[0],
		      &(struct host){.parser = rdata_parser_new()},
		      &self) != ERR_NONE)
		abort();
	unlink(path);
	log_set_level(-1);
	return self;
}

static void
check_name(const uint8_t *name)
{
	size_t n = name_len(name);

	bug_on(name_check(slice_of(name, n)) != n);
}

static void
check_rows(const struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		const struct row *r = &rows->at[i];

		check_name(r->owner);
		bug_on(r->type == 0 && r->rdata.len > 0);
		bug_on(r->type && rdata_check(r->type, r->rdata) != ERR_NONE);
		bug_on(r->ttl_sec > 0x7fffffff || r->scope_bits > 128);
	}
}

static enum err
take_domain(void *ctx, const struct domain *d)
{
	struct arena *arena = ctx;

	check_name(d->name);
	return arena_copy(arena, d->account, strlen(d->account) + 1) &&
		       (!d->n_primaries ||
			arena_copy(arena, d->primaries,
				   d->n_primaries * sizeof(*d->primaries)))
		   ? ERR_NONE
		   : ERR_MEMORY;
}

static void
ask_rows(void *self, struct arena *arena)
{
	static const uint8_t name[] = "\3www\4test", wild[] = "\1*\4test";
	struct lookup l = {
	    .arena = arena, .name = name, .shown = name, .type = TYPE_ANY};
	struct rows rows;

	if (lua2_ops.lookup(self, &l, &rows) == ERR_NONE)
		check_rows(&rows);
	l.name = l.shown = wild;
	if (lua2_ops.lookup(self, &l, &rows) == ERR_NONE)
		check_rows(&rows);
	if (lua2_ops.list(self, arena, name + 4, 7, &rows) == ERR_NONE)
		check_rows(&rows);
}

static void
ask_zone(void *self, struct arena *arena)
{
	static const uint8_t zone[] = "\4test";
	struct metadata_list list;
	struct neighbours names;
	struct zone_keys keys;
	struct metadata meta;
	struct domain d;
	enum err e;

	if (lua2_ops.domains(self, take_domain, arena) == ERR_MEMORY)
		return;
	e = lua2_ops.domain(self, arena, zone, &d);
	if (e == ERR_NONE && take_domain(arena, &d) != ERR_NONE)
		abort();
	e = lua2_ops.metadata(self, arena, zone, "IXFR", &meta);
	for (size_t i = 0; e == ERR_NONE && i < meta.n; i++)
		bug_on(strlen(meta.values[i]) > 1 << 20);
	e = lua2_ops.all_metadata(self, arena, zone, &list);
	for (size_t i = 0; e == ERR_NONE && i < list.n; i++)
		bug_on(list.at[i].n && !list.at[i].values[0]);
	e = lua2_ops.keys(self, arena, zone, &keys);
	for (size_t i = 0; e == ERR_NONE && i < keys.n; i++)
		bug_on(!keys.at[i].content);
	e = lua2_ops.neighbours(self, arena, 7, zone, &names);
	if (e == ERR_NONE) {
		check_name(names.unhashed);
		check_name(names.before);
		check_name(names.after);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static void *self;
	struct arena arena;
	struct slice said;
	char *text;

	self = self ? self : open_script();
	arena_init(&arena, 65536, 16 << 20);
	text = arena_alloc(&arena, n + 5);
	if (text) {
		memcpy(text, "feed ", 5);
		if (n)
			memcpy(text + 5, bytes, n);
		if (lua2_ops.command(self, &arena, slice_of(text, n + 5),
				     &said) != ERR_NONE)
			abort();
		ask_rows(self, &arena);
		ask_zone(self, &arena);
	}
	arena_fini(&arena);
	return 0;
}
