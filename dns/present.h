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

/* Header, OPT, question and sections. ERR_FORMAT: not a DNS message. */
enum err present_message(FILE *, struct slice message) MUST_CHECK;

#endif
