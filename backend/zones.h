/* SPDX-License-Identifier: GPL-3.0-or-later
 * backend/zones.h - asks all backends for their zones.
 */
#ifndef BACKEND_ZONES_H
#define BACKEND_ZONES_H

#include "backend/backend.h"
#include "lib/bug.h"

/* Build the zone list of all backends that have one: *fd = a sealed file for
 * zonelist_open (the caller's), or -1 when no backend lists its zones. An
 * error of any backend (logged by it) leaves *fd alone. Worker, job, --ask. */
enum err backends_list_zones(struct backends *, int *fd) MUST_CHECK;

#endif
