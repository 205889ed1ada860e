/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/lib/packet.c - queries for tests.
 */
#include "t/lib/packet.h"

#include "dns/name.h"
#include "lib/bug.h"
#include "lib/wr.h"

enum { ROOM = 8192, TURNS = 8, TYPE_OPT_NUMBER = 41 };

static struct wr
next_room(void)
{
	static uint8_t rooms[TURNS][ROOM];
	static unsigned turn;

	return wr_over((struct span){rooms[turn++ % TURNS], ROOM});
}

static void
put_question(struct wr *w, const struct packet *p)
{
	uint8_t name[NAME_MAX_BYTES];
	size_t len;

	bug_on(name_parse(slice_str(p->name), name, &len) != ERR_NONE);
	wr_bytes(w, name, len);
	wr_u16(w, p->type);
	wr_u16(w, p->class ? p->class : 1);
}

struct slice
packet_make(const struct packet *p)
{
	struct wr w = next_room();

	wr_u16(&w, PACKET_ID);
	wr_u16(&w, p->flags);
	wr_u16(&w, p->name != NULL);
	wr_u32(&w, 0);
	wr_u16(&w, p->edns);
	if (p->name)
		put_question(&w, p);
	if (p->edns) {
		wr_u8(&w, 0);
		wr_u16(&w, TYPE_OPT_NUMBER);
		wr_u16(&w, p->payload ? p->payload : 1232);
		wr_u8(&w, 0);
		wr_u8(&w, p->version);
		wr_u16(&w, p->do_bit ? 0x8000 : 0);
		wr_u16(&w, (uint16_t)p->options.len);
		wr_slice(&w, p->options);
	}
	bug_on(wr_failed(&w));
	return wr_done(&w);
}

struct slice
packet_option(uint16_t code, struct slice body)
{
	struct wr w = next_room();

	wr_u16(&w, code);
	wr_u16(&w, (uint16_t)body.len);
	wr_slice(&w, body);
	bug_on(wr_failed(&w));
	return wr_done(&w);
}

struct slice
packet_join(struct slice a, struct slice b)
{
	struct wr w = next_room();

	wr_slice(&w, a);
	wr_slice(&w, b);
	bug_on(wr_failed(&w));
	return wr_done(&w);
}
