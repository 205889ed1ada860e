/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/loc.c - the data of LOC (RFC 1876). Runs in every process. Angles are
 * thousandths of a second of arc from 2^31, heights centimetres from 100 km
 * below sea level, sizes centimetres as digit * 10^digit.
 */
#include "dns/field.h"
#include "lib/rd.h"

enum { LOC_BYTES = 16, MSEC_PER_DEGREE = 3600 * 1000 };

static const uint32_t equator = 1u << 31;
static const int64_t sea_level_cm = INT64_C(100000) * 100;

static bool
check_size(uint8_t size)
{
	return size >> 4 <= 9 && (size & 15) <= 9;
}

static bool
check_angle(uint32_t angle, uint32_t most_degrees)
{
	uint32_t off = angle > equator ? angle - equator : equator - angle;

	return off <= most_degrees * MSEC_PER_DEGREE;
}

/* Versions but 0 are of unknown shape. */
bool
loc_check(struct slice field)
{
	struct rd r = rd_over(field);

	if (rd_u8(&r) != 0)
		return true;
	for (int i = 0; i < 3; i++)
		if (!check_size(rd_u8(&r)))
			return false;
	return check_angle(rd_u32(&r), 90) && check_angle(rd_u32(&r), 180) &&
	       field.len == LOC_BYTES;
}

static void
print_angle(uint32_t angle, const char *above, const char *below,
	    struct text *out)
{
	uint32_t off = angle >= equator ? angle - equator : equator - angle;
	uint32_t msec = off % MSEC_PER_DEGREE;

	text_fmt(out, "%u %u %u.%03u %s ", off / MSEC_PER_DEGREE,
		 msec / (60 * 1000), msec / 1000 % 60, msec % 1000,
		 angle >= equator ? above : below);
}

static void
print_metres(int64_t cm, struct text *out)
{
	int64_t off = cm < 0 ? -cm : cm;

	text_fmt(out, "%s%lld.%02lldm", cm < 0 ? "-" : "",
		 (long long)(off / 100), (long long)(off % 100));
}

static void
print_size(uint8_t size, struct text *out)
{
	int64_t cm = size >> 4;

	for (int power = size & 15; power > 0; power--)
		cm *= 10;
	text_char(out, ' ');
	print_metres(cm, out);
}

/* Several bytes mean the same size (0x01 is 0x00, ...): only those that a
 * parser would choose again may be printed. */
static bool
is_usual_size(uint8_t size)
{
	return size >> 4 || size == 0;
}

bool
loc_print(struct slice field, struct text *out)
{
	struct rd r = rd_over(field);
	uint8_t version = rd_u8(&r), size = rd_u8(&r);
	uint8_t horizontal = rd_u8(&r), vertical = rd_u8(&r);

	if (version != 0 || !is_usual_size(size) ||
	    !is_usual_size(horizontal) || !is_usual_size(vertical))
		return false;
	print_angle(rd_u32(&r), "N", "S", out);
	print_angle(rd_u32(&r), "E", "W", out);
	print_metres((int64_t)rd_u32(&r) - sea_level_cm, out);
	print_size(size, out);
	print_size(horizontal, out);
	print_size(vertical, out);
	return true;
}
