/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/lib/packet.h - queries for tests, written by code that shares nothing with
 * the parser.
 */
#ifndef T_LIB_PACKET_H
#define T_LIB_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/slice.h"

enum { PACKET_ID = 0x1234 };

struct packet {
	const char *name; /* NULL: no question */
	uint16_t type;
	uint16_t class; /* 0 = IN */
	uint16_t flags; /* second header word */
	bool edns;
	bool do_bit;
	uint8_t version;
	uint16_t payload;     /* 0 = 1232 */
	struct slice options; /* of the OPT record */
};

/* The query, in static storage. */
struct slice packet_make(const struct packet *);
/* One EDNS option, code and length in front; static storage, valid for the
 * next few calls. */
struct slice packet_option(uint16_t code, struct slice body);
/* Two slices behind each other; static storage, as above. */
struct slice packet_join(struct slice, struct slice);

#endif
