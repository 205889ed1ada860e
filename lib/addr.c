/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/addr.c - IP addresses and prefixes. Runs in every process.
 */
#include "lib/addr.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct slice
addr_raw(const struct addr *a)
{
	if (addr_family(a) == AF_INET)
		return slice_of(&a->u.in4.sin_addr, 4);
	return slice_of(&a->u.in6.sin6_addr, 16);
}

static uint8_t *
raw_mut(struct addr *a)
{
	if (addr_family(a) == AF_INET)
		return (uint8_t *)&a->u.in4.sin_addr;
	return (uint8_t *)&a->u.in6.sin6_addr;
}

enum err
addr_from_raw(struct slice raw, uint16_t port, struct addr *out)
{
	struct addr a;

	memset(&a, 0, sizeof(a));
	if (raw.len != 4 && raw.len != 16)
		return ERR_RANGE;
	a.u.sa.sa_family = raw.len == 4 ? AF_INET : AF_INET6;
	memcpy(raw_mut(&a), raw.at, raw.len);
	addr_set_port(&a, port);
	*out = a;
	return ERR_NONE;
}

uint16_t
addr_port(const struct addr *a)
{
	return ntohs(addr_family(a) == AF_INET ? a->u.in4.sin_port
					       : a->u.in6.sin6_port);
}

void
addr_set_port(struct addr *a, uint16_t port)
{
	if (addr_family(a) == AF_INET)
		a->u.in4.sin_port = htons(port);
	else
		a->u.in6.sin6_port = htons(port);
}

static enum err
parse_port(const char *s, uint16_t *port)
{
	unsigned long v = 0;

	if (!*s || strlen(s) > 5)
		return ERR_FORMAT;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return ERR_FORMAT;
		v = v * 10 + (unsigned long)(*s - '0');
	}
	if (v > 65535)
		return ERR_FORMAT;
	*port = (uint16_t)v;
	return ERR_NONE;
}

static enum err
parse_v6(char *s, struct addr *a)
{
	char *zone = strchr(s, '%');

	if (zone)
		*zone++ = '\0';
	if (inet_pton(AF_INET6, s, &a->u.in6.sin6_addr) != 1)
		return ERR_FORMAT;
	a->u.in6.sin6_family = AF_INET6;
	if (zone) {
		a->u.in6.sin6_scope_id = if_nametoindex(zone);
		if (!a->u.in6.sin6_scope_id)
			return ERR_FORMAT;
	}
	return ERR_NONE;
}

enum err
addr_parse(struct slice text, uint16_t port, struct addr *out)
{
	char buf[ADDR_TEXT_MAX], *host = buf, *colon;
	struct addr a;
	enum err e;

	memset(&a, 0, sizeof(a));
	if (text.len >= sizeof(buf) || memchr(text.at, 0, text.len))
		return ERR_FORMAT;
	memcpy(buf, text.at, text.len);
	buf[text.len] = '\0';
	if (buf[0] == '[') {
		char *close = strchr(buf, ']');

		if (!close || (close[1] && close[1] != ':'))
			return ERR_FORMAT;
		if (close[1] && parse_port(close + 2, &port) != ERR_NONE)
			return ERR_FORMAT;
		*close = '\0';
		e = parse_v6(buf + 1, &a);
	} else if ((colon = strchr(host, ':')) && strchr(colon + 1, ':')) {
		e = parse_v6(host, &a);
	} else {
		if (colon && parse_port(colon + 1, &port) != ERR_NONE)
			return ERR_FORMAT;
		if (colon)
			*colon = '\0';
		a.u.in4.sin_family = AF_INET;
		e = inet_pton(AF_INET, host, &a.u.in4.sin_addr) == 1
			? ERR_NONE
			: ERR_FORMAT;
	}
	if (e != ERR_NONE)
		return e;
	addr_set_port(&a, port);
	*out = a;
	return ERR_NONE;
}

/* Texts are made by hand, the same as inet_ntop's: scripts see the client's
 * address in every query, and inet_ntop goes through sprintf for each part. */
static char *
put_decimal(char *p, unsigned n)
{
	if (n >= 100)
		*p++ = (char)('0' + n / 100);
	if (n >= 10)
		*p++ = (char)('0' + n / 10 % 10);
	*p++ = (char)('0' + n % 10);
	return p;
}

static char *
put_v4(char *p, const uint8_t *raw)
{
	for (int i = 0; i < 4; i++) {
		if (i)
			*p++ = '.';
		p = put_decimal(p, raw[i]);
	}
	return p;
}

static char *
put_hex(char *p, unsigned word)
{
	static const char digits[] = "0123456789abcdef";
	int shift = 12;

	while (shift && word >> shift == 0)
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		*p++ = digits[word >> shift & 15];
	return p;
}

static unsigned
word_at(const uint8_t *raw, int i)
{
	raw += (ptrdiff_t)i * 2;
	return (unsigned)raw[0] << 8 | raw[1];
}

/* The first longest run of two or more zero words; -1: none. */
static int
longest_zeros(const uint8_t *raw, int *len)
{
	int best = -1;

	*len = 1;
	for (int i = 0, n = 0; i < 8; i++) {
		n = word_at(raw, i) ? 0 : n + 1;
		if (n > *len) {
			*len = n;
			best = i + 1 - n;
		}
	}
	return best;
}

static char *
put_v6(char *p, const uint8_t *raw)
{
	int len, zeros = longest_zeros(raw, &len);
	bool v4 =
	    zeros == 0 && (len == 6 || (len == 5 && word_at(raw, 5) == 0xffff));

	for (int i = 0; i < 8; i++) {
		if (i == zeros) {
			*p++ = ':';
			i += len - 1;
			if (i == 7)
				*p++ = ':';
			continue;
		}
		if (i)
			*p++ = ':';
		if (v4 && i == 6)
			return put_v4(p, raw + 12);
		p = put_hex(p, word_at(raw, i));
	}
	return p;
}

const char *
addr_text(const struct addr *a, char out[ADDR_TEXT_MAX])
{
	const uint8_t *raw = addr_raw(a).at;
	bool v6 = addr_family(a) == AF_INET6;
	char *end = v6 ? put_v6(out, raw) : put_v4(out, raw);

	*end = '\0';
	if (v6 && a->u.in6.sin6_scope_id) {
		char name[IF_NAMESIZE];

		if (if_indextoname(a->u.in6.sin6_scope_id, name))
			snprintf(end, (size_t)(out + ADDR_TEXT_MAX - end),
				 "%%%s", name);
	}
	return out;
}

const char *
addr_text_port(const struct addr *a, char out[ADDR_TEXT_MAX])
{
	char host[ADDR_TEXT_MAX];
	bool v6 = addr_family(a) == AF_INET6;

	snprintf(out, ADDR_TEXT_MAX, "%s%.62s%s:%u", v6 ? "[" : "",
		 addr_text(a, host), v6 ? "]" : "", (unsigned)addr_port(a));
	return out;
}

bool
addr_equal(const struct addr *a, const struct addr *b)
{
	return addr_family(a) == addr_family(b) &&
	       slice_equal(addr_raw(a), addr_raw(b));
}

bool
addr_is_wildcard(const struct addr *a)
{
	struct slice raw = addr_raw(a);

	for (size_t i = 0; i < raw.len; i++)
		if (raw.at[i])
			return false;
	return true;
}

void
addr_unmap(struct addr *a)
{
	struct addr v4;

	if (addr_family(a) != AF_INET6 ||
	    !IN6_IS_ADDR_V4MAPPED(&a->u.in6.sin6_addr))
		return;
	memset(&v4, 0, sizeof(v4));
	v4.u.in4.sin_family = AF_INET;
	v4.u.in4.sin_port = a->u.in6.sin6_port;
	memcpy(&v4.u.in4.sin_addr, addr_raw(a).at + 12, 4);
	*a = v4;
}

void
addr_mask(struct addr *a, unsigned bits)
{
	uint8_t *raw = raw_mut(a);

	for (unsigned i = 0; i < addr_bits(a) / 8u; i++) {
		unsigned keep = bits <= i * 8 ? 0 : bits - i * 8;

		if (keep < 8)
			raw[i] &= (uint8_t)(0xff00u >> keep);
	}
}

enum err
prefix_parse(struct slice text, struct prefix *out)
{
	const uint8_t *slash = memchr(text.at, '/', text.len);
	struct prefix p;
	unsigned bits = 0;
	enum err e;

	if (!slash)
		slash = text.at + text.len;
	e = addr_parse(slice_of(text.at, (size_t)(slash - text.at)), 0, &p.net);
	if (e == ERR_NONE && addr_port(&p.net) != 0)
		e = ERR_FORMAT; /* a network has no port */
	if (e != ERR_NONE)
		return e;
	if (slash == text.at + text.len) {
		p.bits = addr_bits(&p.net);
		*out = p;
		return ERR_NONE;
	}
	if (++slash == text.at + text.len)
		return ERR_FORMAT;
	for (; slash < text.at + text.len; slash++) {
		if (*slash < '0' || *slash > '9')
			return ERR_FORMAT;
		bits = bits * 10 + (unsigned)(*slash - '0');
		if (bits > 128)
			return ERR_RANGE;
	}
	if (bits > addr_bits(&p.net))
		return ERR_RANGE;
	*out = prefix_of(&p.net, bits);
	return ERR_NONE;
}

struct prefix
prefix_of(const struct addr *a, unsigned bits)
{
	struct prefix p = {.net = *a, .bits = (uint8_t)bits};

	addr_set_port(&p.net, 0);
	addr_mask(&p.net, bits);
	return p;
}

bool
prefix_has(const struct prefix *p, const struct addr *a)
{
	struct addr masked = *a;

	if (addr_family(&p->net) != addr_family(a))
		return false;
	addr_mask(&masked, p->bits);
	return addr_equal(&masked, &p->net);
}

const char *
prefix_text(const struct prefix *p, char out[PREFIX_TEXT_MAX])
{
	char *end;

	addr_text(&p->net, out);
	end = out + strlen(out);
	*end++ = '/';
	*put_decimal(end, p->bits) = '\0';
	return out;
}
