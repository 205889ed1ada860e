/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/dump_json.c - shows settings to programs. Runs in the master.
 */
#include <string.h>

#include "conf/conf.h"
#include "conf/dump.h"
#include "conf/launch.h"
#include "conf/names.h"
#include "conf/option.h"
#include "conf/parse.h"
#include "lib/json.h"
#include "lib/text.h"

/* local-port is local_port there. */
static const char *
key_of(const char *name, char out[LAUNCH_NAME_MAX])
{
	struct text t = text_over(out, LAUNCH_NAME_MAX);

	for (; *name; name++)
		text_char(&t, *name == '-' ? '_' : *name);
	return out;
}

static void
put_list(struct json *j, const char *key, const char *value)
{
	struct slice w;
	char word[256];

	json_array(j, key);
	while (parse_word(&value, ", \t", &w)) {
		struct text t = text_over(word, sizeof(word));

		text_put(&t, (const char *)w.at, w.len);
		json_str(j, NULL, word);
	}
	json_end(j);
}

static const char *
hidden(const char *value)
{
	return value[0] ? "****" : "";
}

static void
put_option(struct json *j, const struct conf *c, size_t row)
{
	const struct option *o = option_at(row);
	const void *field = (const char *)c + o->offset;
	const char *value = dump_value(c, row);
	char buf[LAUNCH_NAME_MAX];
	const char *key = key_of(o->name, buf);

	switch (o->type) {
	case OPTION_HEADING:
		break;
	case OPTION_BOOL:
		json_bool(j, key, *(const bool *)field);
		break;
	case OPTION_NUM:
		json_num(j, key, *(const int64_t *)field);
		break;
	case OPTION_TEXT:
	case OPTION_PATH:
		json_str(j, key, value);
		break;
	case OPTION_SECRET:
		json_str(j, key, hidden(value));
		break;
	case OPTION_LIST:
	case OPTION_ADDRS:
	case OPTION_MASKS:
		put_list(j, key, value);
		break;
	}
}

static void
put_backend(struct json *j, const struct conf *c, const struct launch *l,
	    bool diff)
{
	const struct names_backend_option *o;
	char name[LAUNCH_NAME_MAX], buf[LAUNCH_NAME_MAX];

	for (size_t i = 0; (o = names_backend_option_at(i)) != NULL; i++) {
		const char *v = conf_backend(c, l, o->key);

		if (v && strcmp(o->type, l->type) == 0 &&
		    (!diff || strcmp(v, o->dflt) != 0))
			json_str(
			    j, key_of(launch_setting(l, o->key, name), buf), v);
	}
}

/* Their names are the scripts', and stay as they are. */
static void
put_params(struct json *j, const struct conf *c)
{
	const struct given *g = c->given;
	const char *why;

	json_object(j, "parameters");
	for (size_t i = 0; i < g->n; i++) {
		const struct conf_setting *s = &g->at[i];

		if (names_find(s->name, &why) != NAMES_PARAM ||
		    s != parse_last(g, s->name) || launch_has(c, s->name))
			continue;
		json_str(j, s->name,
			 dump_is_secret(s->name) ? hidden(s->value) : s->value);
	}
	json_end(j);
}

static void
put_default(struct json *j, const char *name, const char *dflt,
	    const char *values, const char *doc)
{
	json_object(j, NULL);
	json_str(j, "name", name);
	json_str(j, "default", dflt);
	json_str(j, "values", values);
	json_str(j, "help", doc);
	json_end(j);
}

static void
put_defaults(struct json *j)
{
	const struct names_backend_option *b;
	const struct option *o;
	char range[OPTION_RANGE_MAX], name[LAUNCH_NAME_MAX];

	json_array(j, NULL);
	for (size_t i = 0; (o = option_at(i)) != NULL; i++)
		if (o->type != OPTION_HEADING)
			put_default(j, o->name, o->dflt, option_range(o, range),
				    o->doc);
	for (size_t i = 0; (b = names_backend_option_at(i)) != NULL; i++) {
		struct text t = text_over(name, sizeof(name));

		text_fmt(&t, "%s-%s", b->type, b->key);
		put_default(j, name, b->dflt, "text", b->doc);
	}
	json_end(j);
}

void
conf_dump_json(const struct conf *c, const char *mode, struct text *out)
{
	struct json j = json_over(out);
	bool diff = strcmp(mode, "diff") == 0;

	if (strcmp(mode, "default") == 0) {
		put_defaults(&j);
		return;
	}
	json_object(&j, NULL);
	for (size_t i = 0; i < option_count(); i++)
		if (!diff || (option_at(i)->type != OPTION_HEADING &&
			      dump_is_changed(c, i)))
			put_option(&j, c, i);
	for (size_t i = 0; i < c->n_launches; i++)
		put_backend(&j, c, &c->launches[i], diff);
	put_params(&j, c);
	json_end(&j);
}
