/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/querylog.c - log-dns-queries and log-dns-details. Runs in a worker,
 * after the answer is made. Invariant: names and texts of strangers are quoted
 * as DNS quotes them, or by the log.
 */
#include "worker/querylog.h"

#include "answer/query.h"
#include "conf/conf.h"
#include "dns/present.h"
#include "dns/type.h"
#include "lib/log.h"

enum { EDE_TEXT_MAX = 160 };

struct shown {
	char from[ADDR_TEXT_MAX], name[NAME_TEXT_MAX], type[16];
};

static void
show(const struct query *q, struct shown *s)
{
	const struct question *qu = &q->question;

	addr_text(&q->asker.remote, s->from);
	s->name[0] = s->type[0] = '\0';
	if (!qu->name_len)
		return;
	name_text_script(qu->name_raw, s->name);
	type_text(qu->type, s->type);
}

static void
log_query(const struct query *q)
{
	const struct edns *edns = &q->question.edns;
	unsigned bufsize = edns->present ? edns->payload : 512u;
	struct shown s;
	struct log_field f[] = {
	    log_str("remote", s.from),	 log_str("qname", s.name),
	    log_str("qtype", s.type),	 log_num("do", edns->do_bit),
	    log_num("bufsize", bufsize), log_num("tcp", q->asker.tcp)};
	struct log_event ev = {.level = LOG_LEVEL_NOTICE,
			       .each = true, /* each query: it was asked for */
			       .fields = f,
			       .n_fields = COUNT(f)};

	show(q, &s);
	log_event(&ev, "Remote %s wants '%s|%s', do = %d, bufsize = %u%s",
		  s.from, s.name, s.type, edns->do_bit, bufsize,
		  q->asker.tcp ? " (TCP)" : "");
}

static void
log_dropped(const struct query *q)
{
	struct shown s;
	struct log_field f[] = {log_str("remote", s.from),
				log_num("bytes", (int64_t)q->in.len)};

	show(q, &s);
	log_with(LOG_LEVEL_WARNING, f,
		 "%zu bytes from %s are no question: no answer", q->in.len,
		 s.from);
}

/* A cached answer's rcode is in its header only; those that went wrong are
 * not cached. */
static bool
went_wrong(const struct query *q)
{
	return !q->cached && q->rcode != RCODE_NOERROR &&
	       q->rcode != RCODE_NXDOMAIN && q->rcode != RCODE_BADCOOKIE;
}

static void
log_wrong(const struct query *q)
{
	char rcode[PRESENT_RCODE_MAX];
	struct shown s;
	struct log_field f[] = {
	    log_str("remote", s.from), log_str("qname", s.name),
	    log_str("qtype", s.type),
	    log_str("rcode", present_rcode(q->rcode, rcode)),
	    log_num("opcode", question_opcode(&q->question))};
	int why = q->opt.ede_text.len > EDE_TEXT_MAX ? EDE_TEXT_MAX
						     : (int)q->opt.ede_text.len;

	show(q, &s);
	log_with(LOG_LEVEL_WARNING, f,
		 "%s to %s, who asked for '%s|%s' with opcode %u%s%.*s",
		 f[3].text, s.from, s.name, s.type,
		 question_opcode(&q->question), why ? ": " : "", why,
		 why ? (const char *)q->opt.ede_text.at : "");
}

void
querylog(const struct query *q, size_t len)
{
	const struct conf *conf = q->h->conf;

	if (len == QUERY_DEFERRED || q->refreshing)
		return;
	if (conf->log_dns_queries && len && q->question.name_len)
		log_query(q);
	if (!conf->log_dns_details)
		return;
	if (!len)
		log_dropped(q);
	else if (went_wrong(q))
		log_wrong(q);
}
