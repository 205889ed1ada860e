/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/explain.h - how this worker answers a question, as text or JSON.
 */
#ifndef WORKER_EXPLAIN_H
#define WORKER_EXPLAIN_H

#include <stdbool.h>

#include "lib/bug.h"

struct ask_options;
struct heritage;
struct story;
struct text;
struct world;

enum { EXPLAIN_BYTES = 512 * 1024 /* of out: any explanation fits */ };

/* Ask it now, and write story and reply to out, a buffer of EXPLAIN_BYTES.
 * Returns NULL, or why it cannot be asked. */
const char *explain(const struct heritage *, struct world *,
		    const struct ask_options *, bool json,
		    struct text *out) MUST_CHECK;
/* The story of a query that has just been answered here, with the time; in
 * JSON one document, a line. */
void explain_story(const struct heritage *, const struct story *, bool json,
		   struct text *out);

#endif
