/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/svcb.c - the parameters of SVCB and HTTPS (RFC 9460 sections 2.2, 7 and
 * 8). Runs in every process.
 *
 *      key (16 bits) | length (16 bits) | value     keys strictly ascending
 */
#include <arpa/inet.h>

#include "dns/base.h"
#include "dns/field.h"
#include "lib/rd.h"

enum key {
	KEY_MANDATORY,
	KEY_ALPN,
	KEY_NO_DEFAULT_ALPN,
	KEY_PORT,
	KEY_IPV4HINT,
	KEY_ECH,
	KEY_IPV6HINT,
	KEY_DOHPATH, /* RFC 9461 */
	KEY_OHTTP    /* RFC 9540 */
};

struct param {
	uint16_t key;
	struct slice value;
};

static bool
next_param(struct rd *r, struct param *p)
{
	p->key = rd_u16(r);
	p->value = rd_slice(r, rd_u16(r));
	return !rd_failed(r);
}

/* Strictly ascending keys, not itself, each of them there (section 8). params
 * ascend too, or the check of params fails: one pass through both is enough. */
static bool
check_mandatory(struct slice list, struct slice params)
{
	struct rd r = rd_over(list), all = rd_over(params);
	uint16_t last = KEY_MANDATORY;
	struct param p = {0};

	while (rd_left(&r) >= 2) {
		uint16_t key = rd_u16(&r);

		while (p.key < key)
			if (!next_param(&all, &p))
				return false;
		if (key <= last || p.key != key)
			return false;
		last = key;
	}
	return list.len > 0 && rd_left(&r) == 0;
}

/* Length-prefixed ids, none of them empty. */
static bool
check_alpn(struct slice list)
{
	for (size_t at = 0; at < list.len; at += 1u + list.at[at])
		if (list.at[at] == 0)
			return false;
	return check_strings(list);
}

static bool
check_param(const struct param *p, struct slice params)
{
	size_t n = p->value.len;

	switch (p->key) {
	case KEY_MANDATORY:
		return check_mandatory(p->value, params);
	case KEY_ALPN:
		return check_alpn(p->value);
	case KEY_NO_DEFAULT_ALPN:
	case KEY_OHTTP:
		return n == 0;
	case KEY_PORT:
		return n == 2;
	case KEY_IPV4HINT:
		return n > 0 && n % 4 == 0;
	case KEY_IPV6HINT:
		return n > 0 && n % 16 == 0;
	case KEY_ECH:
	case KEY_DOHPATH:
		return n > 0;
	default:
		return true;
	}
}

bool
svcb_check(struct slice field)
{
	struct rd r = rd_over(field);
	struct param p;
	int last = -1;

	while (rd_left(&r)) {
		if (!next_param(&r, &p) || p.key <= last ||
		    !check_param(&p, field))
			return false;
		last = p.key;
	}
	return true;
}

/* Younger keys as "key7", which every reader knows. */
static void
print_key(uint16_t key, struct text *out)
{
	static const char *const names[] = {[KEY_MANDATORY] = "mandatory",
					    [KEY_ALPN] = "alpn",
					    [KEY_NO_DEFAULT_ALPN] =
						"no-default-alpn",
					    [KEY_PORT] = "port",
					    [KEY_IPV4HINT] = "ipv4hint",
					    [KEY_ECH] = "ech",
					    [KEY_IPV6HINT] = "ipv6hint"};

	if (key < COUNT(names))
		text_str(out, names[key]);
	else
		text_fmt(out, "key%u", key);
}

static void
print_mandatory(struct slice list, struct text *out)
{
	struct rd r = rd_over(list);

	while (rd_left(&r)) {
		if (rd_pos(&r))
			text_char(out, ',');
		print_key(rd_u16(&r), out);
	}
}

/* libzscanner 3.2 misreads escapes in lists (appendix A.1): lists that need
 * them are printed as "key1". */
static bool
is_plain_alpn(struct slice list)
{
	for (size_t at = 0; at < list.len; at += 1u + list.at[at]) {
		for (size_t i = 1; i <= list.at[at]; i++) {
			uint8_t c = list.at[at + i];

			if (c <= ' ' || c >= 0x7f || c == ',' || c == '"' ||
			    c == '\\')
				return false;
		}
	}
	return true;
}

static void
print_alpn(struct slice list, struct text *out)
{
	text_char(out, '"');
	for (size_t at = 0; at < list.len; at += 1u + list.at[at]) {
		if (at)
			text_char(out, ',');
		text_put(out, (const char *)list.at + at + 1, list.at[at]);
	}
	text_char(out, '"');
}

static bool
print_hints(int family, size_t bytes, struct slice list, struct text *out)
{
	char s[INET6_ADDRSTRLEN];

	for (size_t at = 0; at < list.len; at += bytes) {
		if (!inet_ntop(family, list.at + at, s, sizeof(s)))
			return false;
		if (at)
			text_char(out, ',');
		text_str(out, s);
	}
	return true;
}

static bool
print_value(const struct param *p, struct text *out)
{
	switch (p->key) {
	case KEY_MANDATORY:
		print_mandatory(p->value, out);
		return true;
	case KEY_ALPN:
		print_alpn(p->value, out);
		return true;
	case KEY_PORT:
		return print_number(p->value, out);
	case KEY_IPV4HINT:
		return print_hints(AF_INET, 4, p->value, out);
	case KEY_ECH:
		return print_base64(p->value, out);
	case KEY_IPV6HINT:
		return print_hints(AF_INET6, 16, p->value, out);
	default:
		return print_quoted(p->value, out);
	}
}

static bool
print_param(const struct param *p, struct text *out)
{
	if (p->key == KEY_ALPN && !is_plain_alpn(p->value)) {
		text_str(out, "key1=");
		return print_quoted(p->value, out);
	}
	print_key(p->key, out);
	if (p->value.len == 0)
		return true;
	text_char(out, '=');
	return print_value(p, out);
}

bool
svcb_print(struct slice field, struct text *out)
{
	struct rd r = rd_over(field);
	size_t start = out->len;
	struct param p;

	while (rd_left(&r) && next_param(&r, &p)) {
		if (out->len > start)
			text_char(out, ' ');
		if (!print_param(&p, out))
			return false;
	}
	return true;
}
