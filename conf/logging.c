/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/logging.c - from settings to the log. Runs in the master and in tools;
 * children inherit it.
 */
#include <stdlib.h>
#include <string.h>

#include "conf/check.h"
#include "conf/conf.h"
#include "conf/parse.h"
#include "lib/log.h"

/* Words of a configuration that is not checked yet; a mistake in them is said
 * later. */
void
conf_log_early(const struct given *g)
{
	const struct conf_setting *format = parse_last(g, "log-format");
	const struct conf_setting *show = parse_last(g, "loglevel-show");

	log_set_format(format && strcmp(format->value, "json") == 0 ? LOG_JSON
								    : LOG_TEXT);
	log_set_show_level(show && conf_is_yes(show->value));
}

void
conf_log_apply(const struct conf *conf)
{
	log_set_level((int)conf->loglevel);
	log_set_timestamp(conf->log_timestamp);
	log_set_show_level(conf->loglevel_show);
	log_set_format(strcmp(conf->log_format, "json") == 0 ? LOG_JSON
							     : LOG_TEXT);
}

void
conf_log_open(const struct conf *conf)
{
	bool wanted = conf->logging_facility[0] || conf->daemon;

	if (conf->disable_syslog) {
		if (conf->daemon)
			log_warn("daemon=yes with disable-syslog=yes: nothing "
				 "is logged once the server serves");
		return;
	}
	if (wanted)
		log_to_syslog(
		    LOG_SYSLOG_PATH,
		    conf->logging_facility[0]
			? (int)strtol(conf->logging_facility, NULL, 10)
			: -1);
}
