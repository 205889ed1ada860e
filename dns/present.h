/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/present.h - a whole message as text, laid out as dig lays it out, so that
 * people and their scripts read it at once.
 */
#ifndef DNS_PRESENT_H
#define DNS_PRESENT_H

#include <stdio.h>

#include "lib/bug.h"
#include "lib/err.h"
#include "lib/slice.h"

enum { PRESENT_RCODE_MAX = 16 };

/* Rcode by number (RFC 6895 section 2.3): a constant, or made in out. */
const char *present_rcode(unsigned rcode, char out[PRESENT_RCODE_MAX]);
/* Header, OPT, question and sections. ERR_FORMAT: not a DNS message. */
enum err present_message(FILE *, struct slice message) MUST_CHECK;

#endif
