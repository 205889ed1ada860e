/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_lua2_zones.c - what lua2 scripts tell of zones: lists, zone
 * information, metadata, keys, names before and after; direct commands.
 */
#include "t/unit/lua2script.h"

#define LOOKUP "function dns_lookup() return {} end\n"

/* code: a script to which dns_lookup is added, or "return ..." as the body of
 * the callback. result: NULL: an error. said: part of what is logged, NULL:
 * nothing is logged. */
struct zone_case {
	const char *name, *code, *result;
	const char *said;
};

typedef enum err ask_fn(struct lua2_script *);

/* Ask each script with ask, which prints what it got into s->text; ERR_MISS
 * is printed as "(none)". */
static void
check(const char *function, ask_fn *ask, const struct zone_case *c, size_t n)
{
	static struct lua2_script s;
	char code[4096];

	for (; n > 0; n--, c++) {
		bool body = strncmp(c->code, "return", 6) == 0;
		enum err e;

		snprintf(code, sizeof(code), "%s%s%s%s%s%s", LOOKUP,
			 body ? "function " : "", body ? function : "",
			 body ? "(a, b) " : "", c->code, body ? "\nend" : "");
		cr_assert_eq(script_open(&s, code, NULL), ERR_NONE, "%s: %s",
			     c->name, s.said);
		hear(&s);
		e = ask(&s);
		hear_end(&s);
		if (e == ERR_MISS)
			strcpy(s.text, "(none)");
		cr_expect_eq(e == ERR_NONE || e == ERR_MISS, c->result != NULL,
			     "%s: %s: %s", c->name, err_text(e), s.said);
		if (c->result)
			cr_expect_str_eq(s.text, c->result, "%s", c->name);
		if (c->said)
			cr_expect_not_null(strstr(s.said, c->said), "%s: %s",
					   c->name, s.said);
		else
			cr_expect_str_empty(s.said, "%s", c->name);
		script_close(&s);
	}
}

static void
print_name(struct text *t, const uint8_t *name)
{
	char text[NAME_TEXT_MAX];

	name_text(name, text);
	text_str(t, text);
}

/* -- dns_get_domaininfo, dns_get_all_domains ------------------------------- */

static void
print_domain(struct text *t, const struct domain *d)
{
	static const char *const kinds[] = {"native", "primary", "secondary",
					    "producer", "consumer"};
	char addr[ADDR_TEXT_MAX];

	text_str(t, t->len ? "; " : "");
	print_name(t, d->name);
	text_fmt(t, " %s id=%d", kinds[d->kind], d->id);
	if (d->serial || d->notified_serial)
		text_fmt(t, " serial=%u/%u", d->serial, d->notified_serial);
	if (d->last_check_sec)
		text_fmt(t, " check=%lld", (long long)d->last_check_sec);
	if (d->account[0])
		text_fmt(t, " account=%s", d->account);
	for (size_t i = 0; i < d->n_primaries; i++)
		text_fmt(t, " %s", addr_text_port(&d->primaries[i], addr));
}

static enum err
ask_domain(struct lua2_script *s)
{
	struct text t = text_over(s->text, TEXT_MAX);
	uint8_t zone[NAME_MAX_BYTES];
	struct domain d;
	enum err e;

	wire("test", zone);
	e = lua2_ops.domain(s->self, &s->arena, zone, &d);
	if (e == ERR_NONE)
		print_domain(&t, &d);
	return e;
}

static const struct zone_case domain_cases[] = {
    {"all fields",
     "return {id=7, serial=5, notified_serial=4, last_check=1000,\n"
     "kind='MASTER', account='me', masters={'192.0.2.1', '::1'}}",
     "test. primary id=7 serial=5/4 check=1000 account=me 192.0.2.1:53 "
     "[::1]:53",
     NULL},
    {"no fields", "return {}", "test. native id=-1", NULL},
    {"what it gets", "return {account=tostring(a) .. tostring(b)}",
     "test. native id=-1 account=test.nil", NULL},
    {"numbers as text", "return {id='7', serial='4294967295', last_check=5.7}",
     "test. native id=7 serial=4294967295/0 check=5", NULL},
    {"a number as account", "return {account=10/2}",
     "test. native id=-1 account=5", NULL},
    {"kind primary", "return {kind='primary'}", "test. primary id=-1", NULL},
    {"kind slave", "return {kind='Slave'}", "test. secondary id=-1", NULL},
    {"kind secondary", "return {kind='SECONDARY'}", "test. secondary id=-1",
     NULL},
    {"kind producer", "return {kind='PRODUCER'}", "test. producer id=-1", NULL},
    {"kind consumer", "return {kind='CONSUMER'}", "test. consumer id=-1", NULL},
    {"another kind", "return {kind='what'}", "test. native id=-1", NULL},
    {"no kind of kind", "return {kind=5}", "test. native id=-1", NULL},
    {"masters with ports",
     "return {masters={'192.0.2.1:5300', '[2001:db8::1]:5301'}}",
     "test. native id=-1 192.0.2.1:5300 [2001:db8::1]:5301", NULL},
    {"masters in one text", "return {masters='192.0.2.1, 192.0.2.2:1 ::1'}",
     "test. native id=-1 192.0.2.1:53 192.0.2.2:1 [::1]:53", NULL},
    {"masters as ComboAddress",
     "return {masters={newCA('192.0.2.1'), newCA('192.0.2.2:9')}}",
     "test. native id=-1 192.0.2.1:53 192.0.2.2:9", NULL},
    {"many masters", "return {masters={'::1', '::2', '::3', '::4', '::5'}}",
     "test. native id=-1 [::1]:53 [::2]:53 [::3]:53 [::4]:53 [::5]:53", NULL},
    {"no masters", "return {masters={}}", "test. native id=-1", NULL},
    {"masters that are no addresses", "return {masters={'ns1.test'}}", NULL,
     "it returned a bad field 'masters': an address "
     "expected, got 'ns1.test'"},
    {"masters of another type", "return {masters={{}}}", NULL,
     "an address expected, got table"},
    {"unknown keys are left out, said once",
     "return {id=1, colour='red', [5]={}}", "test. native id=1",
     "Unsupported key"},
    {"zone is not looked at", "return {zone='other', name=5}",
     "test. native id=-1", NULL},
    {"false", "return false", "(none)", NULL},
    {"true", "return true", "(none)", NULL},
    {"nil", "return nil", "(none)", NULL},
    {"a string", "return 'x'", NULL,
     "dns_get_domaininfo(test.) failed: it returned a "
     "string, not a table"},
    {"a bad id", "return {id={}}", NULL,
     "field 'id': a number expected, got table"},
    {"a bad account", "return {account=true}", NULL,
     "field 'account': a string expected, got true"},
    {"an error", "return nosuch.x", NULL, "script.lua:2: "},
    {"missing: the SOA says it",
     "function dns_lookup(t, n, id) assert(t:getName() == 'SOA' and\n"
     "id == -1) return {{type='NS', content='ns1.test'}, {type='SOA',\n"
     "content='a. b. 4000000000 2 3 4 5', domain_id=9}} end",
     "test. native id=9 serial=4000000000/0", NULL},
    {"missing, and no SOA", "local x", "(none)", NULL},
    {"missing, and the look-up fails",
     "function dns_lookup() error('no database') end", NULL, "no database"},
};

Test(lua2_zones, tells_of_one_zone)
{
	check("dns_get_domaininfo", ask_domain, domain_cases,
	      COUNT(domain_cases));
}

static enum err
print_one(void *ctx, const struct domain *d)
{
	print_domain(ctx, d);
	return d->id == 99 ? ERR_LIMIT : ERR_NONE;
}

static enum err
ask_domains(struct lua2_script *s)
{
	struct text t = text_over(s->text, TEXT_MAX);

	return lua2_ops.domains(s->self, print_one, &t);
}

static const struct zone_case domains_cases[] = {
    {"by DNSName", "return {[newDN('Test')]={id=7, kind='MASTER'}}",
     "test. primary id=7", NULL},
    {"by text", "return {['Test.']={serial=5}}",
     "test. native id=-1 serial=5/0", NULL},
    {"a list with zone", "return {{zone='a', id=1}, {zone=newDN('b'), id=2}}",
     "a. native id=1; b. native id=2", NULL},
    {"a list with name", "return {{name='a.b.'}, {name='.'}}",
     "a.b. native id=-1; . native id=-1", NULL},
    {"nothing of one zone is left for the next",
     "return {{zone='a', id=1, serial=2, account='x', masters={'::1'},\n"
     "kind='SLAVE'}, {zone='b'}}",
     "a. secondary id=1 serial=2/0 account=x [::1]:53; b. native id=-1", NULL},
    {"the key wins", "return {a={zone='b'}}", "a. native id=-1", NULL},
    {"no zones", "return {}", "", NULL},
    {"false", "return false", "(none)", NULL},
    {"nil", "return", "(none)", NULL},
    {"true", "return true", NULL, "it returned a boolean, not a table"},
    {"a string", "return 'test'", NULL, "returned a string, not a table"},
    {"names only", "return {'a', 'b'}", NULL,
     "returned a string for 1, not a table"},
    {"no name", "return {{id=5}}", NULL,
     "returned an entry 1 that names no zone"},
    {"a bad name", "return {{zone='a..b'}}", NULL,
     "returned a bad zone 1: field 'zone': a domain name expected, got "
     "'a..b'"},
    {"a bad field", "return {[newDN('a')]={id='x'}}", NULL,
     "returned a bad zone a.: field 'id': a number expected, got 'x'"},
    {"missing", "local x", "(none)", NULL},
    {"the listener stops it", "return {{zone='a', id=99}, {zone='b'}}", NULL,
     NULL},
};

Test(lua2_zones, lists_zones)
{
	check("dns_get_all_domains", ask_domains, domains_cases,
	      COUNT(domains_cases));
}

static enum err
count_one(void *ctx, const struct domain *d)
{
	*(size_t *)ctx += d->n_primaries == 2 && strlen(d->account) == 100;
	return ERR_NONE;
}

Test(lua2_zones, lists_many_zones)
{
	static struct lua2_script s;
	size_t n = 0;

	cr_assert_eq(script_open(&s,
				 LOOKUP
				 "function dns_get_all_domains() local t = {}\n"
				 "for i = 1, 20000 do t[newDN('z' .. i)] =\n"
				 "{id=i, account=('x'):rep(100),\n"
				 "masters={'::1', '::2'}} end return t end\n",
				 NULL),
		     ERR_NONE);
	cr_expect_eq(lua2_ops.domains(s.self, count_one, &n), ERR_NONE);
	cr_expect_eq(n, 20000);
	script_close(&s);
}

/* -- dns_list -------------------------------------------------------------- */

static enum err
ask_list(struct lua2_script *s)
{
	uint8_t zone[NAME_MAX_BYTES];
	struct rows rows = {0};
	enum err e;

	wire("test", zone);
	e = lua2_ops.list(s->self, &s->arena, zone, 7, &rows);
	print_rows(s, &rows);
	return e;
}

static const struct zone_case list_cases[] = {
    {"rows of the zone",
     "return {{name='test', type='NS', content='ns1.test', ttl=5},\n"
     "{name=newDN('Www.test'), type='A', content='192.0.2.1', ttl=6},\n"
     "{name='ent.test', type=0, content=''}, {name=a, type='A',\n"
     "content='192.0.2.2'}}",
     "test. 5 NS ns1.test.; www.test. 6 A 192.0.2.1; ent.test. 3600 TYPE0 ; "
     "test. 3600 A 192.0.2.2",
     NULL},
    {"what it gets",
     "return {{name='test', type='TXT', content=tostring(a) .. b}}",
     "test. 3600 TXT \"test.7\"", NULL},
    {"a name outside is left out",
     "return {{name='xtest', type='A', content='192.0.2.1'},\n"
     "{name='a.test', type='A', content='192.0.2.1'}}",
     "a.test. 3600 A 192.0.2.1",
     "dns_list was asked for test. and returned a row for xtest."},
    {"no name is left out", "return {{type='A', content='192.0.2.1'}}", "",
     "and returned a row for no name"},
    {"a bad row", "return {{name='a.test', type='A', content='x'}}", NULL,
     "dns_list(test.) failed: it returned a bad row 1: field "
     "'content': 'x' is no A data: "},
    {"no rows", "return {}", "", NULL},
    {"false", "return false", "(none)", NULL},
    {"true", "return true", "(none)", NULL},
    {"nil", "return nil", "(none)", NULL},
    {"a number", "return 5", NULL, "it returned a number, not a table"},
    {"missing", "local x", "(none)",
     "dns_list missing: zone test. cannot be listed"},
};

Test(lua2_zones, lists_rows)
{
	check("dns_list", ask_list, list_cases, COUNT(list_cases));
}

static bool
below(struct lua2_script *s, uint32_t serial, const char *name)
{
	uint8_t zone[NAME_MAX_BYTES], wire_name[NAME_MAX_BYTES];
	bool found;

	wire("test", zone);
	wire(name, wire_name);
	hear(s);
	cr_expect_eq(
	    lua2_ops.has_below(s->self, zone, 7, serial, wire_name, &found),
	    ERR_NONE);
	hear_end(s);
	return found;
}

Test(lua2_zones, finds_empty_non_terminals_by_listing)
{
	static struct lua2_script s;

	/* the content is bad, but of no interest */
	cr_assert_eq(
	    script_open(&s,
			LOOKUP "local lists = 0\n"
			       "function dns_list(zone) lists = lists + 1\n"
			       "return {{name='a.b.c.test', type='A',\n"
			       "content='x'}, {name='d.test'}, {foo={}}} end\n"
			       "function lists_made() return lists end\n",
			NULL),
	    ERR_NONE);
	cr_expect(below(&s, 1, "b.c.test"));
	cr_expect(below(&s, 1, "c.test"));
	cr_expect(below(&s, 1, "test"));
	cr_expect_not(below(&s, 1, "a.b.c.test"));
	cr_expect_not(below(&s, 1, "d.test"));
	cr_expect_not(below(&s, 1, "x.test"));
	cr_expect_eq(script_command(&s, "lists_made"), ERR_NONE);
	cr_expect_str_eq(s.text, "1");
	script_close(&s);
}

Test(lua2_zones, knows_no_empty_non_terminals_without_a_list)
{
	static const char *const codes[] = {
	    LOOKUP,
	    LOOKUP "function dns_list() return false end",
	    LOOKUP "function dns_list() error('no database') end",
	    LOOKUP "function dns_list() return {5} end",
	};
	static struct lua2_script s;

	for (size_t i = 0; i < COUNT(codes); i++) {
		cr_assert_eq(script_open(&s, codes[i], NULL), ERR_NONE);
		cr_expect_not(below(&s, 1, "b.test"));
		cr_expect_not(below(&s, 1, "b.test"));
		script_close(&s);
	}
}

Test(lua2_zones, keeps_what_it_knew_when_a_list_fails)
{
	static struct lua2_script s;

	cr_assert_eq(
	    script_open(&s,
			LOOKUP "local first = true\n"
			       "function dns_list() if first then\n"
			       "first = false return {{name='a.b.test'}} end\n"
			       "error('no database') end\n",
			NULL),
	    ERR_NONE);
	cr_expect(below(&s, 1, "b.test"));
	cr_expect(below(&s, 2, "b.test"));
	script_close(&s);
}

/* -- Metadata -------------------------------------------------------------- */

static void
print_metadata(struct text *t, const struct metadata *m)
{
	text_fmt(t, "%s%s:", t->len ? "; " : "", m->kind);
	for (size_t i = 0; i < m->n; i++)
		text_fmt(t, "%s%s", i ? "," : "", m->values[i]);
}

static enum err
ask_metadata(struct lua2_script *s)
{
	struct text t = text_over(s->text, TEXT_MAX);
	uint8_t zone[NAME_MAX_BYTES];
	struct metadata m;
	enum err e;

	wire("test", zone);
	e = lua2_ops.metadata(s->self, &s->arena, zone, "ALSO-NOTIFY", &m);
	if (e == ERR_NONE)
		print_metadata(&t, &m);
	return e;
}

static enum err
ask_all_metadata(struct lua2_script *s)
{
	struct text t = text_over(s->text, TEXT_MAX);
	uint8_t zone[NAME_MAX_BYTES];
	struct metadata_list list;
	enum err e;

	wire("test", zone);
	e = lua2_ops.all_metadata(s->self, &s->arena, zone, &list);
	for (size_t i = 0; e == ERR_NONE && i < list.n; i++)
		print_metadata(&t, &list.at[i]);
	return e;
}

static const struct zone_case metadata_cases[] = {
    {"values", "return {'192.0.2.1', '::1'}", "ALSO-NOTIFY:192.0.2.1,::1",
     NULL},
    {"what it gets", "return {tostring(a), b}", "ALSO-NOTIFY:test.,ALSO-NOTIFY",
     NULL},
    {"no values", "return {}", "ALSO-NOTIFY:", NULL},
    {"numbers and booleans", "return {1, 10/2, true, false}",
     "ALSO-NOTIFY:1,5,1,0", NULL},
    {"one text", "return '::1'", "ALSO-NOTIFY:::1", NULL},
    {"one number", "return 1", "ALSO-NOTIFY:1", NULL},
    {"false", "return false", "(none)", NULL},
    {"true", "return true", "(none)", NULL},
    {"nil", "return nil", "(none)", NULL},
    {"a function", "return print", NULL,
     "dns_get_domain_metadata(test., ALSO-NOTIFY) failed: "
     "it returned a function, not a table"},
    {"a table among the values", "return {{}}", NULL,
     "field 'ALSO-NOTIFY': a string expected, got table"},
    {"a NUL byte", "return {'a\\0b'}", NULL, "a NUL byte in the text"},
    {"missing", "local x", "(none)", NULL},
    {"missing, but there is the other function",
     "function dns_get_all_domain_metadata() return\n"
     "{['also-notify']={'::1'}, IXFR={'1'}} end",
     "also-notify:::1", NULL},
    {"missing, and the other knows nothing",
     "function dns_get_all_domain_metadata() return {IXFR={'1'}} end", "(none)",
     NULL},
    {"missing, and the other has no zone",
     "function dns_get_all_domain_metadata() return false end", "(none)", NULL},
};

Test(lua2_zones, tells_metadata_of_one_kind)
{
	check("dns_get_domain_metadata", ask_metadata, metadata_cases,
	      COUNT(metadata_cases));
}

static const struct zone_case all_metadata_cases[] = {
    {"one kind", "return {IXFR={'1', '2'}}", "IXFR:1,2", NULL},
    {"a text in place of a list", "return {['X-MINE']='1'}", "X-MINE:1", NULL},
    {"a switch", "return {PRESIGNED=true}", "PRESIGNED:1", NULL},
    {"no kinds", "return {}", "", NULL},
    {"false", "return false", "(none)", NULL},
    {"nil", "return nil", "(none)", NULL},
    {"true", "return true", "(none)", NULL},
    {"a string", "return 'x'", NULL,
     "dns_get_all_domain_metadata(test.) failed: "},
    {"a list", "return {'x'}", NULL, "field 'kind': a string expected, got 1"},
    {"a bad value", "return {IXFR={print}}", NULL,
     "field 'IXFR': a string expected, got function"},
    {"missing", "local x", "(none)", NULL},
    {"missing: kind by kind",
     "function dns_get_domain_metadata(zone, kind)\n"
     "if kind == 'PRESIGNED' then return {'1'} end\n"
     "if kind == 'ALSO-NOTIFY' then return {'::1', '::2'} end\n"
     "return false end",
     "ALSO-NOTIFY:::1,::2; PRESIGNED:1", NULL},
    {"missing, and the other has nothing",
     "function dns_get_domain_metadata() return false end", "(none)", NULL},
    {"missing, and the other fails",
     "function dns_get_domain_metadata(zone, kind)\n"
     "if kind == 'NSEC3PARAM' then error('no database') end end",
     NULL, "dns_get_domain_metadata(test., NSEC3PARAM) failed: "},
};

Test(lua2_zones, tells_all_metadata)
{
	check("dns_get_all_domain_metadata", ask_all_metadata,
	      all_metadata_cases, COUNT(all_metadata_cases));
}

/* -- Keys, names before and after ------------------------------------------ */

static enum err
ask_keys(struct lua2_script *s)
{
	struct text t = text_over(s->text, TEXT_MAX);
	uint8_t zone[NAME_MAX_BYTES];
	struct zone_keys keys;
	enum err e;

	wire("test", zone);
	e = lua2_ops.keys(s->self, &s->arena, zone, &keys);
	for (size_t i = 0; e == ERR_NONE && i < keys.n; i++)
		text_fmt(&t, "%s%u %u %d %d %s", i ? "; " : "", keys.at[i].id,
			 keys.at[i].flags, keys.at[i].active,
			 keys.at[i].published, keys.at[i].content);
	return e;
}

static const struct zone_case key_cases[] = {
    {"all fields",
     "return {{id=5, flags=257, active=true, published=false, content='x'}}",
     "5 257 1 0 x", NULL},
    {"defaults", "return {{flags=256, content='x'}}", "0 256 0 1 x", NULL},
    {"text and numbers",
     "return {{id='5', flags='257', active='1', published=0, content='x'}}",
     "5 257 1 0 x", NULL},
    {"several",
     "return {{flags=257, content='a'}, {flags=256, content='b'},\n"
     "{flags=256, content='c'}, {flags=256, content='d'},\n"
     "{flags=256, content='e', active=true}}",
     "0 257 0 1 a; 0 256 0 1 b; 0 256 0 1 c; 0 256 0 1 d; 0 256 1 1 e", NULL},
    {"what it gets", "return {{flags=1, content=tostring(a) .. tostring(b)}}",
     "0 1 0 1 test.nil", NULL},
    {"no keys", "return {}", "", NULL},
    {"false", "return false", "(none)", NULL},
    {"true", "return true", "(none)", NULL},
    {"nil", "return nil", "(none)", NULL},
    {"missing", "local x", "(none)", NULL},
    {"unknown keys are left out",
     "return {{flags=257, content='x', bits=2048}}", "0 257 0 1 x",
     "Unsupported key 'bits'"},
    {"no content", "return {{flags=257}}", NULL,
     "returned a bad key 1: field 'content': missing"},
    {"no flags", "return {{content='x'}}", NULL, "field 'flags': missing"},
    {"bad flags", "return {{content='x', flags=65536}}", NULL,
     "0 to 65535 expected, got 65536"},
    {"bad active", "return {{content='x', flags=257, active='yes'}}", NULL,
     "field 'active': a boolean expected, got 'yes'"},
    {"a key that is not in a list", "return {content='x', flags=257}", NULL,
     "a list of key tables expected"},
    {"a secret is no part of a message",
     "return {{content={'secret'}, flags=257}}", NULL,
     "field 'content': a string expected\n"},
};

Test(lua2_zones, tells_keys)
{
	check("dns_get_domain_keys", ask_keys, key_cases, COUNT(key_cases));
}

static enum err
ask_neighbours(struct lua2_script *s)
{
	struct text t = text_over(s->text, TEXT_MAX);
	uint8_t name[NAME_MAX_BYTES];
	struct neighbours n;
	enum err e;

	wire("wap", name);
	e = lua2_ops.neighbours(s->self, &s->arena, 7, name, &n);
	if (e != ERR_NONE)
		return e;
	print_name(&t, n.unhashed);
	text_char(&t, ' ');
	print_name(&t, n.before);
	text_char(&t, ' ');
	print_name(&t, n.after);
	return ERR_NONE;
}

static const struct zone_case neighbour_cases[] = {
    {"names", "return {unhashed=newDN('ns1'), before='NS1', after='www.'}",
     "ns1. ns1. www.", NULL},
    {"the apex", "return {unhashed='', before=newDN('.'), after=newDN('')}",
     ". . .", NULL},
    {"what it gets", "return {unhashed=b, before=b, after=tostring(a)}",
     "wap. wap. 7.", NULL},
    {"false", "return false", "(none)", NULL},
    {"nil", "return nil", "(none)", NULL},
    {"true", "return true", "(none)", NULL},
    {"missing", "local x", "(none)", NULL},
    {"two of three", "return {unhashed='a', before='a'}", "(none)",
     "dns_get_before_and_after_names_absolute(7, wap.) returned no "
     "'unhashed', 'before' or 'after': all three are needed"},
    {"unknown keys", "return {unhashed='a', before='a', after='b', next='c'}",
     "a. a. b.", "Unsupported key 'next'"},
    {"a number", "return {unhashed='a', before='a', after=5}", NULL,
     "field 'after': a domain name expected, got 5"},
    {"a string", "return 'x'", NULL, "returned a string, not a table"},
};

Test(lua2_zones, tells_names_before_and_after)
{
	check("dns_get_before_and_after_names_absolute", ask_neighbours,
	      neighbour_cases, COUNT(neighbour_cases));
}

/* -- dns_set_notified, commands -------------------------------------------- */

static enum err
ask_set_notified(struct lua2_script *s)
{
	enum err e = lua2_ops.set_notified(s->self, 7, 4000000000);

	hear_end(s);
	if (e == ERR_NONE)
		cr_expect_eq(script_command(s, "seen"), ERR_NONE);
	hear(s);
	return e;
}

static const struct zone_case notified_cases[] = {
    {"it is told",
     "function dns_set_notified(...) args = table.concat({...}, ' ')\n"
     "return 'ignored' end function seen() return args end",
     "7 4000000000", NULL},
    {"missing", "local x", "(none)", NULL},
};

Test(lua2_zones, tells_the_script_of_notified_zones)
{
	check("dns_set_notified", ask_set_notified, notified_cases,
	      COUNT(notified_cases));
}

Test(lua2_zones, says_when_dns_set_notified_fails)
{
	static struct lua2_script s;

	cr_assert_eq(script_open(&s,
				 LOOKUP "function dns_set_notified()\n"
					"error('no') end",
				 NULL),
		     ERR_NONE);
	hear(&s);
	cr_expect_eq(lua2_ops.set_notified(s.self, 7, 5), ERR_SCRIPT);
	hear_end(&s);
	cr_expect_not_null(
	    strstr(s.said, "dns_set_notified(id=7,serial=5) failed: "), "%s",
	    s.said);
	script_close(&s);
}

static const struct {
	const char *command;
	enum err e;
	const char *out; /* printed; for ERR_SCRIPT a part of it */
} commands[] = {
    {"ping hello world", ERR_NONE, "pong:hello world"},
    {"ping", ERR_NONE, "pong:"},
    {"ping\tx", ERR_NONE, "pong:x"},
    {"ping  x ", ERR_NONE, "pong: x "},
    {"count", ERR_NONE, "1"},
    {"count", ERR_NONE, "2"},
    {"half", ERR_NONE, "2"},
    {"object x", ERR_NONE, "x."},
    {"nosuch a b", ERR_MISS, "nosuchnot found"},
    {"", ERR_MISS, "not found"},
    {" ping", ERR_MISS, "not found"},
    {"number", ERR_MISS, "numbernot found"},
    {"callable", ERR_MISS, "callablenot found"},
    {"nothing", ERR_SCRIPT, "it returned a nil, not a string"},
    {"yes", ERR_SCRIPT, "it returned a boolean, not a string"},
    {"fail", ERR_SCRIPT, "script.lua:10: no database"},
};

Test(lua2_zones, runs_commands)
{
	static struct lua2_script s;

	cr_assert_eq(
	    script_open(
		&s,
		LOOKUP
		"function ping(x) return 'pong:' .. x end\n"
		"local n = 0\n"
		"function count() n = n + 1 return n end\n"
		"function half() return 4 / 2 end\n"
		"object = function(x) return tostring(newDN(x)) end\n"
		"number, callable = 5, setmetatable({}, {__call=print})\n"
		"function nothing() end\n"
		"function yes() return true end\n"
		"function fail() error('no database') end\n",
		NULL),
	    ERR_NONE);
	for (size_t i = 0; i < COUNT(commands); i++) {
		cr_expect_eq(script_command(&s, commands[i].command),
			     commands[i].e, "%s", commands[i].command);
		if (commands[i].e == ERR_SCRIPT)
			cr_expect_not_null(strstr(s.text, commands[i].out),
					   "%s: %s", commands[i].command,
					   s.text);
		else
			cr_expect_str_eq(s.text, commands[i].out, "%s",
					 commands[i].command);
	}
	script_close(&s);
}

Test(lua2_zones, runs_no_command_that_strict_globals_forbid)
{
	static struct lua2_script s;

	cr_assert_eq(script_open(&s,
				 LOOKUP "setmetatable(_G, {__index=function()\n"
					"error('undefined') end})",
				 NULL),
		     ERR_NONE);
	cr_expect_eq(script_command(&s, "nosuch"), ERR_MISS);
	cr_expect_str_eq(s.text, "nosuchnot found");
	script_close(&s);
}

Test(lua2_zones, logs_calls_when_asked)
{
	static const char *const lines[] = {
	    "[lua2] ",
	    "Calling list(target=test.,domain_id=7)",
	    "Calling get_domaininfo(domain=test.)",
	    "Calling get_all_domains()",
	    "Calling get_domain_metadata(name=test.,kind=ALSO-NOTIFY)",
	    "Calling get_all_domain_metadata(name=test.)",
	    "Calling get_domain_keys(name=test.)",
	    "Calling get_before_and_after_names_absolute(id=7,qname=wap.)",
	    "Calling dns_set_notified(id=7,serial=5)",
	    "Calling ping(parameter=x)",
	};
	static struct lua2_script s;

	cr_assert_eq(
	    script_open(
		&s,
		LOOKUP
		"function dns_list() return {} end\n"
		"function dns_get_domaininfo() return {id=1} end\n"
		"function dns_get_all_domains() return {a={}} end\n"
		"function dns_get_domain_metadata() return {'v'} end\n"
		"function dns_get_all_domain_metadata() return {K='v'} end\n"
		"function dns_get_domain_keys() return {{flags=257,\n"
		"content='secret'}} end\n"
		"function dns_get_before_and_after_names_absolute()\n"
		"return {unhashed='a', before='b', after='c'} end\n"
		"function dns_set_notified() end\n"
		"function ping() return '' end\n",
		"lua2-query-logging=yes"),
	    ERR_NONE);
	log_set_level(LOG_LEVEL_DEBUG);
	hear(&s);
	cr_expect_eq(ask_list(&s), ERR_NONE);
	cr_expect_eq(ask_domain(&s), ERR_NONE);
	cr_expect_eq(ask_domains(&s), ERR_NONE);
	cr_expect_eq(ask_metadata(&s), ERR_NONE);
	cr_expect_eq(ask_all_metadata(&s), ERR_NONE);
	cr_expect_eq(ask_keys(&s), ERR_NONE);
	cr_expect_eq(ask_neighbours(&s), ERR_NONE);
	cr_expect_eq(lua2_ops.set_notified(s.self, 7, 5), ERR_NONE);
	cr_expect_eq(lua2_ops.command(s.self, &s.arena, slice_str("ping x"),
				      &(struct slice){0}),
		     ERR_NONE);
	hear_end(&s);
	for (size_t i = 0; i < COUNT(lines); i++)
		cr_expect_not_null(strstr(s.said, lines[i]), "%s in %s",
				   lines[i], s.said);
	cr_expect_null(strstr(s.said, "secret"), "%s", s.said);
	script_close(&s);
}
