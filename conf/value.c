/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/value.c - values of single settings. Runs in the master and in tools.
 */
#include "conf/value.h"

#include <string.h>
#include <strings.h>

#include "conf/conf.h"
#include "conf/parse.h"

bool
value_is_bool(const char *value)
{
	static const char *const words[] = {"yes",   "no", "on", "off", "true",
					    "false", "1",  "0",	 ""};

	for (size_t i = 0; i < COUNT(words); i++)
		if (strcasecmp(value, words[i]) == 0)
			return true;
	return false;
}

/* Why is it no address? The port may be to blame. */
static void
bad_addr(struct given *g, const struct conf_setting *s, struct slice word)
{
	struct addr a;
	size_t n = word.len;

	while (n && word.at[n - 1] != ':')
		n--;
	if (n && addr_parse(slice_of(word.at, n - 1), 1, &a) == ERR_NONE)
		parse_mistake(g, s, "\"%.*s\": the port is not in 1..65535",
			      (int)word.len, (const char *)word.at);
	else
		parse_mistake(g, s, "\"%.*s\" is not an IP address",
			      (int)word.len, (const char *)word.at);
}

void
value_add_addr(struct given *g, const struct conf_setting *s, struct slice word,
	       struct addr_list *list)
{
	struct addr_list more = {NULL, list->n + 1};
	struct addr a, with_port;

	if (addr_parse(word, 0, &a) != ERR_NONE ||
	    addr_parse(word, 1, &with_port) != ERR_NONE ||
	    addr_port(&with_port) == 0) {
		bad_addr(g, s, word);
		return;
	}
	more.at = parse_keep(g, more.n * sizeof(*more.at));
	if (list->n)
		memcpy(more.at, list->at, list->n * sizeof(*more.at));
	more.at[list->n] = a;
	*list = more;
}

static bool
has_addr(const struct addr_list *list, size_t n, const struct addr *a)
{
	for (size_t i = 0; i < n; i++)
		if (addr_equal(&list->at[i], a) &&
		    addr_port(&list->at[i]) == addr_port(a))
			return true;
	return false;
}

void
value_finish_addrs(const struct conf_setting *s, struct addr_list *list,
		   uint16_t port)
{
	char text[ADDR_TEXT_MAX];
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct addr *a = &list->at[i];

		if (addr_port(a) == 0)
			addr_set_port(a, port);
		if (has_addr(list, n, a))
			parse_warning(s, "%s is there twice",
				      addr_text_port(a, text));
		else
			list->at[n++] = *a;
	}
	list->n = n;
}

void
value_add_mask(struct given *g, const struct conf_setting *s, struct slice word,
	       struct prefix_list *list)
{
	struct prefix_list more = {NULL, NULL, list->n + 1};
	bool deny = word.at[0] == '!';
	struct slice mask = slice_of(word.at + deny, word.len - deny);
	struct prefix p;
	enum err e = prefix_parse(mask, &p);

	if (e != ERR_NONE) {
		parse_mistake(
		    g, s,
		    e == ERR_RANGE
			? "\"%.*s\": the mask is longer than the address"
			: "\"%.*s\" is not an address or netmask",
		    (int)word.len, (const char *)word.at);
		return;
	}
	more.at = parse_keep(g, more.n * sizeof(*more.at));
	more.deny = parse_keep(g, more.n * sizeof(*more.deny));
	if (list->n) {
		memcpy(more.at, list->at, list->n * sizeof(*more.at));
		memcpy(more.deny, list->deny, list->n * sizeof(*more.deny));
	}
	more.at[list->n] = p;
	more.deny[list->n] = deny;
	*list = more;
}

void
value_cmdline_only(struct given *g, const struct conf_setting *s)
{
	(void)g;
	if (s->line)
		parse_warning(
		    s, "has no effect in a file, only on the command line");
}

void
value_config_name(struct given *g, const struct conf_setting *s)
{
	if (s->line)
		value_cmdline_only(g, s);
	else if (strchr(s->value, '/'))
		parse_mistake(g, s, "\"%s\" is not a plain name", s->value);
}

/* The value stays out of the message: it is a secret, if a wrong one. */
void
value_cookie_secret(struct given *g, const struct conf_setting *s)
{
	if (s->value[0] == '\0' || strcmp(s->value, "random") == 0)
		return;
	if (strlen(s->value) != 32 ||
	    strspn(s->value, "0123456789abcdefABCDEF") != 32)
		parse_mistake(
		    g, s, "must be 32 hexadecimal digits or the word random");
}

/* A file name beside the control socket, and another than the socket's. */
void
value_socket_alias(struct given *g, const struct conf_setting *s)
{
	if (strchr(s->value, '/') || s->value[0] == '.' ||
	    strcmp(s->value, "pdnslua.controlsocket") == 0)
		parse_mistake(g, s, "\"%s\" is no name for the link", s->value);
}

void
value_log_format(struct given *g, const struct conf_setting *s)
{
	if (strcmp(s->value, "text") != 0 && strcmp(s->value, "json") != 0)
		parse_mistake(g, s, "\"%s\" is neither text nor json",
			      s->value);
}

void
value_facility(struct given *g, const struct conf_setting *s)
{
	if (s->value[0] &&
	    (strlen(s->value) != 1 || s->value[0] < '0' || s->value[0] > '7'))
		parse_mistake(g, s, "\"%s\" is not a digit from 0 to 7",
			      s->value);
}
