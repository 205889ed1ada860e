/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/lib/referee.h - libknot's opinion of a reply: a second parser that shares
 * no code with us.
 */
#ifndef T_LIB_REFEREE_H
#define T_LIB_REFEREE_H

#include "dns/message.h"
#include "lib/bug.h"
#include "lib/slice.h"

/* Parse the reply with libknot and compare every record with what
 * dns/message.c found. NULL: nothing to complain about; else words. */
const char *referee_complaint(struct slice reply,
			      const struct message *ours) MUST_CHECK;

#endif
