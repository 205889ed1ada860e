/* SPDX-License-Identifier: GPL-3.0-or-later
 * ctl/pdnsluactl.c - talks to a running server over its control socket. Exit
 * status: 0 done, 1 the server said no, 2 usage, 3 no server.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf/conf.h"
#include "ipc/verb.h"
#include "lib/log.h"
#include "lib/text.h"

enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_NO_SERVER };

struct options {
	const char *conf_path, *socket_dir;
	int n;
	char **words; /* verb and arguments */
};

static void
usage(FILE *f)
{
	fputs("Usage: pdnsluactl [-c FILE | --socket-dir=DIR] VERB "
	      "[ARGUMENT...]\n\n",
	      f);
	for (int v = 0; v < VERB_COUNT; v++) {
		const struct verb_info *i = verb_info((enum verb)v);

		fprintf(f, "  %-15s %-13s %s\n", i->name, i->args, i->doc);
	}
}

static void
parse_options(struct options *o, int argc, char **argv)
{
	int i = 1;

	memset(o, 0, sizeof(*o));
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "-h") == 0 ||
		    strcmp(argv[i], "--help") == 0) {
			usage(stdout);
			exit(EXIT_DONE);
		}
		if (strcmp(argv[i], "-V") == 0 ||
		    strcmp(argv[i], "--version") == 0) {
			puts("pdnsluactl " PDNSLUA_VERSION);
			exit(EXIT_DONE);
		}
		if (strcmp(argv[i], "-c") == 0 && i + 1 < argc) {
			o->conf_path = argv[++i];
		} else if (strncmp(argv[i], "--socket-dir=", 13) == 0) {
			o->socket_dir = argv[i] + 13;
		} else {
			fprintf(stderr, "pdnsluactl: unknown option %s\n",
				argv[i]);
			exit(EXIT_USAGE);
		}
	}
	o->n = argc - i;
	o->words = argv + i;
	if (o->n == 0) {
		usage(stderr);
		exit(EXIT_USAGE);
	}
	if (verb_parse(o->words[0]) == VERB_COUNT) {
		fprintf(stderr,
			"pdnsluactl: unknown verb '%s'; see "
			"pdnsluactl --help\n",
			o->words[0]);
		exit(EXIT_USAGE);
	}
}

/* The server's configuration tells where its socket is. */
static const char *
find_socket_dir(const struct options *o, struct conf **conf)
{
	struct cmdline cl = {.action = CONF_DUMP, .path = o->conf_path};

	if (o->socket_dir)
		return o->socket_dir;
	if (conf_load(&cl, conf) != ERR_NONE)
		exit(EXIT_FAILED);
	return (*conf)->socket_dir;
}

static int
connect_to(const char *dir)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (verb_socket_path(dir, a.sun_path, sizeof(a.sun_path)) < 0) {
		fprintf(stderr,
			"pdnsluactl: socket directory %s: name too "
			"long\n",
			dir);
		exit(EXIT_USAGE);
	}
	if (fd >= 0 && connect(fd, (const void *)&a, sizeof(a)) == 0)
		return fd;
	fprintf(stderr, "pdnsluactl: no server on %s: %s\n", a.sun_path,
		strerror(errno));
	exit(EXIT_NO_SERVER);
}

static void
send_line(int fd, const struct options *o)
{
	char line[4096];
	struct text t = text_over(line, sizeof(line));

	for (int i = 0; i < o->n; i++) {
		text_str(&t, i ? " " : "");
		text_str(&t, o->words[i]);
	}
	text_char(&t, '\n');
	if (text_cut(&t)) {
		fprintf(stderr, "pdnsluactl: the command is too long\n");
		exit(EXIT_USAGE);
	}
	if (send(fd, line, t.len, MSG_NOSIGNAL) != (ssize_t)t.len) {
		fprintf(stderr, "pdnsluactl: %s\n", strerror(errno));
		exit(EXIT_NO_SERVER);
	}
}

/* What the server did not understand, or could not do: a failed reload must be
 * one for systemctl, too. */
static bool
is_refusal(const char *reply, size_t len)
{
	static const char *const words[] = {"Unknown", "Error: "};

	for (size_t i = 0; i < COUNT(words); i++)
		if (len >= strlen(words[i]) &&
		    memcmp(reply, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

/* Copy the reply, a refusal to standard error. */
static int
copy_reply(int fd)
{
	char buf[4096];
	size_t total = 0;
	int status = EXIT_DONE;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		if (total == 0 && is_refusal(buf, (size_t)n))
			status = EXIT_FAILED;
		fwrite(buf, 1, (size_t)n,
		       status == EXIT_DONE ? stdout : stderr);
		total += (size_t)n;
	}
	if (n == 0 && total > 0)
		return status;
	fprintf(stderr, "pdnsluactl: the server said nothing\n");
	return EXIT_FAILED;
}

int
main(int argc, char **argv)
{
	struct options o;
	struct conf *conf = NULL;
	int fd, status;

	parse_options(&o, argc, argv);
	log_set_level(LOG_LEVEL_ERR);
	fd = connect_to(find_socket_dir(&o, &conf));
	send_line(fd, &o);
	status = copy_reply(fd);
	close(fd);
	conf_free(conf);
	return status;
}
