/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/value.h - values of single settings. What is wrong with one is logged
 * as a mistake at the setting's place.
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/slice.h"

struct addr_list;
struct conf_setting;
struct given;
struct prefix_list;

/* yes, no, on, off, true, false, 1, 0 or nothing; letter case aside. */
bool value_is_bool(const char *);

/* Add one word to a list of addresses. Port 0 stands for "none written" until
 * value_finish_addrs. */
void value_add_addr(struct given *, const struct conf_setting *,
		    struct slice word, struct addr_list *);
/* Give port to the addresses without one; drop what is there twice. */
void value_finish_addrs(const struct conf_setting *, struct addr_list *,
			uint16_t port);
/* Add one word to a list of netmasks. */
void value_add_mask(struct given *, const struct conf_setting *,
		    struct slice word, struct prefix_list *);

/* Rules of single settings. */
void value_cmdline_only(struct given *, const struct conf_setting *);
void value_config_name(struct given *, const struct conf_setting *);
void value_cookie_secret(struct given *, const struct conf_setting *);
void value_socket_alias(struct given *, const struct conf_setting *);
void value_log_format(struct given *, const struct conf_setting *);
void value_facility(struct given *, const struct conf_setting *);

#endif
