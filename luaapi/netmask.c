/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/netmask.c - Netmask. Runs wherever a script runs. Host bits are clear
 * at once, so network and masked network are the same. A mask longer than the
 * address ("1.2.3.4/99") is kept, as PowerDNS keeps it, and matches like a
 * full one.
 */
#include "luaapi/part.h"

void
object_push_prefix(lua_State *L, const struct prefix *p)
{
	struct prefix *out = object_new(L, OBJECT_PREFIX, sizeof(*out), 0);

	*out = *p;
}

const struct prefix *
object_to_prefix(lua_State *L, int idx)
{
	return object_to(L, idx, OBJECT_PREFIX);
}

static const struct prefix *
self(lua_State *L)
{
	return object_check(L, 1, OBJECT_PREFIX);
}

static bool
is_empty(const struct prefix *p)
{
	return addr_family(&p->net) == AF_UNSPEC;
}

/* prefix_parse, but with up to 255 bits. */
static enum err
parse(struct slice text, struct prefix *out)
{
	const uint8_t *slash = memchr(text.at, '/', text.len);
	const uint8_t *end = text.at + text.len, *p;
	struct addr a;
	unsigned bits = 0;
	enum err e = prefix_parse(text, out);

	if (e != ERR_RANGE || !slash)
		return e;
	e = addr_parse(slice_of(text.at, (size_t)(slash - text.at)), 0, &a);
	if (e != ERR_NONE)
		return e;
	for (p = slash + 1; p < end && bits <= UINT8_MAX; p++) {
		if (*p < '0' || *p > '9')
			return ERR_FORMAT;
		bits = bits * 10 + (unsigned)(*p - '0');
	}
	if (bits > UINT8_MAX)
		return ERR_RANGE;
	*out = prefix_of(&a, bits);
	return ERR_NONE;
}

struct prefix
object_arg_prefix(lua_State *L, int arg)
{
	const struct prefix *have = object_to_prefix(L, arg);
	const struct addr *a = object_to_addr(L, arg);
	struct prefix p = {0};
	struct slice text;
	enum err e;

	if (have)
		return *have;
	if (a)
		return prefix_of(a, addr_bits(a));
	text.at = (const uint8_t *)luaL_checklstring(L, arg, &text.len);
	e = parse(text, &p);
	if (e != ERR_NONE)
		object_arg_bad(
		    L, arg, e == ERR_RANGE ? "mask out of range" : "no netmask",
		    text);
	return p;
}

/* newNetmask(text): also takes a Netmask, or a ComboAddress of full length. */
static int
new_netmask(lua_State *L)
{
	struct prefix p = object_arg_prefix(L, 1);

	object_push_prefix(L, &p);
	return 1;
}

static int
text(lua_State *L)
{
	const struct prefix *p = self(L);
	char buf[PREFIX_TEXT_MAX];

	lua_pushstring(L, is_empty(p) ? "" : prefix_text(p, buf));
	return 1;
}

static int
network(lua_State *L)
{
	object_push_addr(L, &self(L)->net);
	return 1;
}

static int
bits(lua_State *L)
{
	lua_pushinteger(L, self(L)->bits);
	return 1;
}

static int
is_v4(lua_State *L)
{
	lua_pushboolean(L, addr_family(&self(L)->net) == AF_INET);
	return 1;
}

static int
is_v6(lua_State *L)
{
	lua_pushboolean(L, addr_family(&self(L)->net) == AF_INET6);
	return 1;
}

static int
empty(lua_State *L)
{
	lua_pushboolean(L, is_empty(self(L)));
	return 1;
}

/* match(text or ComboAddress) */
static int
match(lua_State *L)
{
	const struct prefix *p = self(L);
	struct addr a = object_arg_addr(L, 2);

	lua_pushboolean(L, prefix_has(p, &a));
	return 1;
}

/* IPv4 before IPv6, then by network, wide masks first. */
static int
compare(lua_State *L)
{
	const struct prefix *a = lua_touserdata(L, 1);
	const struct prefix *b = lua_touserdata(L, 2);
	int d = addr_family(&a->net) - addr_family(&b->net);
	struct slice net = addr_raw(&a->net);

	if (!d)
		d = memcmp(net.at, addr_raw(&b->net).at, net.len);
	return d ? d : a->bits - b->bits;
}

static const luaL_Reg methods[] = {
    {"getNetwork", network}, {"getMaskedNetwork", network},
    {"getBits", bits},	     {"isIPv4", is_v4},
    {"isIPv6", is_v6},	     {"empty", empty},
    {"match", match},	     {NULL, NULL},
};

static const luaL_Reg aliases[] = {
    {"isIpv4", is_v4}, {"isIpv6", is_v6}, {NULL, NULL}};

static const luaL_Reg globals[] = {{"newNetmask", new_netmask}, {NULL, NULL}};

const struct object_class netmask_class = {
    .kind = OBJECT_PREFIX,
    .name = "Netmask",
    .methods = methods,
    .aliases = aliases,
    .globals = globals,
    .text = text,
    .compare = compare,
};
