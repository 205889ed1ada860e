/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/rdata_parse.c - presentation text to rdata: RFC 3597 form, our own
 * parser, or libzscanner. Runs in every process that answers; the only file
 * that calls libzscanner. Invariant: libzscanner gets one line that starts
 * with our owner and type, and what it returns is taken only if it is exactly
 * that record with nothing left over.
 */
#include "dns/rdata.h"

#include <libzscanner/scanner.h>
#include <stdlib.h>
#include <string.h>

#include "dns/field.h"
#include "dns/memo.h"
#include "lib/log.h"
#include "lib/mem.h"

/* The longest text that can stand for 65535 bytes: an NSEC with all types. */
enum { LINE_MAX_BYTES = 1 << 20 };

struct rdata_parser {
	zs_scanner_t zs;
	struct span line; /* LINE_MAX_BYTES; pages are used as needed */
	struct memo *memo;
};

static void
zs_start(zs_scanner_t *zs)
{
	if (zs_init(zs, ".", 1, 0) != 0)
		log_die("libzscanner: %s", zs_strerror(zs->error.code));
}

struct rdata_parser *
rdata_parser_new(void)
{
	struct rdata_parser *p = xnew(struct rdata_parser);

	p->line = (struct span){xalloc(LINE_MAX_BYTES), LINE_MAX_BYTES};
	p->memo = memo_new();
	zs_start(&p->zs);
	return p;
}

void
rdata_parser_free(struct rdata_parser *p)
{
	if (!p)
		return;
	zs_deinit(&p->zs);
	memo_free(p->memo);
	free(p->line.at);
	free(p);
}

/* "\# length hex" (RFC 3597 section 5) */
static enum err
parse_unknown(struct words *w, struct wr *out)
{
	struct slice mark;
	uint64_t len;
	enum err e;

	if (words_plain(w, &mark) != ERR_NONE)
		return ERR_FORMAT;
	e = words_number(w, RDATA_MAX_BYTES, &len);
	if (e != ERR_NONE)
		return e;
	if (len > 0) {
		e = parse_hex(w, out);
		if (e != ERR_NONE)
			return e;
	}
	if (!wr_failed(out) && out->len != len)
		return words_bad(w, "the length differs from the data");
	return words_end(w);
}

static bool
is_unknown_form(struct slice text)
{
	return text.len >= 3 && text.at[0] == '\\' && text.at[1] == '#' &&
	       (text.at[2] == ' ' || text.at[2] == '\t');
}

/* RFC 9461 and RFC 9540 are younger than libzscanner's list of keys. */
static struct slice
put_young_key(struct slice part, struct wr *line)
{
	static const char path[] = "dohpath=";
	const size_t n = sizeof(path) - 1;

	if (slice_equal(part, slice_str("ohttp"))) {
		wr_bytes(line, "key8", 4);
		part.len = 0;
	} else if (part.len >= n && memcmp(part.at, path, n) == 0) {
		wr_bytes(line, "key7=", 5);
		part.at += n;
		part.len -= n;
	}
	return part;
}

/* libzscanner takes few bytes as they are, and no newline even in quotes. */
static enum err
put_quoted(struct words *w, struct slice text, struct wr *line)
{
	wr_u8(line, '"');
	while (text.len) {
		uint8_t c;

		if (!words_byte(&text, &c))
			return words_bad(w, "a backslash escape is malformed");
		if (c < ' ' || c >= 0x7f) {
			const uint8_t ddd[] = {'\\', (uint8_t)('0' + c / 100),
					       (uint8_t)('0' + c / 10 % 10),
					       (uint8_t)('0' + c % 10)};

			wr_bytes(line, ddd, sizeof(ddd));
			continue;
		}
		if (c == '"' || c == '\\')
			wr_u8(line, '\\');
		wr_u8(line, c);
	}
	wr_u8(line, '"');
	return ERR_NONE;
}

/* One word of the line, with a blank before it. */
static enum err
put_word(struct words *w, bool is_svcb, struct wr *line)
{
	struct word part;
	bool first = true;

	wr_u8(line, ' ');
	do {
		if (words_part(w, &part) != ERR_NONE)
			return ERR_FORMAT;
		if (part.quoted) {
			if (put_quoted(w, part.text, line) != ERR_NONE)
				return ERR_FORMAT;
		} else if (first && slice_equal(part.text, slice_str("@"))) {
			wr_bytes(line, "\\@", 2); /* not the origin */
		} else {
			if (first && is_svcb)
				part.text = put_young_key(part.text, line);
			wr_slice(line, part.text);
		}
		first = false;
	} while (words_joined(w));
	return ERR_NONE;
}

/* ". NAME word word\n": parentheses and comments are gone. */
static enum err
make_line(const struct type_info *info, struct words *w, struct wr *line)
{
	bool is_svcb = strchr(info->fields, 'K') != NULL;

	wr_bytes(line, ". ", 2);
	wr_slice(line, slice_str(info->name));
	while (words_more(w))
		if (put_word(w, is_svcb, line) != ERR_NONE)
			return ERR_FORMAT;
	wr_u8(line, '\n');
	if (wr_failed(line)) {
		w->why = "the text is too long";
		return ERR_RANGE;
	}
	return words_end(w);
}

/* The scanner returned this record, all of it and nothing else; it stops at
 * the newline, ready for the next line. */
static bool
is_whole(const zs_scanner_t *zs, uint16_t type)
{
	return zs->state == ZS_STATE_DATA && zs->r_type == type &&
	       zs->r_owner_length == 1 && !zs->multiline &&
	       zs->buffer_length == 0 && zs->input.current + 1 == zs->input.end;
}

static enum err
parse_line(struct rdata_parser *p, uint16_t type, struct slice line,
	   struct words *w)
{
	zs_scanner_t *zs = &p->zs;

	if (zs_set_input_string(zs, (const char *)line.at, line.len) == 0 &&
	    zs_parse_record(zs) == 0 && is_whole(zs, type))
		return ERR_NONE;
	w->why = zs->state == ZS_STATE_ERROR ? zs_strerror(zs->error.code)
					     : "text after the data";
	/* after an error it goes on in the middle of a line, or never: a new
	 * start is the only way back */
	zs_deinit(zs);
	zs_start(zs);
	return ERR_FORMAT;
}

static enum err
parse_by_library(struct rdata_parser *p, const struct type_info *info,
		 struct words *w, struct wr *out)
{
	struct wr line = wr_over(p->line);
	enum err e = make_line(info, w, &line);

	if (e != ERR_NONE)
		return e;
	e = parse_line(p, info->code, wr_done(&line), w);
	if (e == ERR_NONE)
		wr_bytes(out, p->zs.r_data, p->zs.r_data_length);
	return e;
}

static enum err
parse_text(struct rdata_parser *p, uint16_t type, struct words *w,
	   struct wr *out)
{
	const struct type_info *info = type_info(type);
	struct slice trimmed = words_trim(w->left);
	const char *fields = info ? info->fields : "*";

	if (is_unknown_form(trimmed)) {
		w->left = trimmed;
		return parse_unknown(w, out);
	}
	if (*fields != 'S')
		w->left = trimmed;
	if (info && !(info->flags & (TYPE_OWN_TEXT | TYPE_FAST_TEXT)))
		return parse_by_library(p, info, w, out);
	return field_parse_all(fields, w, out);
}

static enum err
parse_and_check(struct rdata_parser *p, uint16_t type, struct words *w,
		struct wr *wire)
{
	enum err e = parse_text(p, type, w, wire);

	if (e != ERR_NONE)
		return e;
	if (wr_failed(wire)) {
		bool full = wire->cap == RDATA_MAX_BYTES;

		w->why = full ? "the data is over 65535 bytes"
			      : "no room for the data";
		return full ? ERR_RANGE : ERR_SHORT;
	}
	e = rdata_check(type, wr_done(wire));
	if (e != ERR_NONE)
		w->why = "the data is not valid for its type";
	return e;
}

/* Addresses are parsed faster than they are looked up. */
static bool
is_worth_memo(uint16_t type)
{
	return type != TYPE_A && type != TYPE_AAAA;
}

enum err
rdata_parse(struct rdata_parser *p, uint16_t type, struct slice text,
	    struct span out, size_t *len, const char **why)
{
	bool memo = is_worth_memo(type);
	struct slice known = {0};
	struct words w = words_over(text);
	struct wr wire;
	enum err e;

	if (out.len > RDATA_MAX_BYTES)
		out.len = RDATA_MAX_BYTES;
	wire = wr_over(out);
	if (memo)
		known = memo_find(p->memo, type, text);
	if (known.len && known.len <= out.len) {
		memcpy(out.at, known.at, known.len);
		*len = known.len;
		return ERR_NONE;
	}
	e = parse_and_check(p, type, &w, &wire);
	if (e != ERR_NONE) {
		*why = w.why;
		return e;
	}
	if (memo)
		memo_add(p->memo, type, text, wr_done(&wire));
	*len = wire.len;
	return ERR_NONE;
}
