/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/comboaddress.c - ComboAddress, an IP address with a port. Runs
 * wherever a script runs. Addresses are equal when their bytes are: the port
 * never counts.
 */
#include "lib/text.h"
#include "luaapi/part.h"

void
object_push_addr(lua_State *L, const struct addr *a)
{
	struct addr *p = object_new(L, OBJECT_ADDR, sizeof(*p), 0);

	*p = *a;
}

const struct addr *
object_to_addr(lua_State *L, int idx)
{
	return object_to(L, idx, OBJECT_ADDR);
}

static struct addr *
self(lua_State *L)
{
	return object_check(L, 1, OBJECT_ADDR);
}

/* newCA(text): also takes a ComboAddress, and copies it. */
static int
new_addr(lua_State *L)
{
	struct addr a = object_arg_addr(L, 1);

	object_push_addr(L, &a);
	return 1;
}

/* newCAFromRaw(bytes[, port]): 4 or 16 bytes, else 0.0.0.0. */
static int
new_from_raw(lua_State *L)
{
	static const uint8_t none[4];
	struct slice raw;
	uint16_t port = (uint16_t)object_opt_int(L, 2, 0);
	struct addr a;

	raw.at = (const uint8_t *)luaL_checklstring(L, 1, &raw.len);
	if (addr_from_raw(raw, port, &a) != ERR_NONE &&
	    addr_from_raw(slice_of(none, sizeof(none)), port, &a) != ERR_NONE)
		return luaL_error(L, "newCAFromRaw: no address");
	object_push_addr(L, &a);
	return 1;
}

static int
text(lua_State *L)
{
	char buf[ADDR_TEXT_MAX];

	lua_pushstring(L, addr_text(self(L), buf));
	return 1;
}

static int
text_no_interface(lua_State *L)
{
	char buf[ADDR_TEXT_MAX];
	struct addr a = *self(L);

	if (addr_family(&a) == AF_INET6)
		a.u.in6.sin6_scope_id = 0;
	lua_pushstring(L, addr_text(&a, buf));
	return 1;
}

static int
text_port(lua_State *L)
{
	char buf[ADDR_TEXT_MAX];

	lua_pushstring(L, addr_text_port(self(L), buf));
	return 1;
}

/* As the labels of a reverse name: 4.3.2.1, or 32 nibbles. */
static int
text_reversed(lua_State *L)
{
	struct slice raw = addr_raw(self(L));
	char buf[ADDR_TEXT_MAX];
	struct text t = text_over(buf, sizeof(buf));

	for (size_t i = raw.len; i-- > 0;) {
		unsigned b = raw.at[i];

		if (raw.len == 4)
			text_fmt(&t, "%u", b);
		else
			text_fmt(&t, "%x.%x", b & 15, b >> 4);
		if (i > 0)
			text_char(&t, '.');
	}
	lua_pushlstring(L, t.at, t.len);
	return 1;
}

static int
port(lua_State *L)
{
	lua_pushinteger(L, addr_port(self(L)));
	return 1;
}

static int
raw_bytes(lua_State *L)
{
	struct slice raw = addr_raw(self(L));

	lua_pushlstring(L, (const char *)raw.at, raw.len);
	return 1;
}

static int
is_v4(lua_State *L)
{
	lua_pushboolean(L, addr_family(self(L)) == AF_INET);
	return 1;
}

static int
is_v6(lua_State *L)
{
	lua_pushboolean(L, addr_family(self(L)) == AF_INET6);
	return 1;
}

static bool
is_mapped(const struct addr *a)
{
	return addr_family(a) == AF_INET6 &&
	       IN6_IS_ADDR_V4MAPPED(&a->u.in6.sin6_addr);
}

static int
is_mapped_v4(lua_State *L)
{
	lua_pushboolean(L, is_mapped(self(L)));
	return 1;
}

static int
map_to_v4(lua_State *L)
{
	struct addr a = *self(L);

	luaL_argcheck(L, is_mapped(&a), 1, "no IPv4-mapped address");
	addr_unmap(&a);
	object_push_addr(L, &a);
	return 1;
}

/* Clears all but the first bits of this very object. */
static int
truncate_bits(lua_State *L)
{
	struct addr *a = self(L);
	lua_Integer bits = object_arg_int(L, 2);

	luaL_argcheck(L, bits >= 0, 2, "bits out of range");
	if (bits < addr_bits(a))
		addr_mask(a, (unsigned)bits);
	return 0;
}

/* equal(ComboAddress or text) */
static int
equal(lua_State *L)
{
	const struct addr *a = self(L);
	struct addr b = object_arg_addr(L, 2);

	lua_pushboolean(L, addr_equal(a, &b));
	return 1;
}

/* IPv4 before IPv6, then by bytes. */
static int
compare(lua_State *L)
{
	struct slice a = addr_raw(lua_touserdata(L, 1));
	struct slice b = addr_raw(lua_touserdata(L, 2));

	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return memcmp(a.at, b.at, a.len);
}

static const luaL_Reg methods[] = {
    {"toStringWithPort", text_port},
    {"toStringNoInterface", text_no_interface},
    {"toStringReversed", text_reversed},
    {"getPort", port},
    {"getRaw", raw_bytes},
    {"isIPv4", is_v4},
    {"isIPv6", is_v6},
    {"isMappedIPv4", is_mapped_v4},
    {"mapToIPv4", map_to_v4},
    {"truncate", truncate_bits},
    {"equal", equal},
    {NULL, NULL},
};

static const luaL_Reg aliases[] = {
    {"isIpv4", is_v4}, {"isIpv6", is_v6}, {NULL, NULL}};

static const luaL_Reg globals[] = {
    {"newCA", new_addr}, {"newCAFromRaw", new_from_raw}, {NULL, NULL}};

const struct object_class comboaddress_class = {
    .kind = OBJECT_ADDR,
    .name = "ComboAddress",
    .methods = methods,
    .aliases = aliases,
    .globals = globals,
    .text = text,
    .compare = compare,
};
