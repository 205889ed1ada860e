/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/tell.c - how a query is answered, for its story. Runs in workers and
 * --ask. Invariant: nothing here changes what is answered.
 */
#include "answer/tell.h"

#include "answer/record_cache.h"
#include "dns/present.h"
#include "dns/type.h"
#include "lib/clock.h"
#include "lib/text.h"

enum { TYPES_BYTES = 256, FLAGS_BYTES = 32, ERROR_BYTES = 256 };

static const char *const why_words[WHY_COUNT] = {
#define WHY(id, words) [WHY_##id] = (words),
#include "answer/why.tbl"
#undef WHY
};

/* --- beginning and end ---------------------------------------------------- */

static struct story_field
class_field(uint16_t class, char out[16])
{
	struct text t = text_over(out, 16);

	if (class == CLASS_IN)
		return story_none();
	if (class == CLASS_CH)
		text_str(&t, "CH");
	else
		text_fmt(&t, "%u", class);
	return story_str("class", out);
}

static void
tell_question(struct query *q)
{
	const struct question *qu = &q->question;
	const struct edns *edns = &qu->edns;
	char from[ADDR_TEXT_MAX], net[PREFIX_TEXT_MAX], class[16];
	bool ecs = edns->has_ecs && !edns->ecs_bad;

	if (!qu->name_len)
		return;
	if (ecs)
		prefix_text(
		    &(struct prefix){edns->ecs.addr, edns->ecs.source_bits},
		    net);
	story_tell(
	    q->story, STEP_question, story_name("name", qu->name_raw),
	    story_type("type", qu->type), class_field(qu->class, class),
	    story_str("client", addr_text(&q->asker.remote, from)),
	    ecs ? story_str(q->opt.ecs ? "subnet" : "ignored", net)
		: story_none(),
	    story_str("transport", q->asker.tcp ? "TCP" : "UDP"),
	    edns->present ? story_num("payload", edns->payload) : story_none(),
	    edns->do_bit ? story_str("do", "DO") : story_none(),
	    edns->has_cookie ? story_str("cookie", "cookie") : story_none());
}

static void
set_listener(struct query *q, struct story *s)
{
	struct backends *all = q->h->backends;

	for (size_t i = 0; i < all->n; i++)
		if (all->at[i].ops->listen)
			all->at[i].ops->listen(all->at[i].self, s);
}

void
tell_beginning(struct query *q)
{
	tell_question(q);
	if (q->waited_ns)
		story_tell(q->story, STEP_waited,
			   story_ns("time", q->waited_ns));
	if (q->verdict != NEXT)
		return;
	q->told_hit = tell_packets(q);
	if (q->told_hit)
		return;
	tell_records_off(q);
	set_listener(q, q->story);
}

static void
put_word(struct text *t, bool set, const char *word)
{
	if (set)
		text_fmt(t, "%s%s", t->len ? " " : "", word);
}

static uint16_t
count_at(const struct query *q, size_t at)
{
	return (uint16_t)(q->out.at[at] << 8 | q->out.at[at + 1]);
}

static void
tell_reply(struct query *q, size_t len)
{
	char rcode[PRESENT_RCODE_MAX], buf[FLAGS_BYTES];
	struct text flags = text_over(buf, sizeof(buf));
	bool ede = q->opt.present && q->opt.ede != EDE_NONE;

	put_word(&flags, q->aa, "aa");
	put_word(&flags, q->tc, "tc");
	put_word(&flags, q->question.flags & WIRE_RD, "rd");
	story_tell(
	    q->story, STEP_reply,
	    story_str("rcode", present_rcode(q->rcode, rcode)),
	    flags.len ? story_str("flags", buf) : story_none(),
	    story_num("answer", count_at(q, 6)),
	    story_num("authority", count_at(q, 8)),
	    story_num("additional", count_at(q, 10)),
	    story_num("bytes", (int64_t)len),
	    q->asker.tcp ? story_none() : story_num("max", (int64_t)q->max),
	    ede ? story_num("ede", q->opt.ede) : story_none(),
	    ede && q->opt.ede_text.len ? story_words("error", q->opt.ede_text)
				       : story_none());
}

void
tell_result(struct query *q, enum why why)
{
	char rcode[PRESENT_RCODE_MAX];

	story_tell(q->story, STEP_rcode,
		   story_str("rcode", present_rcode(q->rcode, rcode)),
		   story_str("why", why_words[why]));
}

void
tell_end(struct query *q, size_t len)
{
	set_listener(q, NULL);
	if (len == QUERY_DEFERRED)
		return;
	if (!len) {
		story_tell(q->story, STEP_silence,
			   story_str("why", why_words[q->why]));
		return;
	}
	if (q->cached && !q->stale && !q->told_hit)
		tell_step(q, STEP_packet_hit_now);
	tell_reply(q, len);
}

/* --- steps ---------------------------------------------------------------- */

void
tell_step(struct query *q, enum story_step step)
{
	story_add(q->story, step, NULL, 0);
}

void
tell_name(struct query *q, enum story_step step, const uint8_t *name)
{
	story_tell(q->story, step, story_name("name", name));
}

void
tell_number(struct query *q, enum story_step step, int64_t n)
{
	story_tell(q->story, step, story_num("n", n));
}

static struct story_field
id_field(int32_t id)
{
	return id == ZONE_ID_NONE ? story_none() : story_num("id", id);
}

/* Where there is only one, it goes without saying. */
static struct story_field
backend_field(const struct query *q, const struct backend *b)
{
	return q->h->backends->n > 1 ? story_str("backend", b->label)
				     : story_none();
}

void
tell_zone(struct query *q, enum story_step step, const struct zone *z)
{
	story_tell(q->story, step, story_name("zone", z->apex),
		   backend_field(q, z->backend), id_field(z->id));
}

void
tell_listed(struct query *q, const struct backend *b, const uint8_t *zone,
	    int32_t id)
{
	story_tell(q->story, STEP_zone_listed, story_name("zone", zone),
		   backend_field(q, b), id_field(id));
}

void
tell_not_listed(struct query *q, const struct backend *b, const uint8_t *name)
{
	story_tell(q->story, STEP_zone_not_listed, story_name("name", name),
		   backend_field(q, b));
}

void
tell_no_soa(struct query *q, const struct backend *b, const uint8_t *name)
{
	story_tell(q->story, STEP_zone_no_soa, story_name("name", name),
		   backend_field(q, b));
}

void
tell_below(struct query *q, const uint8_t *name, const char *how)
{
	story_tell(q->story, STEP_below, story_name("name", name),
		   story_str("how", how));
}

void
tell_cname(struct query *q, const uint8_t *owner, const uint8_t *target)
{
	story_tell(q->story, STEP_cname, story_name("name", owner),
		   story_name("target", target));
}

void
tell_dname(struct query *q, const uint8_t *owner, const uint8_t *target)
{
	if (target)
		story_tell(q->story, STEP_dname, story_name("zone", owner),
			   story_name("target", target));
	else
		story_tell(q->story, STEP_dname_long,
			   story_name("zone", owner));
}

void
tell_wildcard(struct query *q, const uint8_t *wild)
{
	story_tell(q->story, STEP_wildcard, story_name("wildcard", wild),
		   story_name("name", q->target));
}

/* Types among the rows that were not asked for, each once. */
void
tell_others(struct query *q, const struct rows *rows, uint16_t type)
{
	char buf[TYPES_BYTES], one[16];
	struct text t = text_over(buf, sizeof(buf));

	for (size_t i = 0; i < rows->n; i++) {
		uint16_t other = rows->at[i].type;
		bool seen = other == 0 || other == type;

		for (size_t k = 0; k < i && !seen; k++)
			seen = rows->at[k].type == other;
		put_word(&t, !seen, type_text(other, one));
	}
	if (t.len)
		story_tell(q->story, STEP_other_types, story_str("types", buf),
			   story_name("name", q->target));
}

void
tell_asked(struct query *q, const struct backend *b, const struct lookup *l,
	   const struct rows *rows, int64_t began_us)
{
	int64_t took_ns = clock_mono_ns() - began_us * 1000;

	if (rows)
		story_tell(
		    q->story, STEP_backend, story_str("backend", b->label),
		    story_name("name", l->name), story_type("type", l->type),
		    story_ns("time", took_ns), story_rows("n", rows));
	else
		story_tell(
		    q->story, STEP_backend_failed,
		    story_str("backend", b->label), story_name("name", l->name),
		    story_type("type", l->type), story_ns("time", took_ns));
}

void
tell_glue(struct query *q, const struct rows *rows, uint16_t type)
{
	int64_t n = 0;

	for (size_t i = 0; i < rows->n; i++)
		n += rows->at[i].type == type && !rows->at[i].auth;
	if (n)
		story_tell(q->story, STEP_only_glue, story_num("n", n),
			   story_type("type", type));
}

void
tell_chosen(struct query *q, const struct rows *rows, uint16_t type,
	    uint32_t ttl_sec)
{
	int64_t differ = 1;

	for (size_t i = 0; i < rows->n; i++) {
		const struct row *r = &rows->at[i];
		bool seen = r->type != type || r->ttl_sec == ttl_sec;

		for (size_t k = 0; k < i && !seen; k++)
			seen = rows->at[k].type == type &&
			       rows->at[k].ttl_sec == r->ttl_sec;
		differ += !seen;
	}
	if (differ > 1)
		story_tell(q->story, STEP_lowest_ttl, story_num("n", differ));
}

void
tell_set(struct query *q, enum section s, const struct rrset *set, uint32_t n)
{
	if (n > set->n)
		story_tell(q->story, STEP_duplicates,
			   story_num("n", n - set->n));
	story_tell(q->story, s == SECTION_ADDITIONAL ? STEP_added : STEP_chosen,
		   story_name("name", set->owner),
		   story_type("type", set->type), story_num("n", set->n),
		   story_num("ttl", set->ttl_sec),
		   s == SECTION_AUTHORITY ? story_str("section", "authority")
					  : story_none());
}

void
tell_outside(struct query *q, const uint8_t *name)
{
	story_tell(q->story, STEP_added_outside, story_name("name", name),
		   story_name("zone", q->zone.apex));
}

void
tell_no_room(struct query *q, const struct rrset *set)
{
	story_tell(q->story, STEP_no_room, story_name("name", set->owner),
		   story_type("type", set->type));
}

void
tell_cut(struct query *q, size_t max)
{
	story_tell(q->story, STEP_cut, story_num("max", (int64_t)max));
}
