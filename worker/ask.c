/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/ask.c - pdnslua --ask: one question, no sockets, the very code that
 * answers in a worker. The operator's unit test for scripts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/zones.h"
#include "conf/conf.h"
#include "dns/present.h"
#include "dns/type.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/wr.h"
#include "shm/segment.h"
#include "worker/worker.h"
#include "worker/world.h"

enum { ASK_PAYLOAD = 1232, ASK_PORT = 53535 };

static void
put_ecs(struct wr *w, const struct prefix *p)
{
	struct slice raw = addr_raw(&p->net);
	size_t n = (p->bits + 7u) / 8;

	wr_u16(w, EDNS_ECS);
	wr_u16(w, (uint16_t)(4 + n));
	wr_u16(w, addr_family(&p->net) == AF_INET ? 1 : 2);
	wr_u8(w, p->bits);
	wr_u8(w, 0);
	wr_bytes(w, raw.at, n);
}

static void
put_opt(struct wr *w, const struct ask_options *o)
{
	struct prefix p;
	size_t len_at;

	wr_u8(w, 0);
	wr_u16(w, TYPE_OPT);
	wr_u16(w, ASK_PAYLOAD);
	wr_u16(w, 0);
	wr_u16(w, o->do_bit ? EDNS_DO : 0);
	len_at = w->len;
	wr_u16(w, 0);
	if (o->ecs && prefix_parse(slice_str(o->ecs), &p) == ERR_NONE)
		put_ecs(w, &p);
	wr_patch_u16(w, len_at, (uint16_t)(w->len - len_at - 2));
}

/* The query as a client would send it; 0: bad name or type, said. */
static size_t
make_query(const struct ask_options *o, struct span out)
{
	uint8_t name[NAME_MAX_BYTES];
	struct wr w = wr_over(out);
	uint16_t type;
	size_t len;

	if (name_parse(slice_str(o->name), name, &len) != ERR_NONE) {
		log_err("--ask: '%s' is not a domain name", o->name);
		return 0;
	}
	if (type_parse(slice_str(o->type), &type) != ERR_NONE) {
		log_err("--ask: '%s' is not an RR type", o->type);
		return 0;
	}
	wr_u16(&w, 0); /* id */
	wr_u16(&w, 0);
	wr_u16(&w, 1);
	wr_u32(&w, 0);
	wr_u16(&w, 1); /* OPT */
	wr_bytes(&w, name, len);
	wr_u16(&w, type);
	wr_u16(&w, CLASS_IN);
	put_opt(&w, o);
	return wr_failed(&w) ? 0 : w.len;
}

static enum err
set_asker(struct query *q, const struct ask_options *o)
{
	const char *from = o->from ? o->from : "127.0.0.1";
	const char *local;

	memset(&q->asker, 0, sizeof(q->asker));
	if (addr_parse(slice_str(from), ASK_PORT, &q->asker.remote) !=
	    ERR_NONE) {
		log_err("--from: '%s' is not an address", from);
		return ERR_FORMAT;
	}
	local = addr_family(&q->asker.remote) == AF_INET ? "127.0.0.1" : "::1";
	q->asker.tcp = o->tcp;
	q->asker.real =
	    prefix_of(&q->asker.remote, addr_bits(&q->asker.remote));
	return addr_parse(slice_str(local), 53, &q->asker.local);
}

static int
answer(struct world *w, const struct ask_options *o)
{
	uint8_t in[WIRE_UDP_MIN], *out = xalloc(WIRE_MESSAGE_MAX + QUERY_SLACK);
	struct query *q = xnew(struct query);
	int64_t start_us = clock_mono_us();
	size_t len = make_query(o, (struct span){in, sizeof(in)});
	int status = 1;

	q->h = &w->answerer;
	q->arena = &w->arena;
	q->in = slice_of(in, len);
	q->out = (struct span){out, WIRE_MESSAGE_MAX + QUERY_SLACK};
	if (len && set_asker(q, o) == ERR_NONE) {
		len = query_run(q);
		status = len && present_message(stdout, slice_of(out, len)) ==
				     ERR_NONE
			     ? 0
			     : 1;
		printf("\n;; Query time: %lld usec\n;; MSG SIZE  rcvd: %zu\n",
		       (long long)(clock_mono_us() - start_us), len);
	}
	free(out);
	free(q);
	return status;
}

int
ask_main(const struct conf *conf, const struct ask_options *o)
{
	struct world *w = xnew(struct world);
	int zones = -1, status = 1;
	enum err e = world_open(w, conf, NULL);

	if (e == ERR_NONE && conf->zone_cache_refresh_interval > 0)
		e = backends_list_zones(&w->backends, &zones);
	if (e == ERR_NONE && zones >= 0)
		world_set_zones(w, zones);
	if (e == ERR_NONE)
		status = answer(w, o);
	world_close(w);
	free(w);
	return status;
}
