/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/control.h - the control socket of this folder: who may connect
 * (mode 0660, our group), who listens (one server), the other name for
 * pdns_control. Runs in the master.
 */
#ifndef MASTER_CONTROL_H
#define MASTER_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/bug.h"
#include "master/client.h"
#include "master/parts.h"

struct control {
	struct watch watch;
	int fd; /* -1: there is no socket */
	struct clients clients;
	int64_t accept_at_ms; /* out of descriptors until then; NEVER: no */
};

#endif
