/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/rights.c - from root to an ordinary user. Runs in the master once,
 * after the sockets are open; children are born without rights.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf.h"
#include "lib/log.h"
#include "master/rights.h"

struct identity {
	uid_t uid;
	gid_t gid;
	bool has_uid, has_gid;
	char name[64]; /* for initgroups; "" = a bare number */
};

static bool
is_number(const char *s, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(s, &end, 10);
	return *s >= '0' && *s <= '9' && !*end && errno == 0;
}

static void
find_user(const char *word, struct identity *id)
{
	unsigned long n;
	bool number = is_number(word, &n);
	const struct passwd *pw;

	/* the master has one thread */
	if (number)
		/* cppcheck-suppress getpwuidCalled */
		pw = getpwuid((uid_t)n);
	else
		/* cppcheck-suppress getpwnamCalled */
		pw = getpwnam(word);

	if (!pw && !number)
		log_die("setuid: no user '%s' on this machine", word);
	id->has_uid = true;
	id->uid = pw ? pw->pw_uid : (uid_t)n;
	if (!pw)
		return;
	id->has_gid = true;
	id->gid = pw->pw_gid;
	strncpy(id->name, pw->pw_name, sizeof(id->name) - 1);
}

static void
find_group(const char *word, struct identity *id)
{
	unsigned long n;
	bool number = is_number(word, &n);
	/* cppcheck-suppress getgrnamCalled; one thread */
	const struct group *gr = number ? NULL : getgrnam(word);

	if (!gr && !number)
		log_die("setgid: no group '%s' on this machine", word);
	id->has_gid = true;
	id->gid = gr ? gr->gr_gid : (gid_t)n;
}

/* Through a descriptor without following a link: the parent directory may
 * belong to somebody else. */
static void
make_dir(const char *what, const char *path, const struct identity *id)
{
	int fd;

	if (mkdir(path, 0750) < 0 && errno != EEXIST) {
		log_warn("%s: cannot make %s: %s", what, path, strerror(errno));
		return;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		log_warn("%s: %s: %s", what, path, strerror(errno));
		return;
	}
	if (id->has_uid &&
	    fchown(fd, id->uid, id->has_gid ? id->gid : (gid_t)-1) < 0)
		log_warn("%s: cannot give %s to its user: %s", what, path,
			 strerror(errno));
	close(fd);
}

/* Before chroot: the group file may not be inside. */
static void
set_groups(const struct identity *id)
{
	int rc;

	if (!id->has_uid || geteuid() != 0)
		return;
	rc = id->name[0] ? initgroups(id->name, id->gid) : setgroups(0, NULL);
	if (rc < 0)
		log_die("setuid: cannot set the groups: %s", strerror(errno));
}

/* Under systemd's User= the words of the configuration are true already, and a
 * filter of system calls may forbid to say them again. */
static bool
is_already(const struct identity *id)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	return getresuid(&r, &e, &s) == 0 && getresgid(&rg, &eg, &sg) == 0 &&
	       e != 0 && (!id->has_uid || (r == id->uid && e == r && s == r)) &&
	       (!id->has_gid || (rg == id->gid && eg == rg && sg == rg));
}

static void
become(const struct identity *id)
{
	if (is_already(id))
		return;
	if (id->has_gid && setgid(id->gid) < 0)
		log_die("setgid %u: %s", (unsigned)id->gid, strerror(errno));
	if (!id->has_uid)
		return;
	if (setuid(id->uid) < 0)
		log_die("setuid %u: %s", (unsigned)id->uid, strerror(errno));
	/* there must be no way back */
	if (id->uid != 0 && setuid(0) == 0)
		log_die("setuid: root came back");
}

static struct identity
identity_of(const struct conf *conf)
{
	struct identity id = {0};

	if (conf->setuid[0])
		find_user(conf->setuid, &id);
	if (conf->setgid[0])
		find_group(conf->setgid, &id);
	return id;
}

void
rights_make_dirs(const struct conf *conf)
{
	struct identity id = identity_of(conf);

	if (geteuid() != 0 || !id.has_uid)
		return;
	make_dir("store-dir", conf->store_dir, &id);
	make_dir("socket-dir", conf->socket_dir, &id);
}

void
rights_drop(const struct conf *conf)
{
	struct identity id = identity_of(conf);

	if (geteuid() == 0 && !id.has_uid)
		log_warn("running as root: set setuid and setgid");
	set_groups(&id);
	if (conf->chroot[0] && (chdir(conf->chroot) < 0 ||
				chroot(conf->chroot) < 0 || chdir("/") < 0))
		log_die("chroot %s: %s", conf->chroot, strerror(errno));
	become(&id);
}
