/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/chaos.c - the names of class CH: who and what this server is
 * (RFC 4892 and custom). Runs in workers and --ask.
 */
#include "answer/query.h"

#include <string.h>

#include "answer/rrset.h"
#include "conf/conf.h"
#include "dns/name.h"
#include "dns/type.h"

enum { CHAOS_TTL_SEC = 5 };

enum subject { VERSION, IDENTITY };

static const struct {
	const char *name;
	enum subject subject;
} names[] = {
    {"\7version\4bind", VERSION},    {"\7version\6server", VERSION},
    {"\7version\4pdns", VERSION},    {"\2id\6server", IDENTITY},
    {"\10hostname\4bind", IDENTITY},
};

static bool
find_subject(const struct query *q, enum subject *out)
{
	for (size_t i = 0; i < COUNT(names); i++)
		if (name_equal(q->question.name,
			       (const uint8_t *)names[i].name)) {
			*out = names[i].subject;
			return true;
		}
	return false;
}

/* What version.bind says; NULL: nothing (SERVFAIL, as PowerDNS). */
static const char *
version_words(const struct conf *conf)
{
	if (strcmp(conf->version_string, "anonymous") == 0)
		return NULL;
	if (strcmp(conf->version_string, "full") == 0)
		return "pdnslua " PDNSLUA_VERSION;
	if (strcmp(conf->version_string, "powerdns") == 0)
		return "Served by pdnslua";
	return conf->version_string;
}

static enum verdict
add_text(struct query *q, struct slice words)
{
	struct rrset set;
	size_t n = words.len < 255 ? words.len : 255;
	struct slice *data = arena_alloc(q->arena, sizeof(*data));
	uint8_t *txt = arena_alloc(q->arena, n + 1);

	if (!data || !txt)
		return query_refuse(q, WHY_memory, RCODE_SERVFAIL, EDE_OTHER,
				    "");
	txt[0] = (uint8_t)n;
	memcpy(txt + 1, words.at, n);
	*data = slice_of(txt, n + 1);
	q->aa = true;
	q->why = WHY_chaos;
	set = (struct rrset){.owner = q->question.name,
			     .type = TYPE_TXT,
			     .ttl_sec = CHAOS_TTL_SEC,
			     .rdata = data,
			     .n = 1};
	if (!rrset_add(q, SECTION_ANSWER, &set))
		return query_refuse(q, WHY_memory, RCODE_SERVFAIL, EDE_OTHER,
				    "");
	return SEND;
}

enum verdict
chaos_answer(struct query *q)
{
	uint16_t type = q->question.type;
	enum subject subject;
	const char *words;

	if (!find_subject(q, &subject))
		return query_refuse(q, WHY_chaos_unknown, RCODE_REFUSED,
				    EDE_NOT_AUTHORITATIVE, "");
	if (type != TYPE_TXT && type != TYPE_ANY)
		return query_refuse(q, WHY_chaos_type, RCODE_NOTIMP, EDE_NONE,
				    "");
	if (subject == IDENTITY) {
		if (!q->h->nsid.len)
			return query_refuse(q, WHY_chaos_secret, RCODE_REFUSED,
					    EDE_PROHIBITED, "");
		return add_text(q, q->h->nsid);
	}
	words = version_words(q->h->conf);
	if (!words)
		return query_refuse(q, WHY_chaos_secret, RCODE_SERVFAIL,
				    EDE_PROHIBITED, "");
	return add_text(q, slice_str(words));
}
