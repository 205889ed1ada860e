/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/json.c - JSON writer. Runs in the master and in tools. Invariant:
 * whatever the bytes of a value, the document is valid UTF-8 on one line.
 */
#include "lib/json.h"

#include <inttypes.h>
#include <math.h>

#include "lib/bug.h"
#include "lib/text.h"
#include "lib/utf8.h"

void
json_quote(struct text *out, const char *value)
{
	const unsigned char *p = (const unsigned char *)value;

	text_char(out, '"');
	while (*p) {
		uint32_t code;
		size_t len = utf8_read(p, &code);

		if (len == 0)
			text_fmt(out, "\\\\x%02x", p[0]);
		else if (code == '"' || code == '\\')
			text_fmt(out, "\\%c", (char)code);
		else if (code < 0x10000 && utf8_is_unsafe(code))
			text_fmt(out, "\\u%04" PRIx32, code);
		else
			text_put(out, (const char *)p, len);
		p += len ? len : 1;
	}
	text_char(out, '"');
}

static void
begin(struct json *j, const char *key)
{
	bug_on((key != NULL) != (j->depth > 0 && !(j->arrays & 1)));
	if (j->more)
		text_char(j->out, ',');
	if (key) {
		json_quote(j->out, key);
		text_char(j->out, ':');
	}
	j->more = true;
}

static void
push(struct json *j, bool array)
{
	bug_on(j->depth == 64);
	j->depth++;
	j->arrays = j->arrays << 1 | array;
	j->more = false;
	text_char(j->out, array ? '[' : '{');
}

void
json_object(struct json *j, const char *key)
{
	begin(j, key);
	push(j, false);
}

void
json_array(struct json *j, const char *key)
{
	begin(j, key);
	push(j, true);
}

void
json_end(struct json *j)
{
	bug_on(j->depth == 0);
	text_char(j->out, j->arrays & 1 ? ']' : '}');
	j->arrays >>= 1;
	j->depth--;
	j->more = j->depth > 0;
	if (j->depth == 0)
		text_char(j->out, '\n');
}

void
json_str(struct json *j, const char *key, const char *value)
{
	begin(j, key);
	json_quote(j->out, value);
}

void
json_num(struct json *j, const char *key, int64_t n)
{
	begin(j, key);
	text_fmt(j->out, "%" PRId64, n);
}

void
json_count(struct json *j, const char *key, uint64_t n)
{
	begin(j, key);
	text_fmt(j->out, "%" PRIu64, n);
}

void
json_real(struct json *j, const char *key, double value, int digits)
{
	if (!isfinite(value)) {
		json_null(j, key);
		return;
	}
	begin(j, key);
	text_fmt(j->out, "%.*f", digits, value);
}

void
json_bool(struct json *j, const char *key, bool value)
{
	begin(j, key);
	text_str(j->out, value ? "true" : "false");
}

void
json_null(struct json *j, const char *key)
{
	begin(j, key);
	text_str(j->out, "null");
}
