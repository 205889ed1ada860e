/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/message.c - whole-message decoder. Runs wherever replies of other
 * servers are read. Invariant: no read outside bytes, and rdata that leaves
 * here has passed rdata_check.
 */
#include "dns/message.h"

#include "dns/field.h"
#include "dns/rdata.h"
#include "lib/mem.h"
#include "lib/rd.h"
#include "lib/wr.h"

enum {
	RECORD_MIN_BYTES = 11,	/* root owner and the fixed fields */
	QUESTION_MIN_BYTES = 5, /* root name, type, class */
	/* the fields up to the last name: NAPTR's are the longest (1027) */
	HEAD_MAX = 1280
};

struct decoder {
	struct arena *arena;
	struct slice all;
	struct rd r; /* over all */
	const uint8_t *last_owner;
};

enum err
message_name(struct slice bytes, size_t *pos, uint8_t out[NAME_MAX_BYTES])
{
	size_t at = *pos, end = 0, n = 0, start = at;
	unsigned hops = 0;

	for (;;) {
		uint8_t len;

		if (at >= bytes.len)
			return ERR_SHORT;
		len = bytes.at[at];
		if (len >= 0xc0) {
			size_t to;

			if (at + 2 > bytes.len)
				return ERR_SHORT;
			to = (size_t)(len & 0x3f) << 8 | bytes.at[at + 1];
			if (to >= start || ++hops > MESSAGE_HOPS_MAX)
				return ERR_FORMAT;
			if (!end)
				end = at + 2;
			at = start = to;
			continue;
		}
		if (len > 63 || n + len + 1 > NAME_MAX_BYTES)
			return ERR_FORMAT;
		if (at + len + 1 > bytes.len)
			return ERR_SHORT;
		memcpy(out + n, bytes.at + at, len + 1u);
		n += len + 1u;
		at += len + 1u;
		if (!len)
			break;
	}
	*pos = end ? end : at;
	return ERR_NONE;
}

/* The name at the reader's place. */
static enum err
take_name(struct decoder *d, uint8_t out[NAME_MAX_BYTES])
{
	size_t pos = rd_pos(&d->r), from = pos;
	enum err e = message_name(d->all, &pos, out);

	if (e == ERR_NONE)
		rd_take(&d->r, pos - from);
	return e;
}

static const uint8_t *
keep_owner(struct decoder *d, const uint8_t *name)
{
	size_t n = name_len(name);

	if (d->last_owner && name_len(d->last_owner) == n &&
	    memcmp(d->last_owner, name, n) == 0)
		return d->last_owner;
	d->last_owner = arena_copy(d->arena, name, n);
	return d->last_owner;
}

static bool
is_name(char letter)
{
	return field_kinds[(unsigned char)letter].shape == SHAPE_NAME;
}

/* Append the name at *pos, which must end before end, with its pointers
 * resolved. RFC 3597 section 4 asks us to do that for the types of RFC 1035
 * and some later ones; it harms for none. */
static enum err
put_name(struct slice all, size_t *pos, size_t end, struct wr *head)
{
	uint8_t name[NAME_MAX_BYTES];
	enum err e = message_name(all, pos, name);

	if (e == ERR_NONE && *pos > end)
		e = ERR_FORMAT;
	if (e == ERR_NONE)
		wr_bytes(head, name, name_len(name));
	return e;
}

/* Copy the fields of [*pos, end) up to and with the last name into head. */
static enum err
expand_head(struct slice all, const char *fields, size_t *pos, size_t end,
	    struct wr *head)
{
	const char *last = NULL;

	for (const char *f = fields; *f; f++)
		if (is_name(*f))
			last = f;
	for (; last && fields <= last; fields++) {
		size_t n;

		if (is_name(*fields)) {
			enum err e = put_name(all, pos, end, head);

			if (e != ERR_NONE)
				return e;
			continue;
		}
		n = field_extent(*fields, slice_of(all.at + *pos, end - *pos));
		if (n > end - *pos)
			return ERR_FORMAT;
		wr_bytes(head, all.at + *pos, n);
		*pos += n;
	}
	return wr_failed(head) ? ERR_FORMAT : ERR_NONE;
}

static enum err
take_rdata(struct decoder *d, struct message_record *rec)
{
	const struct type_info *info = type_info(rec->type);
	uint8_t buf[HEAD_MAX], *copy;
	struct wr head = wr_over((struct span){buf, sizeof(buf)});
	uint16_t len = rd_u16(&d->r);
	size_t pos = rd_pos(&d->r), end = pos + len, rest;
	enum err e = ERR_NONE;

	rd_take(&d->r, len);
	if (rd_failed(&d->r))
		return ERR_SHORT;
	if (info && len)
		e = expand_head(d->all, info->fields, &pos, end, &head);
	if (e != ERR_NONE)
		return e;
	rest = end - pos;
	if (head.len + rest > RDATA_MAX_BYTES)
		return ERR_FORMAT;
	copy = arena_alloc(d->arena, head.len + rest);
	if (!copy)
		return ERR_MEMORY;
	memcpy(copy, buf, head.len);
	memcpy(copy + head.len, d->all.at + pos, rest);
	rec->rdata = slice_of(copy, head.len + rest);
	if (!len && (rec->class == CLASS_ANY || rec->class == CLASS_NONE))
		return ERR_NONE;
	return rdata_check(rec->type, rec->rdata);
}

static enum err
take_record(struct decoder *d, struct message_record *rec)
{
	uint8_t owner[NAME_MAX_BYTES];
	enum err e;

	rec->off = rd_pos(&d->r);
	e = take_name(d, owner);
	if (e != ERR_NONE)
		return e;
	rec->type = rd_u16(&d->r);
	rec->class = rd_u16(&d->r);
	rec->ttl_sec = rd_u32(&d->r);
	if (rd_failed(&d->r))
		return ERR_SHORT;
	rec->owner = keep_owner(d, owner);
	if (!rec->owner)
		return ERR_MEMORY;
	return take_rdata(d, rec);
}

static enum err
take_question(struct decoder *d, struct message_question *q)
{
	uint8_t name[NAME_MAX_BYTES];
	enum err e = take_name(d, name);

	if (e != ERR_NONE)
		return e;
	q->type = rd_u16(&d->r);
	q->class = rd_u16(&d->r);
	if (rd_failed(&d->r))
		return ERR_SHORT;
	q->name = keep_owner(d, name);
	return q->name ? ERR_NONE : ERR_MEMORY;
}

static enum err
take_questions(struct decoder *d, struct message *m)
{
	struct message_question *qs;

	if (m->n_questions > rd_left(&d->r) / QUESTION_MIN_BYTES)
		return ERR_SHORT;
	qs = arena_alloc(d->arena, m->n_questions * sizeof(*qs));
	if (!qs)
		return ERR_MEMORY;
	for (size_t i = 0; i < m->n_questions; i++) {
		enum err e = take_question(d, &qs[i]);

		if (e != ERR_NONE)
			return e;
	}
	m->questions = qs;
	return ERR_NONE;
}

static enum err
take_records(struct decoder *d, struct message *m)
{
	size_t n = m->first[SECTION_COUNT];
	struct message_record *recs;

	/* the counts are the sender's words: believe them as far as there are
	 * bytes for so many records */
	if (n > rd_left(&d->r) / RECORD_MIN_BYTES)
		return ERR_SHORT;
	recs = arena_alloc(d->arena, n * sizeof(*recs));
	if (!recs)
		return ERR_MEMORY;
	for (size_t i = 0; i < n; i++) {
		enum err e = take_record(d, &recs[i]);

		if (e != ERR_NONE)
			return e;
	}
	m->records = recs;
	return ERR_NONE;
}

enum err
message_decode(struct arena *arena, struct slice bytes, struct message *out)
{
	struct decoder d = {.arena = arena, .all = bytes, .r = rd_over(bytes)};
	struct message m = {0};
	enum err e;

	m.id = rd_u16(&d.r);
	m.flags = rd_u16(&d.r);
	m.n_questions = rd_u16(&d.r);
	for (int s = 0; s < SECTION_COUNT; s++)
		m.first[s + 1] = m.first[s] + rd_u16(&d.r);
	if (rd_failed(&d.r))
		return ERR_SHORT;
	e = take_questions(&d, &m);
	if (e == ERR_NONE)
		e = take_records(&d, &m);
	if (e == ERR_NONE)
		*out = m;
	return e;
}
