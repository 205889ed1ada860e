/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/json.h - writes JSON into a struct text, on one line, with the commas.
 * Keys are constants of ours: lower-case words with underscores.
 *
 *	struct json j = json_over(&text);
 *	json_object(&j, NULL);
 *	json_num(&j, "workers", 2);
 *	json_end(&j);			-> {"workers":2} and a newline
 */
#ifndef LIB_JSON_H
#define LIB_JSON_H

#include <stdbool.h>
#include <stdint.h>

struct text;

struct json {
	struct text *out;
	uint64_t arrays; /* what is open: bit 0 the innermost, 1 an array */
	unsigned depth;	 /* at most 64 */
	bool more;	 /* something is before what comes next */
};

static inline struct json
json_over(struct text *out)
{
	return (struct json){out, 0, 0, false};
}

/* key NULL: inside an array, or the whole document. */
void json_object(struct json *, const char *key);
void json_array(struct json *, const char *key);
/* Of the innermost; behind the outermost comes a newline. */
void json_end(struct json *);
/* Bytes that are no UTF-8 come as \xNN, in four characters. */
void json_str(struct json *, const char *key, const char *value);
void json_num(struct json *, const char *key, int64_t);
void json_count(struct json *, const char *key, uint64_t);
/* With so many digits behind the point. */
void json_real(struct json *, const char *key, double, int digits);
void json_bool(struct json *, const char *key, bool);
void json_null(struct json *, const char *key);
/* A string and nothing else: for keys that are no constants, and lists. */
void json_quote(struct text *, const char *value);

#endif
