/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_conf.c - settings from texts: grammar, names, values, lists,
 * backends. Files are test_conf_files.c.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/names.h"
#include "conf/option.h"
#include "lib/log.h"
#include "t/unit/capture.h"

/* What was logged is in *said, without the "pdnslua: " of each line. */
static struct conf *
load(const char *text, struct capture *said)
{
	struct conf *c = NULL;
	enum err e;
	char *from, *to;

	log_set_level(LOG_LEVEL_WARNING);
	capture_begin(said, STDERR_FILENO);
	e = conf_load_text("t.conf", slice_str(text), &c);
	capture_end(said);
	cr_assert((e == ERR_NONE) == (c != NULL));
	for (from = to = said->text; *from;) {
		size_t n = strcspn(from, "\n");

		n += from[n] == '\n';
		if (strncmp(from, "pdnslua: ", 9) == 0) {
			from += 9;
			n -= 9;
		}
		memmove(to, from, n);
		from += n;
		to += n;
	}
	*to = '\0';
	return c;
}

/* A text without a mistake and without a warning. */
static struct conf *
load_clean(const char *text)
{
	struct capture said;
	struct conf *c = load(text, &said);

	cr_assert(c != NULL, "%s: %s", text, said.text);
	cr_assert_str_eq(said.text, "", "%s: %s", text, said.text);
	capture_free(&said);
	return c;
}

static const struct {
	const char *text, *value; /* of lua2-x; NULL: not set */
} grammar[] = {
    {"lua2-x=1", "1"},
    {"lua2-x=1\n", "1"},
    {"lua2-x=1\r\n", "1"},
    {"  lua2-x \t =  1  \n", "1"},
    {"lua2-x=", ""},
    {"lua2-x = \n", ""},
    {"lua2-x", "yes"},
    {" lua2-x \n", "yes"},
    {"lua2-x # why", "yes"},
    {"lua2-x=a b", "a b"},
    {"lua2-x=a=b", "a=b"},
    {"lua2-x=a # b # c", "a"},
    {"lua2-x=a\t# b", "a"},
    {"lua2-x=a#b", "a#b"},
    {"lua2-x=#b", "#b"},
    {"lua2-x= # b", ""},
    {"# lua2-x=1", NULL},
    {"   # lua2-x=1", NULL},
    {"#\n\n \t\nlua2-x=1\n\n", "1"},
    {"# a comment goes on \\\nlua2-x=1", NULL},
    {"lua2-x=a,\\\n  b", "a,  b"},
    {"lua2-x=a,\\  \r\nb\\\nc", "a,bc"},
    {"lua2-x=1\\", "1"},
    {"lua2-x=1\\\n", "1"},
    {"lua2-x=a\\b", "a\\b"},
    {"\xef\xbb\xbflua2-x=1", "1"},
    {"lua2-x=1\nlua2-x=2", "2"},
    {"lua2-x=1\nlua2-x+=2", "1, 2"},
    {"lua2-x=1\nlua2-x += 2\nlua2-x+=3", "1, 2, 3"},
    {"lua2-x+=2", "2"},
    {"lua2-x=\nlua2-x+=2", "2"},
    {"lua2-x=1\nlua2-x+=", "1"},
    {"lua2-x=1\nlua2-x+=2\nlua2-x=3", "3"},
    {"lua2-x=\xc3\xa4", "\xc3\xa4"},
    {"", NULL},
};

Test(conf, reads_the_grammar_of_pdns_conf)
{
	for (size_t i = 0; i < COUNT(grammar); i++) {
		struct conf *c = load_clean(grammar[i].text);
		const char *v = conf_param(c, "lua2-x");

		if (grammar[i].value)
			cr_expect_str_eq(v ? v : "(unset)", grammar[i].value,
					 "%s", grammar[i].text);
		else
			cr_expect_null(v, "%s: %s", grammar[i].text, v);
		conf_free(c);
	}
}

#define NO_LIST "is not a list, += cannot append\n"
#define INSTANCE "a name of letters, digits, - and _ must follow the colon\n"

static const struct {
	const char *text, *said;
} mistakes[] = {
    {"foo=1", "t.conf:1: foo: unknown setting\n"},
    {"\n\nlokal-port=1",
     "t.conf:3: lokal-port: unknown setting (did you mean local-port?)\n"},
    {"Local-Port=1",
     "t.conf:1: Local-Port: unknown setting (did you mean local-port?)\n"},
    {"--local-port=1",
     "t.conf:1: --local-port: unknown setting (did you mean local-port?)\n"},
    {"cahce-ttl=1",
     "t.conf:1: cahce-ttl: unknown setting (did you mean cache-ttl?)\n"},
    {"foo bar", "t.conf:1: foo bar: unknown setting\n"},
    {"a long name that nobody could ever have meant to be a setting of ours=1",
     "t.conf:1: a long name that nobody could ever have meant to be a setting "
     "of ours: unknown setting\n"},
    {"=1", "t.conf:1: no name of a setting before the =\n"},
    {" += 1", "t.conf:1: no name of a setting before the =\n"},
    {"lua2-x=\x01", "t.conf:1: control character (byte 1)\n"},
    {"lua2-x=\rb", "t.conf:1: control character (byte 13)\n"},
    {"lua2-\x7fx", "t.conf:1: control character (byte 127)\n"},
    {"local-port=abc", "t.conf:1: local-port: \"abc\" is not a number\n"},
    {"local-port=5 3", "t.conf:1: local-port: \"5 3\" is not a number\n"},
    {"local-port=0x35", "t.conf:1: local-port: \"0x35\" is not a number\n"},
    {"local-port=+53", "t.conf:1: local-port: \"+53\" is not a number\n"},
    {"local-port=", "t.conf:1: local-port: \"\" is not a number\n"},
    {"local-port", "t.conf:1: local-port: needs a value\n"},
    {"local-port=0", "t.conf:1: local-port: 0 is not in 1..65535\n"},
    {"local-port=-1", "t.conf:1: local-port: -1 is not in 1..65535\n"},
    {"local-port=65536", "t.conf:1: local-port: 65536 is not in 1..65535\n"},
    {"local-port=99999999999999999999",
     "t.conf:1: local-port: 99999999999999999999 is not in 1..65535\n"},
    {"workers=257", "t.conf:1: workers: 257 is not in 0..256\n"},
    {"udp-truncation-threshold=511",
     "t.conf:1: udp-truncation-threshold: 511 is not in 512..65535\n"},
    {"local-port+=1", "t.conf:1: local-port: " NO_LIST},
    {"any-to-tcp+=no", "t.conf:1: any-to-tcp: " NO_LIST},
    {"any-to-tcp=maybe",
     "t.conf:1: any-to-tcp: \"maybe\" is neither yes nor no\n"},
    {"local-address=1.2.3",
     "t.conf:1: local-address: \"1.2.3\" is not an IP address\n"},
    {"local-address=localhost",
     "t.conf:1: local-address: \"localhost\" is not an IP address\n"},
    {"local-address=1.2.3.4/8",
     "t.conf:1: local-address: \"1.2.3.4/8\" is not an IP address\n"},
    {"local-address=1.2.3.4:0",
     "t.conf:1: local-address: \"1.2.3.4:0\": the port is not in 1..65535\n"},
    {"local-address=1.2.3.4:65536", "t.conf:1: local-address: "
				    "\"1.2.3.4:65536\": the port is not in "
				    "1..65535\n"},
    {"local-address=[::1]:x",
     "t.conf:1: local-address: \"[::1]:x\": the port is not in 1..65535\n"},
    {"local-address=::1, 5.6.7, ::2, x", "t.conf:1: local-address: \"5.6.7\" "
					 "is not an IP address\n"
					 "t.conf:1: local-address: \"x\" is "
					 "not an IP address\n"},
    {"local-address=::1\nlocal-address+=x",
     "t.conf:2: local-address: \"x\" is not an IP address\n"},
    {"local-address=", "t.conf:1: local-address: no address to listen on\n"},
    {"local-address", "t.conf:1: local-address: needs a value\n"},
    {"proxy-protocol-from=x",
     "t.conf:1: proxy-protocol-from: \"x\" is not an address or netmask\n"},
    {"proxy-protocol-from=!",
     "t.conf:1: proxy-protocol-from: \"!\" is not an address or netmask\n"},
    {"proxy-protocol-from=10.0.0.0/", "t.conf:1: proxy-protocol-from: "
				      "\"10.0.0.0/\" is not an address or "
				      "netmask\n"},
    {"proxy-protocol-from=10.0.0.0/33",
     "t.conf:1: proxy-protocol-from: \"10.0.0.0/33\": the mask is longer than "
     "the address\n"},
    {"proxy-protocol-from=!::/129",
     "t.conf:1: proxy-protocol-from: \"!::/129\": the mask is longer than the "
     "address\n"},
    {"edns-cookie-secret=abc",
     "t.conf:1: edns-cookie-secret: must be 32 hexadecimal digits or the word "
     "random\n"},
    {"edns-cookie-secret=0123456789abcdef0123456789abcdeg",
     "t.conf:1: edns-cookie-secret: must be 32 hexadecimal digits or the word "
     "random\n"},
    {"logging-facility=8",
     "t.conf:1: logging-facility: \"8\" is not a digit from 0 to 7\n"},
    {"logging-facility=local0",
     "t.conf:1: logging-facility: \"local0\" is not a digit from 0 to 7\n"},
    {"setuid=a-name-that-is-far-too-long-for-any-user-of-any-machine-that-is-"
     "here",
     "t.conf:1: setuid: longer than 64 bytes\n"},
    {"launch=lua2, foo", "t.conf:1: launch: there is no backend \"foo\", only "
			 "lua2\n"},
    {"launch=lau2", "t.conf:1: launch: there is no backend \"lau2\" (did you "
		    "mean lua2?)\n"},
    {"launch=lmdb", "t.conf:1: launch: lmdb is not in this version of pdnslua "
		    "yet, only lua2 is\n"},
    {"launch=lua:geo", "t.conf:1: launch: lua is not in this version of "
		       "pdnslua yet, only lua2 is\n"},
    {"launch=random", "t.conf:1: launch: pdnslua has no random backend: a lua2 "
		      "script can return such a row in a few lines\n"},
    {"launch=lua2, lua2:a, lua2", "t.conf:1: launch: lua2 is there twice; a "
				  "second one needs a name of its own "
				  "(lua2:NAME)\n"},
    {"launch=lua2:", "t.conf:1: launch: \"lua2:\": " INSTANCE},
    {"launch=lua2:a.b", "t.conf:1: launch: \"lua2:a.b\": " INSTANCE},
    {"launch=lua2\nlua2-api=1", "t.conf:2: lua2-api: version 1 is the "
				"interface of the lua backend: that is "
				"launch=lua, not in this version yet\n"},
    {"lua2-g-api=3\nlaunch=lua2:g", "t.conf:1: lua2-g-api: \"3\" is not a "
				    "version of the interface, only 2 is\n"},
    {"lmdb-filename=/x", "t.conf:1: lmdb-filename: pdnslua does not read the "
			 "LMDB files of PowerDNS: answer from a lua2 script "
			 "(launch=lua2)\n"},
    {"lmdb-two-filename=/x", "t.conf:1: lmdb-two-filename: pdnslua does not "
			     "read the LMDB files of PowerDNS: answer from a "
			     "lua2 script (launch=lua2)\n"},
    /* A later line does not hide it, and lines are counted as written. */
    {"a=1\nlua2-x=1,\\\n 2\nlocal-port=x\nlocal-port=53\n=\n",
     "t.conf:6: no name of a setting before the =\n"
     "t.conf:1: a: unknown setting\n"
     "t.conf:4: local-port: \"x\" is not a number\n"},
};

Test(conf, names_file_line_and_setting_of_each_mistake)
{
	for (size_t i = 0; i < COUNT(mistakes); i++) {
		struct capture said;
		struct conf *c = load(mistakes[i].text, &said);

		cr_expect_null(c, "%s", mistakes[i].text);
		cr_expect_str_eq(said.text, mistakes[i].said, "%s: %s",
				 mistakes[i].text, said.text);
		capture_free(&said);
		conf_free(c);
	}
}

static const struct {
	const char *text, *said;
} warnings[] = {
    {"master=yes", "t.conf:1: master: is an old name of primary\n"
		   "t.conf:1: primary: has no effect in this version, which "
		   "does not have zone transfers yet\n"},
    {"slave=no\nslave=no\nsecondary=yes",
     "t.conf:1: slave: is an old name of secondary\n"
     "t.conf:1: secondary: has no effect in this version, which does not have "
     "zone transfers yet\n"},
    {"api-key=a\napi-key=b", "t.conf:1: api-key: has no effect in this "
			     "version, which does not have the HTTP API yet\n"},
    {"8bit-dns\nrng=auto", "t.conf:1: 8bit-dns: has no meaning here: names are "
			   "always 8-bit clean\n"
			   "t.conf:2: rng: has no meaning here: random numbers "
			   "come from the kernel (getrandom)\n"},
    {"receiver-threads=4", "t.conf:1: receiver-threads: has no meaning here: "
			   "workers= replaces it, each worker has its own "
			   "sockets\n"},
    {"gmysql-host=a\ngmysql-host=b", "t.conf:1: gmysql-host: has no meaning "
				     "here: it belongs to PowerDNS' gmysql "
				     "backend\n"},
    {"lmdb-shards=64", "t.conf:1: lmdb-shards: has no meaning here: it belongs "
		       "to PowerDNS' lmdb backend\n"},
    {"foo=1\nignore-unknown-settings=bar, foo",
     "t.conf:1: foo: unknown setting, ignored\n"},
    {"config-name=a/b\nno-config",
     "t.conf:1: config-name: has no effect in a file, only on the command "
     "line\n"
     "t.conf:2: no-config: has no effect in a file, only on the command "
     "line\n"},
    {"local-address=::1, [::1]:53",
     "t.conf:1: local-address: [::1]:53 is there twice\n"},
    {"script-time-limit=5000",
     "worker-watchdog: 2000 ms is not above script-time-limit (5000 ms): a "
     "script will cost its worker before it is stopped\n"},
    {"lua2-filname=/x", "t.conf:1: lua2-filname: kept as a parameter of "
			"scripts (did you mean lua2-filename?)\n"},
    {"lua-axfr-skript=/x", "t.conf:1: lua-axfr-skript: kept as a parameter of "
			   "scripts (did you mean lua-axfr-script?)\n"},
    /* No warning: instances, and names that are only a script's. */
    {"launch=lua2:file\nlua2-file-filename=/x", ""},
    {"lua2-dbname=x\nlua-filename=y\nresty-anything=z", ""},
};

Test(conf, warns_once_about_what_has_no_effect)
{
	for (size_t i = 0; i < COUNT(warnings); i++) {
		struct capture said;
		struct conf *c = load(warnings[i].text, &said);

		cr_expect_not_null(c, "%s", warnings[i].text);
		cr_expect_str_eq(said.text, warnings[i].said, "%s: %s",
				 warnings[i].text, said.text);
		capture_free(&said);
		conf_free(c);
	}
}

/* As Debian's pdns_server 4.7.3 --config prints them. */
static const char settings_473[] =
    "8bit-dns allow-axfr-ips allow-dnsupdate-from allow-notify-from "
    "allow-unsigned-autoprimary allow-unsigned-notify "
    "allow-unsigned-supermaster also-notify any-to-tcp api api-key "
    "autosecondary axfr-fetch-timeout axfr-lower-serial cache-ttl "
    "carbon-instance carbon-interval carbon-namespace carbon-ourname "
    "carbon-server chroot config-dir config-name consistent-backends "
    "control-console daemon default-api-rectify default-ksk-algorithm "
    "default-ksk-size default-publish-cdnskey default-publish-cds "
    "default-soa-content default-soa-edit default-soa-edit-signed default-ttl "
    "default-zsk-algorithm default-zsk-size direct-dnskey disable-axfr "
    "disable-axfr-rectify disable-syslog distributor-threads dname-processing "
    "dnssec-key-cache-ttl dnsupdate domain-metadata-cache-ttl "
    "edns-cookie-secret edns-subnet-processing enable-lua-records "
    "entropy-source expand-alias forward-dnsupdate forward-notify guardian "
    "ignore-unknown-settings include-dir launch load-modules local-address "
    "local-address-nonexist-fail local-port log-dns-details log-dns-queries "
    "log-timestamp logging-facility loglevel lua-axfr-script "
    "lua-dnsupdate-policy-script lua-health-checks-expire-delay "
    "lua-health-checks-interval lua-prequery-script lua-records-exec-limit "
    "master max-cache-entries max-ent-entries max-generate-steps "
    "max-include-depth max-nsec3-iterations max-packet-cache-entries "
    "max-queue-length max-signature-cache-entries max-tcp-connection-duration "
    "max-tcp-connections max-tcp-connections-per-client "
    "max-tcp-transactions-per-conn module-dir negquery-cache-ttl no-shuffle "
    "non-local-bind only-notify outgoing-axfr-expand-alias "
    "overload-queue-length prevent-self-notification primary "
    "proxy-protocol-from proxy-protocol-maximum-size query-cache-ttl "
    "query-local-address query-logging queue-limit receiver-threads resolver "
    "retrieval-threads reuseport rng secondary "
    "secondary-check-signature-freshness secondary-do-renotify "
    "security-poll-suffix send-signed-notify server-id setgid setuid "
    "signing-threads slave slave-cycle-interval slave-renotify socket-dir "
    "superslave svc-autohints tcp-control-address tcp-control-port "
    "tcp-control-range tcp-control-secret tcp-fast-open tcp-idle-timeout "
    "traceback-handler trusted-notification-proxy udp-truncation-threshold "
    "upgrade-unknown-types version-string webserver webserver-address "
    "webserver-allow-from webserver-hash-plaintext-credentials "
    "webserver-loglevel webserver-max-bodysize webserver-password "
    "webserver-port webserver-print-arguments write-pid xfr-cycle-interval "
    "xfr-max-received-mbytes zone-cache-refresh-interval "
    "zone-metadata-cache-ttl "
    /* and those that came up to 5.1 */
    "default-catalog-zone default-soa-edit-api delay-notifications "
    "direct-dnskey-signature dnsproxy-udp-port-range dnsupdate-require-tsig "
    "enable-gss-tsig enable-lua-record-updates gss-max-contexts loglevel-show "
    "logging-structured lua-consistent-hashes-cleanup-interval "
    "lua-consistent-hashes-expire-delay lua-global-include-dir "
    "lua-health-checks-max-concurrency lua-records-insert-whitespace "
    "member-catalog-group naptr-additional-processing protobuf-servers "
    "resolve-across-zones rrsig-expiry-extend soa-edit-spread views "
    "webserver-connection-timeout webserver-cross-origin-request-header "
    "webserver-max-concurrent-connections workaround-11804";

Test(conf, knows_every_setting_of_powerdns)
{
	char name[64];
	const char *why;

	for (const char *at = settings_473; *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");
		enum names_kind kind;

		snprintf(name, sizeof(name), "%.*s", (int)n, at);
		at += n;
		kind = names_find(name, &why);
		cr_expect(names_renamed(name) || kind == NAMES_OPTION ||
			      kind == NAMES_IGNORED || kind == NAMES_LATER,
			  "%s is not known", name);
	}
}

Test(conf, puts_each_name_into_one_table)
{
	const struct option *o;
	const char *why;
	size_t i;

	for (i = 0; (o = option_at(i)) != NULL; i++) {
		if (o->type == OPTION_HEADING)
			continue;
		cr_expect_eq(option_find(o->name), i, "%s is twice", o->name);
		cr_expect_null(names_renamed(o->name), "%s", o->name);
		cr_expect_eq(names_find(o->name, &why), NAMES_OPTION);
		cr_expect(o->doc[0] && o->doc[strlen(o->doc) - 1] == '.',
			  "%s: documentation is no sentence", o->name);
	}
	cr_expect_eq(i, option_count());
}

Test(conf, gives_unset_settings_the_defaults_of_the_table)
{
	struct conf *c = load_clean("");
	const struct option *o;

	for (size_t i = 0; (o = option_at(i)) != NULL; i++)
		if (o->type != OPTION_HEADING)
			cr_expect_str_eq(c->texts[i], o->dflt, "%s", o->name);
	cr_expect_eq(c->local_port, 53);
	cr_expect_eq(c->local_address.n, 2);
	cr_expect(c->any_to_tcp && c->dname_processing && !c->no_shuffle);
	cr_expect_eq(c->max_tcp_connections, 1000);
	cr_expect_str_eq(c->version_string, "full");
	cr_expect_str_neq(c->server_id, "");
	cr_expect_str_neq(c->socket_dir, "");
	cr_expect_str_neq(c->store_dir, "");
	cr_expect_eq(c->n_launches, 0);
	conf_free(c);
}

Test(conf, takes_the_directories_that_systemd_made)
{
	struct conf *c;

	setenv("RUNTIME_DIRECTORY", "/run/a:/run/b", 1);
	setenv("STATE_DIRECTORY", "/var/lib/a:/var/lib/b", 1);
	c = load_clean("");
	cr_expect_str_eq(c->socket_dir, "/run/a");
	cr_expect_str_eq(c->store_dir, "/var/lib/a");
	conf_free(c);
	c = load_clean("socket-dir=/s\nstore-dir=/t");
	cr_expect_str_eq(c->socket_dir, "/s");
	cr_expect_str_eq(c->store_dir, "/t");
	conf_free(c);
}

static const struct {
	const char *text;
	bool yes;
} bools[] = {
    {"any-to-tcp=yes", true},	 {"any-to-tcp=no", false},
    {"any-to-tcp=on", true},	 {"any-to-tcp=off", false},
    {"any-to-tcp=true", true},	 {"any-to-tcp=false", false},
    {"any-to-tcp=1", true},	 {"any-to-tcp=0", false},
    {"any-to-tcp=YES", true},	 {"any-to-tcp=No", false},
    {"any-to-tcp=", true},	 {"any-to-tcp", true},
    {"any-to-tcp=no #x", false},
};

Test(conf, reads_yes_and_no)
{
	for (size_t i = 0; i < COUNT(bools); i++) {
		struct conf *c = load_clean(bools[i].text);

		cr_expect_eq(c->any_to_tcp, bools[i].yes, "%s", bools[i].text);
		conf_free(c);
	}
	cr_expect(conf_is_yes("yes") && conf_is_yes("") && conf_is_yes("2"));
	cr_expect(conf_is_yes("nope") && conf_is_yes("offline"));
	cr_expect(!conf_is_yes("no") && !conf_is_yes("off"));
	cr_expect(!conf_is_yes("0") && !conf_is_yes("false"));
	cr_expect(!conf_is_yes(NULL));
}

static const struct {
	const char *text, *addrs;
} address_lists[] = {
    {"", "0.0.0.0:53 [::]:53"},
    {"local-port=5300", "0.0.0.0:5300 [::]:5300"},
    {"local-address=192.0.2.1", "192.0.2.1:53"},
    {"local-address=192.0.2.1 ::1\t192.0.2.2:54\nlocal-port=9",
     "192.0.2.1:9 [::1]:9 192.0.2.2:54"},
    {"local-address=192.0.2.1\nlocal-address+=[::1]:1, ::2",
     "192.0.2.1:53 [::1]:1 [::2]:53"},
    {"local-address+=192.0.2.1", "192.0.2.1:53"},
    {"local-address=192.0.2.1\nlocal-address=::1", "[::1]:53"},
    {"local-address=192.0.2.1:53, 192.0.2.1:54", "192.0.2.1:53 192.0.2.1:54"},
    {"local-address=,,::1,,", "[::1]:53"},
};

static void
list_text(const struct addr_list *list, char *out, size_t cap)
{
	char text[ADDR_TEXT_MAX];

	out[0] = '\0';
	for (size_t i = 0; i < list->n; i++)
		snprintf(out + strlen(out), cap - strlen(out), "%s%s",
			 i ? " " : "", addr_text_port(&list->at[i], text));
}

Test(conf, reads_lists_of_addresses)
{
	for (size_t i = 0; i < COUNT(address_lists); i++) {
		struct conf *c = load_clean(address_lists[i].text);
		char text[512];

		list_text(&c->local_address, text, sizeof(text));
		cr_expect_str_eq(text, address_lists[i].addrs, "%s: %s",
				 address_lists[i].text, text);
		conf_free(c);
	}
}

Test(conf, gives_resolvers_their_own_port)
{
	struct conf *c = load_clean("local-port=5300\nresolver=::1, 192.0.2.1:"
				    "55");
	char text[512];

	list_text(&c->resolver, text, sizeof(text));
	cr_expect_str_eq(text, "[::1]:53 192.0.2.1:55");
	conf_free(c);
	c = load_clean("resolver=::1\nresolver=no");
	cr_expect_eq(c->resolver.n, 0);
	conf_free(c);
}

static const struct {
	const char *masks, *addr;
	bool match;
} masks[] = {
    {"", "192.0.2.1", false},
    {"192.0.2.1", "192.0.2.1", true},
    {"192.0.2.1", "192.0.2.2", false},
    {"192.0.2.0/24", "192.0.2.2", true},
    {"192.0.2.77/24", "192.0.2.2", true},
    {"0.0.0.0/0, ::/0", "2001:db8::1", true},
    {"0.0.0.0/0", "2001:db8::1", false},
    {"192.0.2.0/24 !192.0.2.2", "192.0.2.2", false},
    {"!192.0.2.2, 192.0.2.0/24", "192.0.2.2", false},
    {"!192.0.2.0/24, 192.0.2.2", "192.0.2.2", false},
    {"!192.0.2.2", "192.0.2.3", false},
    {"192.0.2.0/24", "::ffff:192.0.2.3", true},
    {"2001:db8::/32, !2001:db8:1::/48", "2001:db8:1::1", false},
};

Test(conf, matches_netmasks)
{
	for (size_t i = 0; i < COUNT(masks); i++) {
		char text[128];
		struct addr a;
		struct conf *c;

		snprintf(text, sizeof(text), "proxy-protocol-from=%s",
			 masks[i].masks);
		c = load_clean(text);
		cr_assert_eq(addr_parse(slice_str(masks[i].addr), 0, &a),
			     ERR_NONE);
		cr_expect_eq(conf_masks_match(&c->proxy_protocol_from, &a),
			     masks[i].match, "%s: %s", text, masks[i].addr);
		conf_free(c);
	}
}

Test(conf, appends_netmasks_and_forgets_them)
{
	struct conf *c = load_clean("proxy-protocol-from=::1\n"
				    "proxy-protocol-from=10.0.0.0/8\n"
				    "proxy-protocol-from+=!10.1.0.0/16, ::2\n");

	cr_assert_eq(c->proxy_protocol_from.n, 3);
	cr_expect(!c->proxy_protocol_from.deny[0]);
	cr_expect(c->proxy_protocol_from.deny[1]);
	cr_expect_eq(c->proxy_protocol_from.at[1].bits, 16);
	conf_free(c);
}

Test(conf, keeps_or_draws_the_cookie_secret)
{
	struct conf *c = load_clean("edns-cookie-secret="
				    "0123456789abcdef0123456789ABCDEF");
	struct conf *d;

	cr_expect_str_eq(c->edns_cookie_secret,
			 "0123456789abcdef0123456789ABCDEF");
	conf_free(c);
	c = load_clean("edns-cookie-secret=");
	cr_expect_str_eq(c->edns_cookie_secret, "");
	conf_free(c);
	c = load_clean("edns-cookie-secret=random");
	d = load_clean("edns-cookie-secret=random");
	cr_expect_eq(strlen(c->edns_cookie_secret), 32);
	cr_expect_eq(strspn(c->edns_cookie_secret, "0123456789abcdef"), 32);
	cr_expect_str_neq(c->edns_cookie_secret, d->edns_cookie_secret);
	conf_free(c);
	conf_free(d);
}

Test(conf, launches_instances_with_settings_of_their_own)
{
	struct conf *c = load_clean("launch=lua2\n"
				    "launch+=lua2:geo , lua2:b-2\n"
				    "lua2-filename=a\n"
				    "lua2-geo-filename=b\n"
				    "lua2-geo-query-logging=maybe\n");
	const struct launch *l = c->launches;

	cr_assert_eq(c->n_launches, 3);
	cr_expect_str_eq(l[0].type, "lua2");
	cr_expect_str_eq(l[0].instance, "");
	cr_expect_str_eq(l[0].label, "lua2");
	cr_expect_str_eq(l[1].type, "lua2");
	cr_expect_str_eq(l[1].instance, "geo");
	cr_expect_str_eq(l[1].label, "lua2:geo");
	cr_expect_str_eq(conf_backend(c, &l[0], "filename"), "a");
	cr_expect_str_eq(conf_backend(c, &l[1], "filename"), "b");
	cr_expect_str_eq(conf_backend(c, &l[2], "filename"),
			 "powerdns-luabackend.lua");
	cr_expect_str_eq(conf_backend(c, &l[0], "query-logging"), "no");
	cr_expect(conf_is_yes(conf_backend(c, &l[1], "query-logging")));
	cr_expect_null(conf_backend(c, &l[0], "nonsense"));
	conf_free(c);
}

Test(conf, refuses_every_backend_that_is_not_here)
{
	const struct names_backend *b;
	char text[64];

	for (size_t i = 0; (b = names_backend_at(i)) != NULL; i++) {
		struct capture said;
		struct conf *c;

		snprintf(text, sizeof(text), "launch=%s", b->type);
		c = load(text, &said);
		if (b->state == NAMES_BACKEND_OURS) {
			cr_expect_not_null(c, "%s", b->type);
		} else {
			cr_expect_null(c, "%s", b->type);
			cr_expect_eq(capture_count(said.text, "\n"), 1, "%s",
				     said.text);
		}
		conf_free(c);
		capture_free(&said);
	}
}

Test(conf, limits_the_number_of_backends)
{
	char text[256] = "launch=";
	struct capture said;

	for (int i = 0; i < CONF_LAUNCH_MAX + 1; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "lua2:n%d,", i);
	cr_expect_null(load(text, &said));
	cr_expect_str_eq(said.text,
			 "t.conf:1: launch: more than 16 backends\n");
	capture_free(&said);
}

Test(conf, limits_the_number_of_settings)
{
	char *text = calloc(1, 12000 * 3 + 1);
	struct capture said;

	for (int i = 0; i < 12000; i++)
		memcpy(text + 3 * i, "\\=\n", 3);
	/* "\" ends no line here, so each line is one unknown setting. */
	cr_expect_null(load(text, &said));
	cr_expect_eq(capture_count(said.text, "more than 10000 settings"), 1);
	capture_free(&said);
	free(text);
}

Test(conf, finds_parameters_by_their_full_name)
{
	struct conf *c = load_clean("lua2-a=1\nlua-b=2\nresty-c\ncache-ttl=5");

	cr_expect_str_eq(conf_param(c, "lua2-a"), "1");
	cr_expect_str_eq(conf_param(c, "lua-b"), "2");
	cr_expect_str_eq(conf_param(c, "resty-c"), "yes");
	cr_expect_str_eq(conf_param(c, "cache-ttl"), "5");
	cr_expect_null(conf_param(c, "lua2-b"));
	cr_expect_null(conf_param(c, "query-cache-ttl"));
	conf_free(c);
}
