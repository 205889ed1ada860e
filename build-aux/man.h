/* SPDX-License-Identifier: GPL-3.0-or-later
 * build-aux/man.h - lists of manuals that are written from tables: text in
 * mdoc, and a copy of a manual with what is between the lines
 *   .\" begin NAME          and          .\" end NAME
 * written anew. For the programs of this folder and the tests that include
 * them.
 */
#ifndef BUILD_AUX_MAN_H
#define BUILD_AUX_MAN_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAN_COUNT(array) (sizeof(array) / sizeof((array)[0]))

static inline void
man_char(FILE *out, char c, bool first)
{
	if (first && (c == '.' || c == '\''))
		fputs("\\&", out);
	if (c == '\\')
		fputs("\\e", out);
	else
		fputc(c, out);
}

/* Text, wrapped, each sentence on a new line. */
static inline void
man_text(FILE *out, const char *text)
{
	size_t used = 0;

	while (*text) {
		size_t n = strcspn(text, " ");
		bool stop = n && text[n - 1] == '.' && text[n];

		if (used && used + 1 + n > 78) {
			fputc('\n', out);
			used = 0;
		}
		if (used)
			fputc(' ', out);
		for (size_t i = 0; i < n; i++)
			man_char(out, text[i], used == 0 && i == 0);
		used += n + (used != 0);
		text += n + (text[n] == ' ');
		if (stop) {
			fputc('\n', out);
			used = 0;
		}
	}
	if (used)
		fputc('\n', out);
}

/* Writes the list of that name; false: there is none. */
typedef bool man_list(FILE *out, const char *name);

/* in to out with all lists written anew; false: a marker is wrong. */
static inline bool
man_copy(FILE *in, FILE *out, man_list *list)
{
	static const char begin[] = ".\\\" begin ", end[] = ".\\\" end ";
	char line[1024], name[64] = "";

	while (fgets(line, sizeof(line), in)) {
		if (strncmp(line, end, sizeof(end) - 1) == 0)
			name[0] = '\0';
		if (!name[0])
			fputs(line, out);
		if (strncmp(line, begin, sizeof(begin) - 1) != 0)
			continue;
		snprintf(name, sizeof(name), "%.*s",
			 (int)strcspn(line + sizeof(begin) - 1, "\n"),
			 line + sizeof(begin) - 1);
		if (!list(out, name))
			return false;
	}
	return !name[0];
}

/* The whole of a program that does that with the manual argv[1]. */
static inline int
man_main(int argc, char **argv, man_list *list)
{
	FILE *in = argc == 2 ? fopen(argv[1], "r") : NULL;

	if (!in) {
		fprintf(stderr, "usage: %s MANUAL\n", argv[0]);
		return 2;
	}
	if (!man_copy(in, stdout, list)) {
		fprintf(stderr, "%s: wrong markers\n", argv[1]);
		return 1;
	}
	fclose(in);
	return fclose(stdout) != 0;
}

#endif
