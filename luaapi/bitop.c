/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/bitop.c - the modules bit (LuaJIT: signed 32-bit results, shift
 * counts modulo 32) and bit32 (Lua 5.2: unsigned results, counts beyond 31
 * empty the word, negative ones shift the other way). Runs wherever a script
 * runs.
 */
#include <math.h>

#include "luaapi/part.h"

/* Any number modulo 2^32, rounded. */
static uint32_t
arg_u32(lua_State *L, int arg)
{
	lua_Number n;

	if (lua_isinteger(L, arg))
		return (uint32_t)lua_tointeger(L, arg);
	n = luaL_checknumber(L, arg);
	n = fmod(nearbyint(n), 0x1p32);
	return n == n ? (uint32_t)(int64_t)n : 0;
}

static int
push_signed(lua_State *L, uint32_t x)
{
	lua_pushinteger(L, (int32_t)x);
	return 1;
}

static int
push_unsigned(lua_State *L, uint32_t x)
{
	lua_pushinteger(L, x);
	return 1;
}

static uint32_t
fold_and(lua_State *L)
{
	uint32_t x = UINT32_MAX;

	for (int i = lua_gettop(L); i > 0; i--)
		x &= arg_u32(L, i);
	return x;
}

static uint32_t
fold_or(lua_State *L)
{
	uint32_t x = 0;

	for (int i = lua_gettop(L); i > 0; i--)
		x |= arg_u32(L, i);
	return x;
}

static uint32_t
fold_xor(lua_State *L)
{
	uint32_t x = 0;

	for (int i = lua_gettop(L); i > 0; i--)
		x ^= arg_u32(L, i);
	return x;
}

static uint32_t
rotate_left(uint32_t x, unsigned n)
{
	n &= 31;
	return n ? x << n | x >> (32 - n) : x;
}

/* x >> n with copies of bit 31 coming in; n <= 31. */
static uint32_t
shift_arith(uint32_t x, unsigned n)
{
	uint32_t sign = x & 0x80000000u && n ? UINT32_MAX << (32 - n) : 0;

	return x >> n | sign;
}

/* -- bit -- */

static int
bit_tobit(lua_State *L)
{
	return push_signed(L, arg_u32(L, 1));
}

static int
bit_bnot(lua_State *L)
{
	return push_signed(L, ~arg_u32(L, 1));
}

static int
bit_band(lua_State *L)
{
	luaL_checknumber(L, 1);
	return push_signed(L, fold_and(L));
}

static int
bit_bor(lua_State *L)
{
	luaL_checknumber(L, 1);
	return push_signed(L, fold_or(L));
}

static int
bit_bxor(lua_State *L)
{
	luaL_checknumber(L, 1);
	return push_signed(L, fold_xor(L));
}

static int
bit_lshift(lua_State *L)
{
	return push_signed(L, arg_u32(L, 1) << (arg_u32(L, 2) & 31));
}

static int
bit_rshift(lua_State *L)
{
	return push_signed(L, arg_u32(L, 1) >> (arg_u32(L, 2) & 31));
}

static int
bit_arshift(lua_State *L)
{
	return push_signed(L, shift_arith(arg_u32(L, 1), arg_u32(L, 2) & 31));
}

static int
bit_rol(lua_State *L)
{
	return push_signed(L, rotate_left(arg_u32(L, 1), arg_u32(L, 2)));
}

static int
bit_ror(lua_State *L)
{
	return push_signed(L, rotate_left(arg_u32(L, 1), 0 - arg_u32(L, 2)));
}

static int
bit_bswap(lua_State *L)
{
	return push_signed(L, __builtin_bswap32(arg_u32(L, 1)));
}

/* tohex(x[, digits]): the last digits, 8 by default; negative: upper case. */
static int
bit_tohex(lua_State *L)
{
	uint32_t x = arg_u32(L, 1);
	int32_t n = lua_isnoneornil(L, 2) ? 8 : (int32_t)arg_u32(L, 2);
	const char *digits = n < 0 ? "0123456789ABCDEF" : "0123456789abcdef";
	char out[8];

	n = n < -8 || n > 8 ? 8 : n < 0 ? -n : n;
	for (int32_t i = n; i-- > 0; x >>= 4)
		out[i] = digits[x & 15];
	lua_pushlstring(L, out, (size_t)n);
	return 1;
}

static const luaL_Reg bit_functions[] = {
    {"tobit", bit_tobit},   {"bnot", bit_bnot},	      {"band", bit_band},
    {"bor", bit_bor},	    {"bxor", bit_bxor},	      {"lshift", bit_lshift},
    {"rshift", bit_rshift}, {"arshift", bit_arshift}, {"rol", bit_rol},
    {"ror", bit_ror},	    {"bswap", bit_bswap},     {"tohex", bit_tohex},
    {NULL, NULL},
};

/* -- bit32 -- */

static int
bit32_band(lua_State *L)
{
	return push_unsigned(L, fold_and(L));
}

static int
bit32_bor(lua_State *L)
{
	return push_unsigned(L, fold_or(L));
}

static int
bit32_bxor(lua_State *L)
{
	return push_unsigned(L, fold_xor(L));
}

static int
bit32_bnot(lua_State *L)
{
	return push_unsigned(L, ~arg_u32(L, 1));
}

static int
bit32_btest(lua_State *L)
{
	lua_pushboolean(L, fold_and(L) != 0);
	return 1;
}

/* left > 0 shifts left, < 0 right. */
static uint32_t
shift(uint32_t x, lua_Integer left)
{
	if (left <= -32 || left >= 32)
		return 0;
	return left >= 0 ? x << left : x >> -left;
}

static int
bit32_lshift(lua_State *L)
{
	return push_unsigned(L, shift(arg_u32(L, 1), object_arg_int(L, 2)));
}

static int
bit32_rshift(lua_State *L)
{
	lua_Integer n = object_arg_int(L, 2);

	return push_unsigned(L, shift(arg_u32(L, 1), n < -32 ? 32 : -n));
}

static int
bit32_arshift(lua_State *L)
{
	uint32_t x = arg_u32(L, 1);
	lua_Integer n = object_arg_int(L, 2);

	if (n < 0)
		return push_unsigned(L, shift(x, n < -32 ? 32 : -n));
	if (n > 31)
		return push_unsigned(L, x & 0x80000000u ? UINT32_MAX : 0);
	return push_unsigned(L, shift_arith(x, (unsigned)n));
}

static int
bit32_lrotate(lua_State *L)
{
	unsigned n = (unsigned)object_arg_int(L, 2);

	return push_unsigned(L, rotate_left(arg_u32(L, 1), n));
}

static int
bit32_rrotate(lua_State *L)
{
	unsigned n = (unsigned)object_arg_int(L, 2);

	return push_unsigned(L, rotate_left(arg_u32(L, 1), 0 - n));
}

/* The field and width arguments as a mask of low bits and its place. */
static uint32_t
arg_field(lua_State *L, int arg, unsigned *place)
{
	lua_Integer field = object_arg_int(L, arg);
	lua_Integer width = object_opt_int(L, arg + 1, 1);

	luaL_argcheck(L, field >= 0 && field < 32, arg, "no bit of 0 to 31");
	luaL_argcheck(L, width > 0 && width <= 32 - field, arg + 1,
		      "width must be positive and end in the word");
	*place = (unsigned)field;
	return UINT32_MAX >> (32 - width);
}

static int
bit32_extract(lua_State *L)
{
	unsigned place;
	uint32_t mask = arg_field(L, 2, &place);

	return push_unsigned(L, arg_u32(L, 1) >> place & mask);
}

static int
bit32_replace(lua_State *L)
{
	unsigned place;
	uint32_t mask = arg_field(L, 3, &place);
	uint32_t x = arg_u32(L, 1), v = arg_u32(L, 2);

	return push_unsigned(L, (x & ~(mask << place)) | (v & mask) << place);
}

static const luaL_Reg bit32_functions[] = {
    {"band", bit32_band},
    {"bor", bit32_bor},
    {"bxor", bit32_bxor},
    {"bnot", bit32_bnot},
    {"btest", bit32_btest},
    {"lshift", bit32_lshift},
    {"rshift", bit32_rshift},
    {"arshift", bit32_arshift},
    {"lrotate", bit32_lrotate},
    {"rrotate", bit32_rrotate},
    {"extract", bit32_extract},
    {"replace", bit32_replace},
    {NULL, NULL},
};

static int
open_bit(lua_State *L)
{
	luaL_newlib(L, bit_functions);
	return 1;
}

static int
open_bit32(lua_State *L)
{
	luaL_newlib(L, bit32_functions);
	return 1;
}

void
bitop_open(lua_State *L)
{
	luaL_requiref(L, "bit", open_bit, 1);
	luaL_requiref(L, "bit32", open_bit32, 1);
	lua_pop(L, 2);
}
