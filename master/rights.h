/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/rights.h - from root to an ordinary user, for good: the server once
 * its sockets are open, and --config=check and --ask, which load scripts where
 * and as whom the server would.
 */
#ifndef MASTER_RIGHTS_H
#define MASTER_RIGHTS_H

struct conf;

/* Make store-dir and socket-dir for setuid's user. Root only; what cannot be
 * made is said. */
void rights_make_dirs(const struct conf *);
/* chroot, then setgid and setuid. Dies when it cannot. */
void rights_drop(const struct conf *);

#endif
