/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/rdata.c - walks rdata field by field, folds its names, finds the name
 * that asks for addresses. Runs in every process, for each record of a reply.
 * Invariant: no field reaches beyond the data, also when that is malformed.
 */
#include "dns/rdata.h"

#include "dns/field.h"

const struct field_kind field_kinds[128] = {
#define FIELD(letter, shape, check, print, parse, doc) \
	[letter] = {(shape), (check), (print), (parse)},
#include "dns/fields.tbl"
#undef FIELD
};

/* RFC 2874 section 3.1: the suffix has the bytes that the prefix leaves; a
 * name follows unless the prefix is empty. */
static size_t
a6_extent(struct slice left)
{
	size_t n;

	if (left.len == 0 || left.at[0] > 128)
		return SIZE_MAX;
	n = 1 + (128u - left.at[0] + 7) / 8;
	if (left.len < n || (left.len == n) != (left.at[0] == 0))
		return SIZE_MAX;
	return n;
}

size_t
field_extent(char letter, struct slice left)
{
	int shape = field_kinds[(unsigned char)letter].shape;
	size_t n = SIZE_MAX;

	if (shape > 0) {
		n = (size_t)shape;
		return n <= left.len ? n : SIZE_MAX;
	}
	switch ((enum shape)shape) {
	case SHAPE_OPT_NAME:
	case SHAPE_NAME:
		if (left.len == 0 && shape == SHAPE_OPT_NAME)
			return 0;
		n = name_check(left);
		return n ? n : SIZE_MAX;
	case SHAPE_LEN8:
		n = left.len ? 1 + (size_t)left.at[0] : SIZE_MAX;
		break;
	case SHAPE_LEN16:
		if (left.len >= 2)
			n = 2 + (size_t)(left.at[0] << 8 | left.at[1]);
		break;
	case SHAPE_REST:
		return left.len;
	case SHAPE_A6:
		return a6_extent(left);
	case SHAPE_NONE:
		break;
	}
	return n <= left.len ? n : SIZE_MAX;
}

struct rdata_walk
rdata_walk(uint16_t type, struct slice wire)
{
	const struct type_info *info = type_info(type);

	return (struct rdata_walk){info ? info->fields : "*", wire};
}

bool
rdata_next(struct rdata_walk *w, struct rdata_field *f)
{
	size_t n;

	if (*w->fields == '\0')
		return false;
	n = field_extent(*w->fields, w->left);
	if (n == SIZE_MAX)
		return false;
	f->kind = *w->fields++;
	f->bytes = slice_of(w->left.at, n);
	w->left.at += n;
	w->left.len -= n;
	return true;
}

static bool
is_name(const struct rdata_field *f)
{
	return f->kind == 'N' || f->kind == 'n' || f->kind == 'O';
}

void
rdata_canonical(uint16_t type, struct span wire)
{
	const struct type_info *info = type_info(type);
	struct rdata_walk walk;
	struct rdata_field f;

	if (!info || !(info->flags & TYPE_LOWERS))
		return;
	walk = rdata_walk(type, slice_of(wire.at, wire.len));
	while (rdata_next(&walk, &f)) {
		uint8_t *name = wire.at + (f.bytes.at - wire.at);

		/* length bytes are below 'A': folding leaves them alone */
		for (size_t i = 0; is_name(&f) && i < f.bytes.len; i++)
			name[i] = name_fold[name[i]];
	}
}

const uint8_t *
rdata_additional(uint16_t type, struct slice wire)
{
	const struct type_info *info = type_info(type);
	const uint8_t *name = NULL;
	struct rdata_walk walk;
	struct rdata_field f;

	if (!info || !(info->flags & TYPE_ADDITIONAL))
		return NULL;
	walk = rdata_walk(type, wire);
	while (rdata_next(&walk, &f))
		if (is_name(&f))
			name = f.bytes.at;
	return name && !name_is_root(name) ? name : NULL;
}
