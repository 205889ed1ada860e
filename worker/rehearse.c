/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/rehearse.c - a question that no client sent. Runs in workers and
 * --ask.
 */
#include "worker/rehearse.h"

#include <assert.h>
#include <string.h>

#include "answer/query.h"
#include "backend/story.h"
#include "conf/conf.h"
#include "dns/type.h"
#include "lib/mem.h"
#include "lib/wr.h"
#include "worker/world.h"

enum { PAYLOAD = 1232, PORT = 53535 };

static_assert((int)REHEARSE_BYTES >= (int)WIRE_MESSAGE_MAX + (int)QUERY_SLACK,
	      "any reply fits");

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
	wr_u16(w, PAYLOAD);
	wr_u16(w, 0);
	wr_u16(w, o->do_bit ? EDNS_DO : 0);
	len_at = w->len;
	wr_u16(w, 0);
	if (o->ecs && prefix_parse(slice_str(o->ecs), &p) == ERR_NONE)
		put_ecs(w, &p);
	wr_patch_u16(w, len_at, (uint16_t)(w->len - len_at - 2));
}

/* The query as a client would send it; 0: *why. */
static size_t
make_query(const struct ask_options *o, struct span out, const char **why)
{
	uint8_t name[NAME_MAX_BYTES];
	struct wr w = wr_over(out);
	uint16_t type;
	size_t len;

	if (name_parse(slice_str(o->name), name, &len) != ERR_NONE) {
		*why = "that is not a domain name";
		return 0;
	}
	if (type_parse(slice_str(o->type), &type) != ERR_NONE) {
		*why = "that is not an RR type";
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
set_asker(struct asker *a, const struct ask_options *o)
{
	const char *local;

	memset(a, 0, sizeof(*a));
	if (addr_parse(slice_str(o->from ? o->from : "127.0.0.1"), PORT,
		       &a->remote) != ERR_NONE)
		return ERR_FORMAT;
	local = addr_family(&a->remote) == AF_INET ? "127.0.0.1" : "::1";
	a->tcp = o->tcp;
	a->real = prefix_of(&a->remote, addr_bits(&a->remote));
	return addr_parse(slice_str(local), 53, &a->local);
}

size_t
rehearse(struct world *w, const struct ask_options *o, struct query *q,
	 const char **why)
{
	uint8_t *in = arena_alloc(&w->arena, WIRE_UDP_MIN);
	size_t len;

	*why = NULL;
	if (!in) {
		*why = "out of memory";
		return 0;
	}
	len = make_query(o, (struct span){in, WIRE_UDP_MIN}, why);
	if (len && set_asker(&q->asker, o) != ERR_NONE) {
		*why = "the client's address is none";
		len = 0;
	}
	q->h = &w->answerer;
	q->arena = &w->arena;
	q->in = slice_of(in, len);
	q->rehearsal = true;
	q->fresh = o->fresh;
	if (q->story)
		story_begin(q->story);
	return len ? query_run(q) : 0;
}
