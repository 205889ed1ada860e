/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/log_text.c - log lines as text and as JSON. Runs in every process.
 * Invariant: whatever the bytes of a message, a line is valid UTF-8 without
 * control characters but the newlines and tabs put here, and JSON is whole.
 */
#include "lib/log_text.h"

#include <inttypes.h>
#include <string.h>

#include "lib/bug.h"
#include "lib/log.h"
#include "lib/text.h"
#include "lib/utf8.h"

enum { TAIL_BYTES = 8 }; /* for "...", a quote, a brace and a newline */

static const char *const prio_names[] = {"Emergency", "Alert",	 "Critical",
					 "Error",     "Warning", "Notice",
					 "Info",      "Debug"};
static const char *const json_names[] = {"emergency", "alert",	 "critical",
					 "error",     "warning", "notice",
					 "info",      "debug"};

static const char *
level_name(const char *const names[8], int level)
{
	return names[level < 0 ? 0 : level > 7 ? 7 : level];
}

void
log_put_stamp(struct text *t, const struct timespec *when)
{
	char buf[32];
	struct tm tm;

	if (localtime_r(&when->tv_sec, &tm) &&
	    strftime(buf, sizeof(buf), "%b %e %H:%M:%S ", &tm))
		text_str(t, buf);
}

/* --- characters ----------------------------------------------------------- */

static bool
fits(const struct text *t, size_t n, size_t keep)
{
	return t->len + n + keep < t->cap;
}

/* One character of quoted text (JSON, or msg="..."); at most 16 bytes. */
static size_t
quote_one(const unsigned char *p, size_t len, bool unsafe, struct text *out)
{
	static const char special[] = "\"\\\n\t";
	static const char shown[] = "\"\\nt";
	const char *at = len == 1 ? strchr(special, p[0]) : NULL;

	if (at && *at)
		text_fmt(out, "\\%c", shown[at - special]);
	else if (!unsafe)
		text_put(out, (const char *)p, len);
	else
		for (size_t i = 0; i < len; i++)
			text_fmt(out, "\\\\x%02x", p[i]);
	return out->len;
}

static size_t
plain_one(const unsigned char *p, size_t len, bool unsafe, struct text *out)
{
	if (!unsafe || p[0] == '\t')
		text_put(out, (const char *)p, len);
	else
		for (size_t i = 0; i < len; i++)
			text_fmt(out, "\\x%02x", p[i]);
	return out->len;
}

void
log_put_words(struct text *t, const char *words, size_t max, size_t keep,
	      const char *lead)
{
	const unsigned char *p = (const unsigned char *)words;
	size_t start = t->len;

	while (*p) {
		char buf[32];
		struct text one = text_over(buf, sizeof(buf));
		uint32_t code;
		size_t len = utf8_read(p, &code), n;
		bool unsafe = len == 0 || utf8_is_unsafe(code);

		if (len == 0)
			len = 1;
		if (lead && *p == '\n')
			text_fmt(&one, "\n%s%s", lead,
				 p[1] == '\t' ? "" : "\t");
		else if (lead)
			plain_one(p, len, unsafe, &one);
		else
			quote_one(p, len, unsafe, &one);
		n = one.len;
		if (t->len - start + n > max || !fits(t, n, keep)) {
			text_str(t, "...");
			return;
		}
		text_put(t, buf, n);
		p += len;
	}
}

static void
put_quoted(struct text *t, const char *words, size_t max, size_t keep)
{
	text_char(t, '"');
	log_put_words(t, words, max, keep, NULL);
	text_char(t, '"');
}

/* --- text ----------------------------------------------------------------- */

/* key="value" after a blank, if all of it fits. */
static void
put_shown_field(struct text *t, const struct log_field *f)
{
	char buf[LOG_FIELD_TEXT_BYTES + 96];
	struct text one = text_over(buf, sizeof(buf));

	text_fmt(&one, " %s=", f->key);
	if (f->text)
		put_quoted(&one, f->text, LOG_FIELD_TEXT_BYTES, TAIL_BYTES);
	else
		text_fmt(&one, "\"%" PRId64 "\"", f->number);
	if (fits(t, one.len, TAIL_BYTES))
		text_put(t, buf, one.len);
}

void
log_put_text(struct text *t, const struct log_record *r, bool show_level,
	     const char *lead)
{
	if (r->role[0])
		text_fmt(t, "%s: ", r->role);
	if (!show_level) {
		log_put_words(t, r->msg, SIZE_MAX, TAIL_BYTES, lead);
		return;
	}
	text_str(t, "msg=");
	put_quoted(t, r->msg, SIZE_MAX, LOG_FIELDS_BYTES);
	text_fmt(t, " prio=\"%s\"", level_name(prio_names, r->level));
	for (size_t i = 0; i < r->n_fields; i++)
		put_shown_field(t, &r->fields[i]);
}

/* --- JSON ----------------------------------------------------------------- */

static void
put_json_field(struct text *t, const struct log_field *f)
{
	char buf[LOG_FIELD_TEXT_BYTES + 96];
	struct text one = text_over(buf, sizeof(buf));

	text_fmt(&one, ",\"%s\":", f->key);
	if (f->text)
		put_quoted(&one, f->text, LOG_FIELD_TEXT_BYTES, TAIL_BYTES);
	else
		text_fmt(&one, "%" PRId64, f->number);
	if (fits(t, one.len, TAIL_BYTES))
		text_put(t, buf, one.len);
}

void
log_put_json(struct text *t, const struct log_record *r)
{
	char stamp[32] = "1970-01-01T00:00:00";
	struct tm tm;

	if (gmtime_r(&r->when.tv_sec, &tm))
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	text_fmt(t, "{\"ts\":\"%s.%03ldZ\",\"level\":\"%s\",\"role\":", stamp,
		 (long)(r->when.tv_nsec / 1000000),
		 level_name(json_names, r->level));
	put_quoted(t, r->role[0] ? r->role : "master", 128, LOG_FIELDS_BYTES);
	text_fmt(t, ",\"pid\":%ld,\"generation\":%" PRIu64 ",\"msg\":",
		 (long)r->pid, r->generation);
	put_quoted(t, r->msg, SIZE_MAX, LOG_FIELDS_BYTES);
	for (size_t i = 0; i < r->n_fields; i++)
		put_json_field(t, &r->fields[i]);
	text_char(t, '}');
}
