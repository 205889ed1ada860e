/* SPDX-License-Identifier: GPL-3.0-or-later
 * build-aux/completion.c - writes the shell completions of the server and the
 * tool from the tables of ipc/, conf/, dns/ and shm/: one file a call, to
 * standard output. build-aux/completion compiles and runs it;
 * t/unit/test_completion.c includes it, to see that the files in completion/
 * are up to date.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef PDNSLUA_SYSCONFDIR
#define PDNSLUA_SYSCONFDIR "/etc/pdnslua"

enum comp_type {
	COMP_BOOL,
	COMP_NUM,
	COMP_TEXT,
	COMP_SECRET,
	COMP_PATH,
	COMP_LIST,
	COMP_ADDRS,
	COMP_MASKS
};

enum comp_when { COMP_RESTART, COMP_RELOAD, COMP_LIVE };

static const struct comp_option {
	const char *name;
	enum comp_type type;
	enum comp_when when; /* does pdnsluactl set take it? */
	const char *doc;
} comp_options[] = {
#define OPTION(field, name, type, dflt, min, max, when, doc) \
	{(name), COMP_##type, COMP_##when, (doc)},
#include "conf/options.tbl"
#undef OPTION
#define BACKEND_OPTION(type, key, dflt, doc) \
	{type "-" key, COMP_PATH, COMP_RESTART, (doc)},
#include "conf/backends.tbl"
};

/* Settings whose values are words, or known to the machine. */
static const struct comp_values {
	const char *name, *words;
} comp_values[] = {
    {"launch", "lua2"},
    {"log-format", "text json"},
    {"setuid", "$(compgen -u)"},
    {"setgid", "$(compgen -g)"},
    {"version-string", "full powerdns anonymous"},
};

static const struct comp_verb {
	const char *name, *args, *doc;
} comp_verbs[] = {
#define VERB(id, name, args, place, doc) {(name), (args), (doc)},
#include "ipc/verbs.tbl"
#undef VERB
};

static const char *const comp_types[] = {
#define TYPE(code, name, fields, flags, doc) #name,
#include "dns/types.tbl"
#undef TYPE
};

static const char *const comp_counters[] = {
#define COUNTER(field, name, doc) name,
#include "shm/counters.tbl"
#undef COUNTER
};

#define COMP_COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char comp_note[] =
    "# SPDX-License-Identifier: GPL-3.0-or-later\n"
    "# Written by build-aux/completion from the tables of pdnslua.\n\n";

/* --- words of a verb's arguments ------------------------------------------ */

/* The next word of "[NAME|zone:NAME|clear...]" that is written as it stands:
 * "zone:", "clear". 0: no more. */
static size_t
comp_literal(const char **at, const char **word)
{
	static const char between[] = "[]|. ";

	for (;;) {
		size_t n, keep = 0;

		*at += strspn(*at, between);
		n = strcspn(*at, between);
		if (n == 0)
			return 0;
		*word = *at;
		*at += n;
		while (keep < n &&
		       (islower((unsigned char)(*word)[keep]) ||
			(*word)[keep] == '-' || (*word)[keep] == ':'))
			keep++;
		if (keep > 0)
			return keep;
	}
}

static bool
comp_has_literals(const char *args)
{
	const char *word;

	return comp_literal(&args, &word) > 0;
}

static void
comp_put_literals(FILE *out, const char *args)
{
	const char *word, *gap = "";
	size_t n;

	while ((n = comp_literal(&args, &word)) > 0) {
		fprintf(out, "%s%.*s", gap, (int)n, word);
		gap = " ";
	}
}

/* --- bash ----------------------------------------------------------------- */

/* Words in lines of at most 76 bytes. */
static void
comp_put_words(FILE *out, const char *const *words, size_t n,
	       const char *indent)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(words[i]) + 1;

		if (used == 0 || used + len > 68) {
			fprintf(out, "%s%s", used ? "\n" : "", indent);
			used = 0;
		}
		fprintf(out, "%s%s", used ? " " : "", words[i]);
		used += len;
	}
	fputc('\n', out);
}

/* What may stand behind a verb: words of its arguments, or names of counters,
 * settings, verbs. */
static void
comp_put_words_of(FILE *out, const char *verb, const char *indent)
{
	const char *names[COMP_COUNT(comp_options) + COMP_COUNT(comp_verbs)];
	size_t n = 0;

	if (strcmp(verb, "show") == 0) {
		comp_put_words(out, comp_counters, COMP_COUNT(comp_counters),
			       indent);
		return;
	}
	for (size_t i = 0; i < COMP_COUNT(comp_options); i++)
		if (strcmp(verb, "set") == 0 &&
		    comp_options[i].when != COMP_RESTART)
			names[n++] = comp_options[i].name;
	for (size_t i = 0; i < COMP_COUNT(comp_verbs); i++)
		if (strcmp(verb, "help") == 0)
			names[n++] = comp_verbs[i].name;
	comp_put_words(out, names, n, indent);
}

static const char *const comp_listed[] = {"help", "set", "show"};

static bool
comp_is_listed(const char *verb)
{
	for (size_t i = 0; i < COMP_COUNT(comp_listed); i++)
		if (strcmp(comp_listed[i], verb) == 0)
			return true;
	return false;
}

/* bash splits words at = and :, so --name=value comes in three of them. */
static const char comp_bash_value[] = "\t# --NAME=VALUE comes as three words\n"
				      "\tif [[ $cur == = ]]; then\n"
				      "\t\tname=$prev cur=\n"
				      "\telif [[ $prev == = ]]; then\n"
				      "\t\tname=${COMP_WORDS[COMP_CWORD-2]}\n"
				      "\tfi\n";

static void
comp_bash_tool(FILE *out)
{
	fputs(comp_note, out);
	fputs("_pdnsluactl()\n{\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n"
	      "\tlocal prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tlocal i name= verb= words=\n\n"
	      "\tCOMPREPLY=()\n",
	      out);
	fputs(comp_bash_value, out);
	fputs("\tcase $name in\n"
	      "\t--socket-dir)\n"
	      "\t\tCOMPREPLY=($(compgen -d -- \"$cur\"))\n"
	      "\t\treturn ;;\n"
	      "\tesac\n"
	      "\tif [[ $prev == -c ]]; then\n"
	      "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\tcase ${COMP_WORDS[i]} in\n"
	      "\t\t-c | =) ((i++)) ;;\n"
	      "\t\t-*) ;;\n"
	      "\t\t*)\n"
	      "\t\t\tverb=${COMP_WORDS[i]}\n"
	      "\t\t\tbreak ;;\n"
	      "\t\tesac\n"
	      "\tdone\n"
	      "\tcase $verb in\n"
	      "\t'')\n"
	      "\t\twords='\n",
	      out);
	for (size_t i = 0; i < COMP_COUNT(comp_verbs); i++)
		fprintf(out, "\t\t%s\n", comp_verbs[i].name);
	fputs("\t\t'\n"
	      "\t\t[[ $cur == -* ]] &&\n"
	      "\t\t    words='-c --socket-dir= --json -h --help -V "
	      "--version' ;;\n",
	      out);
	for (size_t i = 0; i < COMP_COUNT(comp_verbs); i++) {
		if (comp_is_listed(comp_verbs[i].name) ||
		    !comp_has_literals(comp_verbs[i].args))
			continue;
		fprintf(out, "\t%s) words='", comp_verbs[i].name);
		comp_put_literals(out, comp_verbs[i].args);
		fputs("' ;;\n", out);
	}
	for (size_t i = 0; i < COMP_COUNT(comp_listed); i++) {
		fprintf(out, "\t%s)\n\t\twords='\n", comp_listed[i]);
		comp_put_words_of(out, comp_listed[i], "\t\t");
		fputs("\t\t' ;;\n", out);
	}
	fputs("\tesac\n"
	      "\t[[ -n $verb && $cur == -* ]] && words+=' --json --help'\n"
	      "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	      "\t[[ ${COMPREPLY[0]} == *[=:] ]] && compopt -o nospace "
	      "2>/dev/null\n"
	      "\treturn 0\n"
	      "}\n"
	      "complete -F _pdnsluactl pdnsluactl\n",
	      out);
}

static const char *
comp_words_of(const struct comp_option *o)
{
	size_t n = strlen(o->name);

	for (size_t i = 0; i < COMP_COUNT(comp_values); i++)
		if (strcmp(comp_values[i].name, o->name) == 0)
			return comp_values[i].words;
	if (o->type == COMP_BOOL ||
	    (n > 14 && strcmp(o->name + n - 14, "-query-logging") == 0))
		return "yes no";
	return NULL;
}

static bool
comp_is_path(const struct comp_option *o)
{
	return (o->type == COMP_PATH && !comp_words_of(o) &&
		!strstr(o->name, "-api")) ||
	       strcmp(o->name, "include-dir") == 0;
}

/* The settings that pick says, as cases of name. */
static void
comp_bash_case(FILE *out, bool (*pick)(const struct comp_option *))
{
	const char *names[COMP_COUNT(comp_options)];
	size_t n = 0;

	for (size_t i = 0; i < COMP_COUNT(comp_options); i++)
		if (pick(&comp_options[i]))
			names[n++] = comp_options[i].name;
	for (size_t i = 0; i < n; i++)
		fprintf(out, "\t--%s%s\n", names[i], i + 1 < n ? " | \\" : ")");
}

static bool
comp_is_bool(const struct comp_option *o)
{
	const char *words = comp_words_of(o);

	return words && strcmp(words, "yes no") == 0;
}

static void
comp_bash_server(FILE *out)
{
	fputs(comp_note, out);
	fputs("_pdnslua()\n{\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n"
	      "\tlocal prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tlocal name= words=\n\n"
	      "\tCOMPREPLY=()\n",
	      out);
	fputs(comp_bash_value, out);
	fputs("\tcase $name in\n"
	      "\t'') ;;\n"
	      "\t--config) words='check diff default' ;;\n",
	      out);
	for (size_t i = 0; i < COMP_COUNT(comp_values); i++)
		fprintf(out, "\t--%s) words=%s%s%s ;;\n", comp_values[i].name,
			comp_values[i].words[0] == '$' ? "" : "'",
			comp_values[i].words,
			comp_values[i].words[0] == '$' ? "" : "'");
	comp_bash_case(out, comp_is_bool);
	fputs("\t\twords='yes no' ;;\n", out);
	comp_bash_case(out, comp_is_path);
	fputs("\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
	      "\t\tcompopt -o filenames 2>/dev/null ;;\n"
	      "\tesac\n"
	      "\tif [[ -n $name ]]; then\n"
	      "\t\t[[ -n $words ]] &&\n"
	      "\t\t    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	      "\t\treturn 0\n"
	      "\tfi\n"
	      "\tif [[ $prev == -c ]]; then\n"
	      "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
	      "\t\tcompopt -o filenames 2>/dev/null\n"
	      "\t\treturn 0\n"
	      "\tfi\n"
	      "\tif ((COMP_CWORD > 2)) &&\n"
	      "\t    [[ ${COMP_WORDS[COMP_CWORD-2]} == --ask ]]; then\n"
	      "\t\twords='\n",
	      out);
	comp_put_words(out, comp_types, COMP_COUNT(comp_types), "\t\t");
	fputs("\t\t'\n"
	      "\t\tCOMPREPLY=($(compgen -W \"${words//_/-}\" -- "
	      "\"${cur^^}\"))\n"
	      "\t\treturn 0\n"
	      "\tfi\n"
	      "\twords='\n"
	      "\t-c -h -V --help --version --config --ask --from --ecs --do "
	      "--tcp --explain\n",
	      out);
	for (size_t i = 0; i < COMP_COUNT(comp_options); i++)
		fprintf(out, "\t--%s=\n", comp_options[i].name);
	fputs("\t'\n"
	      "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	      "\t[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace "
	      "2>/dev/null\n"
	      "\treturn 0\n"
	      "}\n"
	      "complete -F _pdnslua pdnslua\n",
	      out);
}

/* --- zsh ------------------------------------------------------------------ */

/* Text inside '...' of zsh; special are bytes that need a backslash there. */
static void
comp_zsh_text(FILE *out, const char *text, size_t len, const char *special)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\'')
			fputs("'\\'", out);
		else if (strchr(special, text[i]))
			fputc('\\', out);
		fputc(text[i], out);
	}
}

/* The first sentence, without its full stop. */
static size_t
comp_sentence(const char *doc)
{
	const char *stop = strstr(doc, ". ");
	size_t n = stop ? (size_t)(stop - doc) : strlen(doc);

	return n > 0 && doc[n - 1] == '.' ? n - 1 : n;
}

static void
comp_zsh_tool(FILE *out)
{
	fputs("#compdef pdnsluactl\n", out);
	fputs(comp_note, out);
	fputs("local -a verbs\nlocal -A words_of\n"
	      "local state word verb=\nverbs=(\n",
	      out);
	for (size_t i = 0; i < COMP_COUNT(comp_verbs); i++) {
		const struct comp_verb *v = &comp_verbs[i];

		fprintf(out, "\t'%s:", v->name);
		comp_zsh_text(out, v->doc, comp_sentence(v->doc), "");
		fputs("'\n", out);
	}
	fputs(")\n", out);
	for (size_t i = 0; i < COMP_COUNT(comp_listed); i++) {
		fprintf(out, "words_of[%s]='\n", comp_listed[i]);
		comp_put_words_of(out, comp_listed[i], "\t");
		fputs("'\n", out);
	}
	fputs("_arguments -S \\\n"
	      "\t'(--socket-dir)-c[configuration that names the socket]"
	      ":file:_files' \\\n"
	      "\t'(-c)--socket-dir=[directory of the control socket]"
	      ":directory:_directories' \\\n"
	      "\t'--json[answer in JSON]' \\\n"
	      "\t'(- *)'{-h,--help}'[list the verbs]' \\\n"
	      "\t'(- *)'{-V,--version}'[print the version]' \\\n"
	      "\t'1: :->verb' \\\n"
	      "\t'*: :->argument' && return\n\n"
	      "if [[ $state == verb ]]; then\n"
	      "\t_describe -t verbs verb verbs\n"
	      "\treturn\n"
	      "fi\n"
	      "for word in $words[2,CURRENT-1]; do\n"
	      "\t[[ -n ${verbs[(r)$word:*]} ]] && verb=$word && break\n"
	      "done\n"
	      "case $verb in\n",
	      out);
	for (size_t i = 0; i < COMP_COUNT(comp_verbs); i++) {
		if (comp_is_listed(comp_verbs[i].name) ||
		    !comp_has_literals(comp_verbs[i].args))
			continue;
		fprintf(out, "%s) compadd -- ", comp_verbs[i].name);
		comp_put_literals(out, comp_verbs[i].args);
		fputs(" ;;\n", out);
	}
	fputs("*) compadd -- ${=words_of[$verb]} ;;\nesac\n", out);
}

static void
comp_zsh_value(FILE *out, const struct comp_option *o)
{
	const char *words = comp_words_of(o);

	fputs(":value:", out);
	if (comp_is_path(o))
		fputs("_files", out);
	else if (strcmp(o->name, "setuid") == 0)
		fputs("_users", out);
	else if (strcmp(o->name, "setgid") == 0)
		fputs("_groups", out);
	else if (words)
		fprintf(out, "(%s)", words);
}

static void
comp_zsh_server(FILE *out)
{
	fputs("#compdef pdnslua\n", out);
	fputs(comp_note, out);
	fputs("_arguments -S \\\n"
	      "\t'-c[read this configuration]:file:_files' \\\n"
	      "\t'(- *)'{-h,--help}'[list all settings]' \\\n"
	      "\t'(- *)'{-V,--version}'[print the version]' \\\n"
	      "\t'--config=-[print or check the configuration]"
	      "::mode:(check diff default)' \\\n"
	      "\t'--ask[answer one question]:name:_hosts:type:(",
	      out);
	for (size_t i = 0; i < COMP_COUNT(comp_types); i++) {
		fputs(i ? " " : "", out);
		for (const char *p = comp_types[i]; *p; p++)
			fputc(*p == '_' ? '-' : *p, out);
	}
	fputs(")' \\\n"
	      "\t'--from[the question comes from this address]:address:' \\\n"
	      "\t'--ecs[it carries this client subnet]:network:' \\\n"
	      "\t'--do[it has the DO bit set]' \\\n"
	      "\t'--tcp[it came over TCP]' \\\n"
	      "\t'--explain[print each step of its answer]'",
	      out);
	for (size_t i = 0; i < COMP_COUNT(comp_options); i++) {
		const struct comp_option *o = &comp_options[i];

		fprintf(out, " \\\n\t'--%s=[", o->name);
		comp_zsh_text(out, o->doc, comp_sentence(o->doc), "[]:\\");
		fputc(']', out);
		comp_zsh_value(out, o);
		fputc('\'', out);
	}
	fputc('\n', out);
}

/* --- files ---------------------------------------------------------------- */

/* As they lie in completion/, and are installed. */
static const struct comp_file {
	const char *name;
	void (*write)(FILE *);
} comp_files[] = {
    {"pdnslua.bash", comp_bash_server},
    {"pdnsluactl.bash", comp_bash_tool},
    {"_pdnslua", comp_zsh_server},
    {"_pdnsluactl", comp_zsh_tool},
};

#ifndef COMPLETION_NO_MAIN
int
main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < COMP_COUNT(comp_files); i++)
		if (strcmp(comp_files[i].name, argv[1]) == 0) {
			comp_files[i].write(stdout);
			return fclose(stdout) != 0;
		}
	for (size_t i = 0; argc == 1 && i < COMP_COUNT(comp_files); i++)
		puts(comp_files[i].name);
	return argc == 1 ? 0 : 2;
}
#endif
