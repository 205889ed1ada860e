/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/reply.c - reply writer. Runs in workers and in --ask. Invariant: every
 * offset in names[] is that of a whole name (ending in the root or a pointer)
 * inside the first 16 KiB of what is written.
 */
#include "dns/reply.h"

#include <string.h>

#include "dns/name.h"
#include "dns/rdata.h"
#include "dns/type.h"
#include "lib/rd.h"

/* The question's name, when there is one, starts here. */
enum { QNAME_OFFSET = WIRE_HEADER_BYTES, TABLE_FULL = REPLY_NAMES * 3 / 4 };

void
reply_begin(struct reply *r, struct span out, size_t max, size_t reserve)
{
	r->w = wr_over((struct span){out.at, max < out.len ? max : out.len});
	r->max = r->w.cap;
	r->reserve = reserve;
	r->class = CLASS_IN;
	r->question_count = 0;
	r->names_ready = false;
	r->n_names = 0;
	memset(r->counts, 0, sizeof(r->counts));
	r->w.len = WIRE_HEADER_BYTES;
	r->w.cap = r->max - reserve;
}

void
reply_adopt(struct reply *r, struct span out, size_t len)
{
	const uint8_t *h = out.at;

	r->w = wr_over(out);
	r->w.len = len;
	r->max = out.len;
	r->reserve = 0;
	r->question_count = (uint16_t)(h[4] << 8 | h[5]);
	for (unsigned s = 0; s < SECTION_COUNT; s++)
		r->counts[s] = (uint16_t)(h[6 + 2 * s] << 8 | h[7 + 2 * s]);
	r->names_ready = false;
	r->n_names = 0;
}

static void
put_word(uint8_t *at, uint16_t word)
{
	at[0] = (uint8_t)(word >> 8);
	at[1] = (uint8_t)word;
}

void
reply_patch(uint8_t *message, uint16_t id, uint16_t flags, unsigned rcode)
{
	put_word(message, id);
	put_word(message + 2, (uint16_t)(flags | (rcode & 15)));
}

void
reply_question(struct reply *r, const struct question *q)
{
	if (!q->name_len)
		return;
	wr_slice(&r->w, q->wire);
	r->question_count = 1;
}

struct reply_mark
reply_mark(const struct reply *r)
{
	struct reply_mark m = {.len = r->w.len, .n_names = r->n_names};

	memcpy(m.counts, r->counts, sizeof(m.counts));
	return m;
}

void
reply_undo(struct reply *r, const struct reply_mark *m)
{
	r->w.len = m->len;
	r->w.failed = false;
	while (r->n_names > m->n_names)
		r->names[r->order[--r->n_names]] = 0;
	if (r->n_names == 0)
		r->names_ready = false; /* the question's name went as well */
	memcpy(r->counts, m->counts, sizeof(r->counts));
}

void
reply_clear(struct reply *r, const struct question *q)
{
	r->w.len = WIRE_HEADER_BYTES + (q->name_len ? q->wire.len : 0);
	r->w.failed = false;
	r->names_ready = false;
	r->n_names = 0;
	memset(r->counts, 0, sizeof(r->counts));
}

/* Names are found by a hash of their labels, counted from the root, so that
 * each suffix of a name has the hash it would have alone. */
static uint32_t
hash_label(uint32_t h, const uint8_t *label)
{
	for (unsigned i = 0; i <= label[0]; i++)
		h = (h ^ name_fold[label[i]]) * 0x01000193u;
	return h;
}

static void
table_add(struct reply *r, uint32_t hash, size_t offset)
{
	unsigned slot = hash % REPLY_NAMES;

	if (offset > WIRE_POINTER_MAX || r->n_names >= TABLE_FULL)
		return;
	while (r->names[slot])
		slot = (slot + 1) % REPLY_NAMES;
	r->names[slot] = (uint16_t)offset;
	r->order[r->n_names++] = (uint8_t)slot;
}

/* Is the (compressed) name at offset in our own message this name? */
static bool
same_at(const struct reply *r, size_t at, const uint8_t *name)
{
	const uint8_t *m = r->w.base;

	for (;;) {
		while (m[at] >= 0xc0) /* our own pointers go strictly back */
			at = (size_t)(m[at] & 0x3f) << 8 | m[at + 1];
		if (m[at] != *name)
			return false;
		if (!*name)
			return true;
		for (unsigned i = 1; i <= *name; i++)
			if (name_fold[m[at + i]] != name_fold[name[i]])
				return false;
		at += m[at] + 1u;
		name += *name + 1;
	}
}

static size_t
table_find(const struct reply *r, uint32_t hash, const uint8_t *name)
{
	for (unsigned slot = hash % REPLY_NAMES; r->names[slot];
	     slot = (slot + 1) % REPLY_NAMES)
		if (same_at(r, r->names[slot], name))
			return r->names[slot];
	return 0;
}

/* hashes[i] = hash of the name from label i on; returns the labels. */
static unsigned
suffix_hashes(const uint8_t *name, const uint8_t *label[NAME_MAX_LABELS],
	      uint32_t hashes[NAME_MAX_LABELS])
{
	unsigned n = 0;
	uint32_t h = 0x811c9dc5u;

	for (const uint8_t *p = name; *p; p += *p + 1)
		label[n++] = p;
	for (unsigned i = n; i-- > 0;)
		hashes[i] = h = hash_label(h, label[i]);
	return n;
}

/* Write a name, as a pointer from its longest known suffix on; what is new
 * is remembered. */
static void
put_name(struct reply *r, const uint8_t *name)
{
	const uint8_t *label[NAME_MAX_LABELS];
	uint32_t hashes[NAME_MAX_LABELS];
	unsigned n = suffix_hashes(name, label, hashes), known = n;
	size_t start = r->w.len, target = 0;

	for (unsigned i = 0; i < n && !target; i++) {
		target = table_find(r, hashes[i], label[i]);
		if (target)
			known = i;
	}
	wr_bytes(
	    &r->w, name,
	    (size_t)((known < n ? label[known] : name + name_len(name) - 1) -
		     name));
	if (target)
		wr_u16(&r->w, (uint16_t)(0xc000 | target));
	else
		wr_u8(&r->w, 0);
	if (wr_failed(&r->w))
		return;
	for (unsigned i = 0; i < known; i++)
		table_add(r, hashes[i], start + (size_t)(label[i] - name));
}

static void
names_prepare(struct reply *r)
{
	const uint8_t *qname = r->w.base + QNAME_OFFSET;
	const uint8_t *label[NAME_MAX_LABELS];
	uint32_t hashes[NAME_MAX_LABELS];
	unsigned n;

	memset(r->names, 0, sizeof(r->names));
	r->names_ready = true;
	r->n_names = 0;
	if (!r->question_count)
		return;
	n = suffix_hashes(qname, label, hashes);
	for (unsigned i = 0; i < n; i++)
		table_add(r, hashes[i], (size_t)(label[i] - r->w.base));
}

/* Nearly every record is owned by the question's name. */
static void
put_owner(struct reply *r, const uint8_t *owner)
{
	if (r->question_count && owner[0] &&
	    name_equal(owner, r->w.base + QNAME_OFFSET)) {
		wr_u16(&r->w, 0xc000 | QNAME_OFFSET);
		return;
	}
	if (!r->names_ready)
		names_prepare(r);
	put_name(r, owner);
}

static void
put_compressed(struct reply *r, uint16_t type, struct slice rdata)
{
	struct rdata_walk walk = rdata_walk(type, rdata);
	struct rdata_field f;

	if (!r->names_ready)
		names_prepare(r);
	while (rdata_next(&walk, &f)) {
		if (f.kind == 'N')
			put_name(r, f.bytes.at);
		else
			wr_slice(&r->w, f.bytes);
	}
}

bool
reply_record(struct reply *r, enum section s, const uint8_t *owner,
	     uint16_t type, uint32_t ttl_sec, struct slice rdata)
{
	const struct type_info *info = type_info(type);
	struct reply_mark m = reply_mark(r);
	size_t len_at;

	if (r->counts[s] == UINT16_MAX)
		return false;
	put_owner(r, owner);
	wr_u16(&r->w, type);
	wr_u16(&r->w, r->class);
	wr_u32(&r->w, ttl_sec);
	len_at = r->w.len;
	wr_u16(&r->w, (uint16_t)rdata.len);
	if (info && (info->flags & TYPE_COMPRESSES)) {
		put_compressed(r, type, rdata);
		wr_patch_u16(&r->w, len_at, (uint16_t)(r->w.len - len_at - 2));
	} else {
		wr_slice(&r->w, rdata);
	}
	if (wr_failed(&r->w)) {
		reply_undo(r, &m);
		return false;
	}
	r->counts[s]++;
	return true;
}

static size_t
option_bytes(size_t body)
{
	return body ? 4 + body : 0;
}

size_t
reply_opt_bytes(const struct reply_opt *o)
{
	if (!o->present)
		return 0;
	return WIRE_OPT_BYTES + option_bytes(o->nsid.len) +
	       option_bytes(o->cookie.len) +
	       (o->ecs ? option_bytes(4 + o->ecs->raw.len) : 0);
}

static void
put_option(struct wr *w, uint16_t code, struct slice body)
{
	if (!body.len)
		return;
	wr_u16(w, code);
	wr_u16(w, (uint16_t)body.len);
	wr_slice(w, body);
}

/* A script's scope may be meant for the other family, RFC 7871 section 6. */
static void
put_ecs(struct wr *w, const struct ecs *e, uint8_t scope)
{
	uint8_t most = e->family ? addr_bits(&e->addr) : 0;

	wr_u16(w, EDNS_ECS);
	wr_u16(w, (uint16_t)(4 + e->raw.len));
	wr_u16(w, e->family);
	wr_u8(w, e->source_bits);
	wr_u8(w, scope < most ? scope : most);
	wr_slice(w, e->raw);
}

/* Text is for people: without it rather than without the code. */
static void
put_ede(struct wr *w, int code, struct slice text)
{
	size_t room = w->cap - w->len;

	if (code == EDE_NONE || room < 6)
		return;
	if (room < 6 + text.len)
		text.len = 0;
	wr_u16(w, EDNS_EDE);
	wr_u16(w, (uint16_t)(2 + text.len));
	wr_u16(w, (uint16_t)code);
	wr_slice(w, text);
}

void
reply_opt(struct reply *r, const struct reply_opt *o, unsigned rcode)
{
	struct wr *w = &r->w;
	size_t len_at;

	if (!o->present)
		return;
	w->cap = r->max;
	wr_u8(w, 0);
	wr_u16(w, TYPE_OPT);
	wr_u16(w, o->payload);
	wr_u8(w, (uint8_t)(rcode >> 4));
	wr_u8(w, 0); /* version */
	wr_u16(w, o->do_bit ? EDNS_DO : 0);
	len_at = w->len;
	wr_u16(w, 0);
	put_option(w, EDNS_NSID, o->nsid);
	put_option(w, EDNS_COOKIE, o->cookie);
	if (o->ecs)
		put_ecs(w, o->ecs, o->ecs_scope);
	put_ede(w, o->ede, o->ede_text);
	wr_patch_u16(w, len_at, (uint16_t)(w->len - len_at - 2));
	r->counts[SECTION_ADDITIONAL]++;
}

void
reply_tsig_badkey(struct reply *r, struct slice request, uint16_t id)
{
	struct reply_mark m = reply_mark(r);
	size_t owner = name_check(request), algorithm, rdlen_at;
	struct rd in = rd_over(request);
	struct wr *w = &r->w;
	const uint8_t *name;

	rd_take(&in, owner + 10); /* type, class, ttl, rdlength */
	algorithm = owner ? name_check(slice_of(in.at, rd_left(&in))) : 0;
	if (rd_failed(&in) || !algorithm)
		return; /* compressed names: nothing sensible to echo */
	name = rd_take(&in, algorithm);
	w->cap = r->max;
	wr_bytes(w, request.at, owner);
	wr_u16(w, TYPE_TSIG);
	wr_u16(w, CLASS_ANY);
	wr_u32(w, 0);
	rdlen_at = w->len;
	wr_u16(w, 0);
	wr_bytes(w, name, algorithm);
	wr_slice(w, rd_slice(&in, 8)); /* time signed, fudge */
	wr_u16(w, 0);		       /* no MAC */
	wr_u16(w, id);
	wr_u16(w, TSIG_BADKEY);
	wr_u16(w, 0);
	wr_patch_u16(w, rdlen_at, (uint16_t)(w->len - rdlen_at - 2));
	if (wr_failed(w) || rd_failed(&in)) {
		reply_undo(r, &m);
		return;
	}
	r->counts[SECTION_ADDITIONAL]++;
}

size_t
reply_end(struct reply *r, uint16_t id, uint16_t flags, unsigned rcode)
{
	uint8_t *h = r->w.base;

	reply_patch(h, id, flags, rcode);
	put_word(h + 4, r->question_count);
	for (size_t s = 0; s < SECTION_COUNT; s++)
		put_word(h + 6 + 2 * s, r->counts[s]);
	return r->w.len;
}
