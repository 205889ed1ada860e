/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/client_key.c - cache keys with a client in them. Runs in workers.
 */
#include "answer/client_key.h"

#include <string.h>

static void
add_addr(struct client_key *k, const struct addr *a)
{
	struct slice raw = addr_raw(a);

	client_key_add(k, raw.at, raw.len);
}

void
client_key_finish(struct client_key *k, const struct asker *who, uint8_t length,
		  const struct nh_key *secret)
{
	const struct prefix *real = &who->real;
	uint8_t family = (uint8_t)addr_family(&real->net), bits;
	struct prefix p;

	client_key_reset(k);
	if (!length)
		return;
	/* a client known less precisely than the rows want shares with those
	 * known as little */
	bits =
	    length == CLIENT_EXACT || real->bits < length ? real->bits : length;
	p = prefix_of(&real->net, bits);
	client_key_add(k, &length, 1);
	client_key_add(k, &family, 1);
	client_key_add(k, &bits, 1);
	add_addr(k, &p.net);
	if (length == CLIENT_EXACT)
		add_addr(k, &who->remote);
	k->hash = hash_nh(secret, slice_of(k->bytes, k->len));
}

static unsigned
family_of(const struct asker *who)
{
	return addr_family(&who->real.net) == AF_INET6;
}

uint8_t
client_lengths_at(const struct client_lengths *l, const struct asker *who,
		  unsigned i)
{
	return i < CLIENT_LENGTHS ? l->at[family_of(who)][i] : 0;
}

bool
client_lengths_add(struct client_lengths *l, const struct asker *who,
		   uint8_t length)
{
	uint8_t *at = l->at[family_of(who)];
	unsigned i = 0;

	while (i < CLIENT_LENGTHS && at[i] > length)
		i++;
	if (i < CLIENT_LENGTHS && at[i] == length)
		return true;
	if (at[CLIENT_LENGTHS - 1])
		return false;
	memmove(at + i + 1, at + i, CLIENT_LENGTHS - 1 - i);
	at[i] = length;
	return true;
}
