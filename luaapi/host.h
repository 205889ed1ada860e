/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/host.h - what a process lends to its Lua states.
 */
#ifndef LUAAPI_HOST_H
#define LUAAPI_HOST_H

#include <stdbool.h>

struct counters;
struct dict;
struct purge;
struct rdata_parser;
struct slot_block;
struct sources;

struct host {
	struct rdata_parser *parser; /* the process' one */
	struct dict *dict; /* all workers' pdnslua.shared; NULL: each state
			      gets one of its own */
	const struct purge *purge; /* the caches; NULL: there are none */
	struct slot_block *slot;   /* for statistics; NULL: for none */
	struct sources *sources;   /* files of scripts; NULL: each state
				      reads the disk */
	bool probe; /* the first of its generation: dns_selftest runs */
	struct counters *counters; /* of limits that were reached; NULL: not
				      counted */
};

#endif
