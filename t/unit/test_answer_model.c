/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_answer_model.c - random zones and questions, answered by answer/
 * and by a model that sees the whole zone and follows RFC 1034 section 4.3.2,
 * RFC 4592 and RFC 6672 word by word, without a thought for cost.
 */
#include <stdlib.h>

#include "lib/mem.h"
#include "lib/text.h"
#include "t/unit/asks.h"

enum { ROWS_MAX = 24, WORDS_MAX = 32, HOPS_MAX = 10, NAME = 200, LINE = 512 };

/* One record; names are text without the final dot. */
struct fact {
	char owner[NAME], data[NAME];
	const char *type;
};

static struct fact facts[ROWS_MAX];
static size_t n_facts;
static unsigned seed;

static unsigned
dice(unsigned n)
{
	return (unsigned)rand_r(&seed) % n;
}

/* --- names as text
 * --------------------------------------------------------------- */

/* name is zone or below it. */
static bool
below(const char *name, const char *zone)
{
	size_t a = strlen(name), b = strlen(zone);

	return a >= b && strcmp(name + a - b, zone) == 0 &&
	       (a == b || name[a - b - 1] == '.');
}

static const char *
parent(const char *name)
{
	return strchr(name, '.') + 1;
}

/* --- the model
 * --------------------------------------------------------------------- */

static bool
has(const char *name, const char *type)
{
	for (size_t i = 0; i < n_facts; i++)
		if (strcmp(facts[i].owner, name) == 0 &&
		    (!type || strcmp(facts[i].type, type) == 0))
			return true;
	return false;
}

static bool
exists(const char *name)
{
	for (size_t i = 0; i < n_facts; i++)
		if (below(facts[i].owner, name))
			return true;
	return strcmp(name, "test") == 0; /* the SOA is no fact here */
}

struct ending {
	char lines[2][WORDS_MAX][LINE]; /* answer, authority */
	size_t n[2];
	const char *rcode;
	bool aa;
};

static void
tell(struct ending *o, unsigned section, const char *owner, const char *type,
     const char *data)
{
	char line[LINE];

	snprintf(line, sizeof(line), "%s. %u %s %s", owner,
		 strcmp(type, "SOA") == 0 ? 300u : 60u, type, data);
	for (size_t i = 0; i < o->n[section]; i++)
		if (strcmp(o->lines[section][i], line) == 0)
			return;
	cr_assert_lt(o->n[section], WORDS_MAX);
	strcpy(o->lines[section][o->n[section]++], line);
}

/* All facts of a type at source, under the name owner. */
static void
tell_all(struct ending *o, unsigned section, const char *source,
	 const char *owner, const char *type)
{
	for (size_t i = 0; i < n_facts; i++)
		if (strcmp(facts[i].owner, source) == 0 &&
		    strcmp(facts[i].type, type) == 0)
			tell(o, section, owner, type, facts[i].data);
}

static const char *
data_of(const char *name, const char *type)
{
	static char turns[4][NAME];
	static unsigned turn;
	char *out = turns[turn++ % 4];

	for (size_t i = 0; i < n_facts; i++)
		if (strcmp(facts[i].owner, name) == 0 &&
		    strcmp(facts[i].type, type) == 0) {
			strcpy(out, facts[i].data);
			out[strlen(out) - 1] = '\0'; /* the final dot */
			return out;
		}
	bug_on(true); /* there is one */
	return NULL;
}

static void
negative(struct ending *o, const char *rcode)
{
	o->rcode = rcode;
	tell(o, 1, "test", "SOA", SOA_DATA);
}

/* The data of node answer for name. false: the chain goes on at name. */
static bool
match(struct ending *o, const char *node, char *name, const char *type)
{
	if (has(node, "CNAME") && strcmp(type, "CNAME") != 0) {
		const char *target = data_of(node, "CNAME");

		tell_all(o, 0, node, name, "CNAME");
		strcpy(name, target);
		return false;
	}
	if (has(node, type))
		tell_all(o, 0, node, name, type);
	else
		negative(o, "NOERROR");
	return true;
}

/* Step 3 of the algorithm for one name. false: on with a new name. */
static bool
match_down(struct ending *o, char *name, const char *type, unsigned hops)
{
	const char *nodes[64];
	unsigned n = 0;
	char wild[NAME + 2];

	for (const char *p = name; strcmp(p, "test") != 0; p = parent(p))
		nodes[n++] = p;
	for (unsigned i = n; i-- > 0;) {
		const char *node = nodes[i];

		if (has(node, "NS") && !(i == 0 && strcmp(type, "DS") == 0)) {
			tell_all(o, 1, node, node, "NS");
			o->aa = hops > 0;
			return true;
		}
		if (i > 0 && has(node, "DNAME")) {
			const char *to = data_of(node, "DNAME");
			char made[NAME];

			tell_all(o, 0, node, node, "DNAME");
			snprintf(made, sizeof(made), "%.*s%s.",
				 (int)(strlen(name) - strlen(node)), name, to);
			tell(o, 0, name, "CNAME", made);
			made[strlen(made) - 1] = '\0';
			strcpy(name, made);
			return false;
		}
	}
	if (exists(name))
		return match(o, name, name, type);
	for (unsigned i = 1; i <= n; i++) {
		const char *encloser = i < n ? nodes[i] : "test";

		if (!exists(encloser))
			continue;
		snprintf(wild, sizeof(wild), "*.%s", encloser);
		if (exists(wild))
			return match(o, wild, name, type);
		break;
	}
	negative(o, "NXDOMAIN");
	return true;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static const char *
model_words(const char *qname, const char *type)
{
	static char words[8192];
	struct ending o = {.rcode = "NOERROR", .aa = true};
	struct text t = text_over(words, sizeof(words));
	char name[NAME];

	strcpy(name, qname);
	for (unsigned hops = 0;; hops++) {
		if (hops > HOPS_MAX)
			return "SERVFAIL aa";
		if (!below(name, "test") || match_down(&o, name, type, hops))
			break;
	}
	text_fmt(&t, "%s%s", o.rcode, o.aa ? " aa" : "");
	for (unsigned s = 0; s < 2; s++) {
		qsort(o.lines[s], o.n[s], LINE, by_text);
		for (size_t i = 0; i < o.n[s]; i++)
			text_fmt(&t, "%s%s",
				 i   ? ", "
				 : s ? " | ns "
				     : " | an ",
				 o.lines[s][i]);
	}
	return words;
}

/* --- random zones
 * ---------------------------------------------------------------------- */

static void
random_name(char *out, bool inside_only)
{
	static const char *const labels[] = {"a", "b", "c", "*"};
	unsigned n = dice(4);

	out[0] = '\0';
	if (!inside_only && dice(12) == 0) {
		strcpy(out, "out.side");
		return;
	}
	for (unsigned i = 0; i < n; i++)
		strcat(strcat(out, labels[dice(dice(2) ? 3 : 4)]), ".");
	strcat(out, "test");
}

/* Is there something that a row of this type may not stand beside or above?
 * What a zone must not hold is not to be tested here. */
static bool
may_add(const struct fact *f)
{
	bool alias = strcmp(f->type, "CNAME") == 0;
	bool special =
	    strcmp(f->type, "NS") == 0 || strcmp(f->type, "DNAME") == 0;

	if (strcmp(f->owner, "test") == 0)
		return !alias && !special;
	if (f->owner[0] == '*' && special)
		return false;
	if (alias && has(f->owner, NULL))
		return false;
	if (has(f->owner, "CNAME"))
		return false;
	if (strcmp(f->type, "DNAME") == 0 && has(f->owner, "DNAME"))
		return false;
	if (special && (has(f->owner, "NS") || has(f->owner, "DNAME")))
		return false;
	return strcmp(f->type, "DS") != 0 || has(f->owner, "NS");
}

static void
add_random(void)
{
	static const char *const types[] = {"A",     "TXT", "CNAME", "NS",
					    "DNAME", "DS",  "A"};
	struct fact f = {.type = types[dice(COUNT(types))]};
	char target[60];

	random_name(f.owner, true);
	random_name(target, false);
	if (strcmp(f.type, "A") == 0)
		snprintf(f.data, sizeof(f.data), "192.0.2.%u", dice(3));
	else if (strcmp(f.type, "TXT") == 0)
		snprintf(f.data, sizeof(f.data), "\"t%u\"", dice(3));
	else if (strcmp(f.type, "DS") == 0)
		snprintf(f.data, sizeof(f.data), "1 13 250 AB");
	else if (strcmp(f.type, "NS") == 0)
		snprintf(f.data, sizeof(f.data), "ns%u.elsewhere.", dice(3));
	else
		snprintf(f.data, sizeof(f.data), "%s.", target);
	if (!may_add(&f))
		return;
	for (size_t i = 0; i < n_facts; i++)
		if (strcmp(facts[i].owner, f.owner) == 0 &&
		    strcmp(facts[i].type, f.type) == 0 &&
		    strcmp(facts[i].data, f.data) == 0)
			return;
	facts[n_facts++] = f;
}

static char *
random_zone(void)
{
	unsigned n = 1 + dice(ROWS_MAX - 1);
	char *zone = xprintf("test 3600 SOA " SOA_DATA "\n");

	n_facts = 0;
	for (unsigned i = 0; i < n; i++)
		add_random();
	for (size_t i = 0; i < n_facts; i++) {
		char *more = xprintf("%s%s 60 %s %s\n", zone, facts[i].owner,
				     facts[i].type, facts[i].data);

		free(zone);
		zone = more;
	}
	return zone;
}

static void
compare(const char *settings, unsigned rounds, unsigned first_seed)
{
	static const char *const types[] = {"A", "TXT", "CNAME", "DNAME", "DS"};

	if (getenv("PDNSLUA_LONG"))
		rounds *= 20;
	for (unsigned round = 0; round < rounds; round++) {
		char *zone;
		struct responder *r;

		seed = first_seed + round;
		zone = random_zone();
		r = responder_of(settings, zone);
		r->tcp = true;
		for (unsigned i = 0; i < 40; i++) {
			char name[NAME], question[NAME + 16];
			const char *type = types[dice(COUNT(types))], *got,
				   *want;

			random_name(name, true);
			snprintf(question, sizeof(question), "%s %s", name,
				 type);
			want = model_words(name, type);
			got = ask(r, question);
			cr_assert_str_eq(
			    got, want, "seed %u: %s\n%s, not\n%s\n%s",
			    first_seed + round, question, got, want, zone);
			cr_assert_eq(r->zones[0].repeats, 0, "%s", question);
		}
		responder_free(r);
		free(zone);
	}
}

Test(model, random_zones)
{
	compare("", 600, 1);
}

Test(model, random_zones_asked_type_by_type)
{
	compare("consistent-backends=no", 300, 100000);
}
