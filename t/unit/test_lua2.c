/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_lua2.c - dns_lookup of lua2 scripts: what it gets, and every
 * form of rows that it may return.
 */
#include "t/unit/lua2script.h"

#include "lib/text.h"

/* Asked www.test ANY in zone 7. code: a script, or "return ..." as the body
 * of dns_lookup(qtype, qname, id, ctx). */
struct lookup_case {
	const char *name, *code;
	const char *rows; /* expected, or NULL: an error */
	const char *said; /* in what is logged; NULL: nothing is logged */
};

static void
open_body(struct lua2_script *s, const char *code)
{
	char script[4096];
	bool body = strncmp(code, "return", 6) == 0;

	snprintf(script, sizeof(script), "%s%s%s",
		 body ? "function dns_lookup(qtype, qname, id, ctx) " : "",
		 code, body ? "\nend\n" : "");
	cr_assert_eq(script_open(s, script, NULL), ERR_NONE, "%s: %s", code,
		     s->said);
}

static void
check_lookups(const struct lookup_case *c, size_t n)
{
	static struct lua2_script s;

	for (; n > 0; n--, c++) {
		enum err e;

		open_body(&s, c->code);
		e = script_lookup(&s, "www.test", TYPE_ANY, 7);
		cr_expect_eq(e, c->rows ? ERR_NONE : ERR_SCRIPT, "%s: %s: %s",
			     c->name, err_text(e), s.said);
		if (c->rows)
			cr_expect_str_eq(s.text, c->rows, "%s", c->name);
		if (c->said)
			cr_expect_not_null(strstr(s.said, c->said), "%s: %s",
					   c->name, s.said);
		else
			cr_expect_str_empty(s.said, "%s", c->name);
		if (!c->rows)
			cr_expect_not_null(
			    strstr(s.said, "dns_lookup(www.test., ANY)"),
			    "%s: %s", c->name, s.said);
		script_close(&s);
	}
}

#define A_ROW "www.test. 3600 A 192.0.2.1"
#define ROW(fields) "return {{type='A', content='192.0.2.1', " fields "}}"

static const struct lookup_case result_cases[] = {
    {"all fields",
     ROW("name=qname, ttl=60, domain_id=7, auth=true,"
	 "last_modified=5, scopeMask=24"),
     "www.test. 60 A 192.0.2.1 id=7 scope=24", NULL},
    {"several rows in their order",
     "return {{type='A', content='192.0.2.1'},\n"
     "{type='TXT', content='x', ttl=5}, {type='A', content='192.0.2.2'}}",
     A_ROW "; www.test. 5 TXT \"x\"; www.test. 3600 A 192.0.2.2", NULL},
    {"no rows", "return {}", "", NULL},
    {"nil is no rows", "return nil", "", NULL},
    {"nothing is no rows", "return", "", NULL},
    {"false is no rows", "return false", "", NULL},
    {"true is none of it", "return true", NULL,
     "it returned a boolean, not a table"},
    {"a string", "return 'x'", NULL, "it returned a string, not a table"},
    {"a DNSName", "return qname", NULL, "it returned a userdata, not a table"},
    {"a row that is not in a list", "return {type='A', content='192.0.2.1'}",
     NULL, "is a string: a list of row tables expected"},
    {"an entry that is no row", "return {{type='A', content='192.0.2.1'}, 5}",
     NULL, "whose entry 2 is a number: a list of row tables expected"},
    {"sparse keys", "return {[70]={type='A', content='192.0.2.1'}}", A_ROW,
     NULL},
    {"string keys", "return {x={type='A', content='192.0.2.1'}}", A_ROW, NULL},
    {"more than one result", "return {{type='A', content='192.0.2.1'}}, 'x', 5",
     A_ROW, NULL},
    {"the same table twice",
     "return (function() local r = {type='A', content='192.0.2.1'}\n"
     "return {r, r} end)()",
     A_ROW "; " A_ROW, NULL},
    {"unknown keys are left out, said once",
     "return {{type='A', content='192.0.2.1', foo='bar'},\n"
     "{type='A', content='192.0.2.1', foo={}}}",
     A_ROW "; " A_ROW, "Unsupported key 'foo'"},
    {"an unknown key with a function", ROW("foo=print"), A_ROW,
     "Unsupported key 'foo'"},
    {"a key that is no string", ROW("[{}]=1"), A_ROW, "Unsupported key table"},
    {"a list entry among the fields", ROW("5"), A_ROW, "Unsupported key 1"},
    {"metatables are not looked at",
     "return setmetatable({setmetatable({type='A', content='192.0.2.1'},\n"
     "{__index=error, __pairs=error, __len=error})},\n"
     "{__index=error, __pairs=error, __len=error})",
     A_ROW, NULL},
    {"what only a metatable has is not there",
     "return {setmetatable({}, {__index={type='A', content='192.0.2.1'}})}",
     "www.test. 3600 TYPE0 ", NULL},
};

Test(lua2, takes_results_of_every_shape)
{
	check_lookups(result_cases, COUNT(result_cases));
}

static const struct lookup_case name_cases[] = {
    {"none", ROW(""), A_ROW, NULL},
    {"the qname", ROW("name=qname"), A_ROW, NULL},
    {"a copy", ROW("name=newDN(tostring(qname))"), A_ROW, NULL},
    {"text with a dot", ROW("name='www.test.'"), A_ROW, NULL},
    {"text without", ROW("name='www.test'"), A_ROW, NULL},
    {"other letters", ROW("name='WwW.tEst'"), A_ROW, NULL},
    {"the same text in each row",
     "return {{name='Www.test', type='A', content='192.0.2.1'},\n"
     "{name='Www.test', type='A', content='192.0.2.1'}}",
     A_ROW "; " A_ROW, NULL},
    {"another name is left out",
     "return {{name='x.test', type='A', content='192.0.2.1'},\n"
     "{name=qname, type='A', content='192.0.2.1'}}",
     A_ROW, "asked for www.test. and returned a row for x.test."},
    {"the qname after chopOff is another name",
     "return (function() qname:chopOff()\n"
     "return {{name=qname, type='A', content='192.0.2.1'}} end)()",
     "", "asked for www.test. and returned a row for test."},
    {"a number", ROW("name=5"), NULL,
     "returned a bad row 1: field 'name': a domain name expected, got 5"},
    {"a boolean", ROW("name=true"), NULL, "field 'name'"},
    {"a table", ROW("name={}"), NULL, "got table"},
    {"no name", ROW("name='a..b'"), NULL, "got 'a..b'"},
    {"too long", ROW("name=('a'):rep(300)"), NULL, "'aaaaaaaaaaaaaaaaaaaaa"},
    {"a DNSName that is not set", ROW("name=newDN('a'):makeRelative(qname)"),
     NULL, "field 'name'"},
    {"a QType", ROW("name=qtype"), NULL, "field 'name'"},
};

Test(lua2, takes_names_of_every_form)
{
	check_lookups(name_cases, COUNT(name_cases));
}

#define TYPED(type) "return {{type=" type ", content='192.0.2.1'}}"
#define ENT "www.test. 3600 TYPE0 "

static const struct lookup_case type_cases[] = {
    {"lower case", TYPED("'a'"), A_ROW, NULL},
    {"a number", TYPED("1"), A_ROW, NULL},
    {"a float", TYPED("1.0"), A_ROW, NULL},
    {"a fraction", TYPED("1.9"), A_ROW, NULL},
    {"text of a number", TYPED("'1'"), A_ROW, NULL},
    {"#1", TYPED("'#1'"), A_ROW, NULL},
    {"TYPE1", TYPED("'type1'"), A_ROW, NULL},
    {"a QType", TYPED("newQType('A')"), A_ROW, NULL},
    {"pdns.A", TYPED("pdns.A"), A_ROW, NULL},
    {"missing", "return {{content='192.0.2.1'}}", NULL,
     "row 1: field 'type': missing"},
    {"0 with content", TYPED("0"), NULL, "field 'type': 0 with content"},
    {"unknown with content", TYPED("'AAA'"), NULL,
     "no RR type is called 'AAA'"},
    {"-1", TYPED("-1"), NULL, "0 to 65535 expected, got -1"},
    {"65536", TYPED("65536"), NULL, "0 to 65535 expected, got 65536"},
    {"text of 65536", TYPED("'65536'"), NULL, "0 to 65535 expected"},
    {"#65536", TYPED("'#65536'"), NULL, "no RR type is called '#65536'"},
    {"not a number", TYPED("0/0"), NULL, "field 'type': a number expected"},
    {"infinity", TYPED("1/0"), NULL, "field 'type': a number expected"},
    {"a boolean", TYPED("true"), NULL, "number or QType expected, got true"},
    {"a DNSName", TYPED("qname"), NULL, "number or QType expected"},
    {"of questions only", TYPED("'ANY'"), NULL,
     "a type of questions, not of records"},
    {"OPT", TYPED("41"), NULL, "a type of questions, not of records"},
    {"0: the name exists", "return {{type=0, content=''}}", ENT, NULL},
    {"empty", "return {{type=''}}", ENT, NULL},
    {"unknown without content", "return {{type='ENT'}}", ENT, NULL},
    {"nothing at all", "return {{}}", ENT, NULL},
    {"without a mnemonic",
     "return {{type='TYPE65280', content='\\\\# 4 01020304'}}",
     "www.test. 3600 TYPE65280 \\# 4 01020304", NULL},
    {"unknown, by number", "return {{type=65280, content='\\\\# 0'}}",
     "www.test. 3600 TYPE65280 \\# 0", NULL},
};

Test(lua2, takes_types_of_every_form)
{
	check_lookups(type_cases, COUNT(type_cases));
}

#define TXT(content) "return {{type='TXT', content=" content "}}"
#define TXT_ROW(strings) "www.test. 3600 TXT " strings

static const struct lookup_case content_cases[] = {
    {"TXT without quotes", TXT("'hello world'"), TXT_ROW("\"hello world\""),
     NULL},
    {"TXT with quotes", TXT("'\"foo\" \"bar\"'"), TXT_ROW("\"foo\" \"bar\""),
     NULL},
    {"a quote in the middle", TXT("'a\"b'"), TXT_ROW("\"a\\\"b\""), NULL},
    {"a number", TXT("12345"), TXT_ROW("\"12345\""), NULL},
    {"text of a number", TXT("'007'"), TXT_ROW("\"007\""), NULL},
    {"a whole float as in Lua 5.1", TXT("10/2"), TXT_ROW("\"5\""), NULL},
    {"a fraction", TXT("1.5"), TXT_ROW("\"1.5\""), NULL},
    {"a large float", TXT("2^53"), TXT_ROW("\"9.007199254741e+15\""), NULL},
    {"a large integer", TXT("math.maxinteger"),
     TXT_ROW("\"9223372036854775807\""), NULL},
    {"infinity", TXT("-1/0"), TXT_ROW("\"-inf\""), NULL},
    {"a boolean", TXT("true"), NULL,
     "field 'content': a string expected, got true"},
    {"a table", TXT("{}"), NULL, "a string expected, got table"},
    {"a QType", TXT("qtype"), NULL, "a string expected, got userdata"},
    {"missing", "return {{type='A'}}", NULL,
     "row 1: field 'content': '' is no A data: "},
    {"empty", "return {{type='A', content=''}}", NULL, "'' is no A data"},
    {"bad", "return {{type='A', content='1.2.3.400'}}", NULL,
     "'1.2.3.400' is no A data: "},
    {"the second of two rows",
     "return {{type='A', content='192.0.2.1'}, {type='MX', content='x'}}", NULL,
     "row 2: field 'content': 'x' is no MX data: "},
    {"a DNSName", "return {{type='CNAME', content=newDN('a.b')}}",
     "www.test. 3600 CNAME a.b.", NULL},
    {"a ComboAddress", "return {{type='A', content=newCA('192.0.2.1')}}", A_ROW,
     NULL},
    {"MX with a name without dot", "return {{type='MX', content='10 mx.test'}}",
     "www.test. 3600 MX 10 mx.test.", NULL},
    {"SOA", "return {{type='SOA', content='ns1.test. root.test. 1 2 3 4 5'}}",
     "www.test. 3600 SOA ns1.test. root.test. 1 2 3 4 5", NULL},
    {"a short SOA", "return {{type='SOA', content='ns1.test. root.test. 1'}}",
     NULL, "is no SOA data"},
    {"a second line is no second record",
     "return {{type='A', content='192.0.2.1\\nwww.test. A 192.0.2.2'}}", NULL,
     "is no A data"},
    {"a NUL byte", "return {{type='A', content='192.0.2.1\\0'}}", NULL,
     "'192.0.2.1?' is no A data"},
    {"a long bad content is cut in the message",
     "return {{type='A', content=('x'):rep(70000)}}", NULL,
     "xxxxxxxxxxxxxxxxx'... is no A data"},
};

Test(lua2, takes_content_of_every_form)
{
	check_lookups(content_cases, COUNT(content_cases));
}

#define TTL_ROW(ttl) "www.test. " ttl " A 192.0.2.1"

static const struct lookup_case number_cases[] = {
    {"no ttl", ROW(""), TTL_ROW("3600"), NULL},
    {"ttl as text", ROW("ttl='5'"), TTL_ROW("5"), NULL},
    {"ttl with a fraction", ROW("ttl=5.7"), TTL_ROW("5"), NULL},
    {"text with a fraction", ROW("ttl='5.7'"), TTL_ROW("5"), NULL},
    {"ttl in base 16", ROW("ttl='0x10'"), TTL_ROW("16"), NULL},
    {"ttl 0", ROW("ttl=0"), TTL_ROW("0"), NULL},
    {"the longest ttl", ROW("ttl=0x7fffffff"), TTL_ROW("2147483647"), NULL},
    {"a longer one", ROW("ttl=0x80000000"), TTL_ROW("0"), "out of range"},
    {"a negative one", ROW("ttl=-1"), TTL_ROW("0"), "TTL -1 is out of range"},
    {"ttl is no number", ROW("ttl='abc'"), NULL,
     "field 'ttl': a number expected, got 'abc'"},
    {"ttl is empty", ROW("ttl=''"), NULL, "a number expected, got ''"},
    {"ttl is a boolean", ROW("ttl=true"), NULL, "a number expected, got true"},
    {"ttl is NaN", ROW("ttl=0/0"), NULL, "field 'ttl': a number expected"},
    {"ttl is infinite", ROW("ttl=math.huge"), NULL, "got inf"},
    {"ttl is huge", ROW("ttl=1e300"), NULL, "got 1e+300"},
    {"domain_id as text", ROW("domain_id='12'"), A_ROW " id=12", NULL},
    {"domain_id with a fraction", ROW("domain_id=12.9"), A_ROW " id=12", NULL},
    {"domain_id keeps 32 bits", ROW("domain_id=(1<<32)+5"), A_ROW " id=5",
     NULL},
    {"domain_id -1", ROW("domain_id=-1"), A_ROW, NULL},
    {"domain_id is no number", ROW("domain_id={}"), NULL,
     "field 'domain_id': a number expected, got table"},
    {"auth false", ROW("auth=false"), A_ROW " no-auth", NULL},
    {"auth 0", ROW("auth=0"), A_ROW " no-auth", NULL},
    {"auth 1", ROW("auth=1"), A_ROW, NULL},
    {"auth '0'", ROW("auth='0'"), A_ROW " no-auth", NULL},
    {"auth '1'", ROW("auth='1'"), A_ROW, NULL},
    {"auth is no boolean", ROW("auth='yes'"), NULL,
     "field 'auth': a boolean expected, got 'yes'"},
    {"last_modified is of no interest", ROW("last_modified={}"), A_ROW, NULL},
    {"scopeMask", ROW("scopeMask=24"), A_ROW " scope=24", NULL},
    {"scope_mask", ROW("scope_mask='24'"), A_ROW " scope=24", NULL},
    {"scopeMask 128", ROW("scopeMask=128"), A_ROW " scope=128", NULL},
    {"scopeMask 129", ROW("scopeMask=129"), NULL,
     "field 'scopeMask': 0 to 128 expected, got 129"},
    {"scopeMask -1", ROW("scopeMask=-1"), NULL, "0 to 128 expected, got -1"},
};

Test(lua2, takes_numbers_and_booleans_of_every_form)
{
	check_lookups(number_cases, COUNT(number_cases));
}

Test(lua2, cuts_long_text_into_strings)
{
	static struct lua2_script s;
	char want[400];

	open_body(&s, TXT("('x'):rep(300)"));
	cr_expect_eq(script_lookup(&s, "www.test", TYPE_ANY, 7), ERR_NONE);
	memset(want, 'x', sizeof(want));
	memcpy(want, "www.test. 3600 TXT \"", 20);
	memcpy(want + 20 + 255, "\" \"", 3);
	strcpy(want + 20 + 255 + 3 + 45, "\"");
	cr_expect_str_eq(s.text, want);
	script_close(&s);
}

Test(lua2, gives_rows_for_a_wildcard_that_very_name)
{
	static struct lua2_script s;

	open_body(&s, ROW("name='other.test'"));
	cr_expect_eq(script_lookup(&s, "*.test", TYPE_ANY, 7), ERR_NONE);
	cr_expect_str_eq(s.text, "*.test. 3600 A 192.0.2.1");
	cr_expect_str_empty(s.said);
	script_close(&s);
}

Test(lua2, gives_rows_without_ttl_the_setting)
{
	static struct lua2_script s;

	cr_assert_eq(script_open(&s,
				 "function dns_lookup() return {{type='A',\n"
				 "content='192.0.2.1'}} end",
				 "default-ttl=77"),
		     ERR_NONE);
	cr_expect_eq(script_lookup(&s, "www.test", TYPE_ANY, 7), ERR_NONE);
	cr_expect_str_eq(s.text, TTL_ROW("77"));
	script_close(&s);
}

/* The very same tables again and again, as scripts do that build them once. */
Test(lua2, never_changes_what_a_script_returned)
{
	static struct lua2_script s;

	open_body(
	    &s, "local rows = {{name='www.test', type=newQType('TXT'),\n"
		"content=1.5, ttl='5', domain_id=7.5, auth=1, [9]=0}}\n"
		"function dns_lookup() return rows end\n"
		"function types() local r = rows[1]\n"
		"return type(r.name) .. type(r.type) .. math.type(r.content)\n"
		".. type(r.ttl) .. math.type(r.domain_id) ..\n"
		"math.type(next(rows)) .. math.type(r.auth) end\n");
	for (int i = 0; i < 3; i++) {
		cr_expect_eq(script_lookup(&s, "www.test", TYPE_ANY, 7),
			     ERR_NONE);
		cr_expect_str_eq(s.text, "www.test. 5 TXT \"1.5\" id=7");
	}
	cr_expect_eq(script_command(&s, "types"), ERR_NONE);
	cr_expect_str_eq(s.text,
			 "stringuserdatafloatstringfloatintegerinteger");
	script_close(&s);
}

static const char spy[] =
    "local last = {}\n"
    "function dns_lookup(qtype, qname, id, ctx, more)\n"
    "	local keys = {}\n"
    "	for k, v in pairs(ctx) do keys[#keys + 1] = k .. '=' .. v end\n"
    "	table.sort(keys)\n"
    "	local same = last.ctx == ctx or rawequal(last.qname, qname)\n"
    "	last = {ctx = ctx, qname = qname}\n"
    "	ctx.mine, seen = 1, table.concat({qtype:getName(),\n"
    "	    tostring(qname), math.type(id), id, tostring(more),\n"
    "	    tostring(same), table.concat(keys, ' ')}, '|')\n"
    "end\n"
    "function spy() return seen end\n";

static void
expect_seen(struct lua2_script *s, const char *want)
{
	cr_expect_eq(script_command(s, "spy"), ERR_NONE);
	cr_expect_str_eq(s->text, want);
}

Test(lua2, passes_the_question_and_the_client)
{
	static struct lua2_script s;

	open_body(&s, spy);
	cr_expect_eq(script_lookup(&s, "wWw.Test", TYPE_ANY, 7), ERR_NONE);
	expect_seen(&s, "ANY|wWw.Test.|integer|7|nil|false|"
			"real_source_address=192.0.2.7/32 "
			"source_address=192.0.2.7");
	cr_expect_eq(script_lookup(&s, ".", TYPE_MX, -1), ERR_NONE);
	expect_seen(&s, "MX|.|integer|-1|nil|false|"
			"real_source_address=192.0.2.7/32 "
			"source_address=192.0.2.7");
	cr_assert_eq(addr_parse(slice_str("2001:db8::1"), 1, &s.client.remote),
		     ERR_NONE);
	cr_assert_eq(prefix_parse(slice_str("10.0.0.0/24"), &s.client.real),
		     ERR_NONE);
	cr_expect_eq(script_lookup(&s, "test", TYPE_ANY, 7), ERR_NONE);
	expect_seen(&s, "ANY|test.|integer|7|nil|false|"
			"real_source_address=10.0.0.0/24 "
			"source_address=2001:db8::1");
	s.who = NULL;
	cr_expect_eq(script_lookup(&s, "test", TYPE_SOA, -1), ERR_NONE);
	expect_seen(&s, "SOA|test.|integer|-1|nil|false|");
	script_close(&s);
}

Test(lua2, takes_many_rows)
{
	static struct lua2_script s;
	uint8_t name[NAME_MAX_BYTES];
	struct lookup l = {.arena = &s.arena,
			   .name = name,
			   .shown = name,
			   .type = TYPE_ANY,
			   .zone_id = 7};
	struct rows rows;

	open_body(&s, "function dns_lookup(qtype, qname)\n"
		      "	local rows = {}\n"
		      "	for i = 1, 100000 do\n"
		      "		rows[i] = {name=qname, type='A', ttl=i,\n"
		      "		    content='10.0.0.' .. i % 256}\n"
		      "	end\n"
		      "	return rows\n"
		      "end\n");
	wire("www.test", name);
	cr_assert_eq(lua2_ops.lookup(s.self, &l, &rows), ERR_NONE);
	cr_assert_eq(rows.n, 100000);
	for (size_t i = 0; i < rows.n; i++) {
		cr_assert_eq(rows.at[i].ttl_sec, i + 1);
		cr_assert_eq(rows.at[i].rdata.at[3], (i + 1) % 256);
	}
	script_close(&s);
}

Test(lua2, takes_content_up_to_64_kib)
{
	static struct lua2_script s;
	uint8_t name[NAME_MAX_BYTES];
	struct lookup l = {
	    .arena = &s.arena, .name = name, .shown = name, .type = TYPE_ANY};
	struct rows rows;

	/* 255 strings of 256 bytes and one of 255 make 65535 */
	open_body(&s, "n = 255 * 255 + 254\n"
		      "function dns_lookup(qtype, qname)\n"
		      "	return {{type='TXT', content=('x'):rep(n)}}\n"
		      "end\n"
		      "function more() n = n + 1 return '' end\n");
	wire("www.test", name);
	cr_assert_eq(lua2_ops.lookup(s.self, &l, &rows), ERR_NONE);
	cr_assert_eq(rows.n, 1);
	cr_expect_eq(rows.at[0].rdata.len, 65535);
	cr_expect_eq(script_command(&s, "more"), ERR_NONE);
	cr_expect_eq(script_lookup(&s, "www.test", TYPE_ANY, 7), ERR_SCRIPT);
	cr_expect_not_null(strstr(s.said, "65535 bytes"), "%s", s.said);
	script_close(&s);
}

Test(lua2, logs_calls_and_results_when_asked)
{
	static struct lua2_script s;

	cr_assert_eq(script_open(&s,
				 "function dns_lookup(t, n) return\n"
				 "{{name=n, type='A', content='192.0.2.1',\n"
				 "ttl=5}} end\n"
				 "function dns_list() return {} end\n",
				 "lua2-query-logging=1"),
		     ERR_NONE);
	log_set_level(LOG_LEVEL_DEBUG);
	cr_expect_eq(script_lookup(&s, "www.Test", TYPE_ANY, 7), ERR_NONE);
	cr_expect_not_null(strstr(s.said, "[lua2] Calling lookup(qtype=ANY,"
					  "qname=www.Test.,domain_id=7)"),
			   "%s", s.said);
	cr_expect_not_null(
	    strstr(s.said, "[lua2] Got result 'www.test. IN A 5 192.0.2.1'"),
	    "%s", s.said);
	script_close(&s);
}
