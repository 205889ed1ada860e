/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_resolve.c - resolve() against a server of our own on a loopback
 * port. The first label of the question says how that server misbehaves.
 */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dns/type.h"
#include "dns/wire.h"
#include "lib/clock.h"
#include "lib/wr.h"
#include "t/unit/luastate.h"

struct server {
	int udp, tcp, stop[2];
	uint16_t port;
	unsigned udp_queries, tcp_queries; /* read after server_stop */
	pthread_t thread;
};

/* www CNAME at, at A 192.0.2.1 (or 60 of them, over TCP), MX and TXT. */
static void
put_answers(struct wr *w, bool many)
{
	static const char cname[] = "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\6\3tgt\xc0"
				    "\x0c",
			  mx[] = "\xc0\x0c\0\x0f\0\1\0\0\0\x05\0\4\0\12\xc0"
				 "\x0c",
			  txt[] = "\xc0\x0c\0\x10\0\1\0\0\0\x05\0\3\2hi",
			  chaos[] = "\xc0\x0c\0\x10\0\3\0\0\0\x05\0\3\2ch";

	if (many) {
		for (unsigned i = 0; i < 60; i++) {
			wr_bytes(w, "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\300\0\2",
				 15);
			wr_u8(w, (uint8_t)i);
		}
		wr_patch_u16(w, 6, 60);
		return;
	}
	wr_bytes(w, cname, sizeof(cname) - 1);
	wr_bytes(w, mx, sizeof(mx) - 1);
	wr_bytes(w, txt, sizeof(txt) - 1);
	wr_bytes(w, chaos, sizeof(chaos) - 1);
	wr_patch_u16(w, 6, 4);
}

static bool
is_label(struct slice query, const char *label)
{
	size_t n = strlen(label);

	return query.len > 13 + n && query.at[12] == n &&
	       memcmp(query.at + 13, label, n) == 0;
}

/* The reply to a query; 0 bytes: none. */
static size_t
make_reply(struct slice query, bool tcp, struct span out)
{
	struct wr w = wr_over(out);
	uint16_t flags = WIRE_QR | WIRE_RD | WIRE_RA;

	wr_slice(&w, query);
	if (is_label(query, "tc") || is_label(query, "tcbad"))
		flags |= tcp ? 0 : WIRE_TC;
	if (is_label(query, "nx"))
		flags |= RCODE_NXDOMAIN;
	if (is_label(query, "fail"))
		flags |= RCODE_SERVFAIL;
	wr_patch_u16(&w, 2, flags);
	if (is_label(query, "tc") && tcp)
		put_answers(&w, true);
	else if (is_label(query, "www") || is_label(query, "strange"))
		put_answers(&w, false);
	if (is_label(query, "tcbad") && tcp)
		return 5;
	if (is_label(query, "broken"))
		wr_patch_u16(&w, 6, 9); /* answers that are not there */
	return is_label(query, "mute") ? 0 : w.len;
}

/* What strangers might send before the true reply. */
static void
send_nonsense(const struct server *s, struct slice query,
	      const struct sockaddr *to, socklen_t to_len)
{
	uint8_t buf[512];
	struct wr w = wr_over((struct span){buf, sizeof(buf)});

	sendto(s->udp, "x", 1, 0, to, to_len);
	sendto(s->udp, "", 0, 0, to, to_len);
	sendto(s->udp, query.at, query.len, 0, to, to_len); /* no reply */
	wr_slice(&w, query);
	wr_patch_u16(&w, 2, WIRE_QR);
	buf[0] ^= 1; /* wrong id */
	sendto(s->udp, buf, w.len, 0, to, to_len);
	buf[0] ^= 1;
	buf[13] ^= 1; /* another name */
	sendto(s->udp, buf, w.len, 0, to, to_len);
	buf[13] ^= 1;
	buf[w.len - 3] ^= 1; /* another type */
	sendto(s->udp, buf, w.len, 0, to, to_len);
}

static void
serve_udp(struct server *s)
{
	uint8_t in[512], out[2048];
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	struct sockaddr *to = (struct sockaddr *)&from;
	ssize_t n = recvfrom(s->udp, in, sizeof(in), 0, to, &from_len);
	struct slice query = slice_of(in, n < 0 ? 0 : (size_t)n);
	size_t len;

	if (query.len < WIRE_HEADER_BYTES)
		return;
	s->udp_queries++;
	if (is_label(query, "second") && s->udp_queries == 1)
		return;
	if (is_label(query, "strange"))
		send_nonsense(s, query, to, from_len);
	len = make_reply(query, false, (struct span){out, sizeof(out)});
	if (len)
		sendto(s->udp, out, len, 0, to, from_len);
}

/* One byte at a time, as a slow network may. */
static void
serve_tcp(struct server *s)
{
	uint8_t in[512], out[2048];
	int fd = accept(s->tcp, NULL, NULL);
	size_t got = 0, len, want = 2;

	while (got < want) {
		ssize_t n = recv(fd, in + got, want - got, 0);

		if (n <= 0)
			break;
		got += (size_t)n;
		if (got == 2)
			want = 2u + (size_t)(in[0] << 8 | in[1]);
	}
	s->tcp_queries++;
	len = make_reply(slice_of(in + 2, want - 2), true,
			 (struct span){out + 2, sizeof(out) - 2});
	out[0] = (uint8_t)(len >> 8);
	out[1] = (uint8_t)len;
	for (size_t i = 0; i < len + 2; i++)
		send(fd, out + i, 1, MSG_NOSIGNAL);
	close(fd);
}

static void *
serve(void *arg)
{
	struct server *s = arg;
	struct pollfd p[] = {{.fd = s->udp, .events = POLLIN},
			     {.fd = s->tcp, .events = POLLIN},
			     {.fd = s->stop[0], .events = POLLIN}};

	while (poll(p, COUNT(p), -1) >= 0 && !p[2].revents) {
		if (p[0].revents)
			serve_udp(s);
		if (p[1].revents)
			serve_tcp(s);
	}
	return NULL;
}

static void
server_start(struct server *s)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);

	memset(s, 0, sizeof(*s));
	/* the TCP port is the one more often taken: choose it first */
	for (int tries = 0; tries < 20; tries++) {
		a.sin_port = 0;
		s->tcp = socket(AF_INET, SOCK_STREAM, 0);
		s->udp = socket(AF_INET, SOCK_DGRAM, 0);
		cr_assert_eq(bind(s->tcp, (struct sockaddr *)&a, sizeof(a)), 0);
		cr_assert_eq(listen(s->tcp, 8), 0);
		getsockname(s->tcp, (struct sockaddr *)&a, &len);
		if (bind(s->udp, (struct sockaddr *)&a, sizeof(a)) == 0)
			break;
		close(s->tcp);
		close(s->udp);
	}
	s->port = ntohs(a.sin_port);
	cr_assert_eq(pipe(s->stop), 0);
	cr_assert_eq(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void
server_stop(struct server *s)
{
	close(s->stop[1]);
	pthread_join(s->thread, NULL);
	close(s->stop[0]);
	close(s->udp);
	close(s->tcp);
}

/* Run a chunk while the server listens; servers[n] are asked in order, those
 * with port 0 get the server's. wait_ms 0: no call is running. */
static void
run_with(struct server *s, struct addr *servers, size_t n, int64_t wait_ms,
	 const char *name, const char *code)
{
	struct conf conf = {.resolver = {servers, n}};
	struct env env = {.conf = &conf, .label = "lua2"};
	lua_State *L;

	server_start(s);
	for (size_t i = 0; i < n; i++)
		if (addr_port(&servers[i]) == 0)
			addr_set_port(&servers[i], s->port);
	L = state_open(&env);
	if (wait_ms)
		env.limits.deadline_us = clock_mono_us() + wait_ms * 1000;
	state_run(L, name, code);
	state_close(L);
	server_stop(s);
}

static struct addr
loopback(uint16_t port)
{
	struct addr a;

	cr_assert_eq(addr_parse(slice_str("127.0.0.1"), port, &a), ERR_NONE);
	return a;
}

Test(resolve, answers_become_resource_records)
{
	struct addr at = loopback(0);
	struct server s;

	run_with(&s, &at, 1, 0, "records",
		 "local t = resolve('www.Example', pdns.ANY)\n"
		 "same(#t, 3)\n"
		 "same(t[1]:qtype(), pdns.CNAME)\n"
		 "same(t[1]:content(), 'tgt.www.Example')\n"
		 "same(tostring(t[1]:qname()), 'www.Example.')\n"
		 "same(t[1]:ttl(), 60)\n"
		 "same(t[1]:domainId(), -1)\n"
		 "same(tostring(t[2]), '10 www.Example.')\n"
		 "same(t[3]:content(), '\"hi\"')\n"
		 "same(#resolve(newDN('www.Example'), newQType('ANY')), 3)\n"
		 "same(#resolve('www.Example', 'any'), 3)\n");
	cr_expect_eq(s.udp_queries, 3);
	cr_expect_eq(s.tcp_queries, 0);
}

Test(resolve, truncated_replies_are_asked_again_over_tcp)
{
	struct addr at = loopback(0);
	struct server s;

	run_with(&s, &at, 1, 0, "tcp",
		 "local t = resolve('tc.example', pdns.A)\n"
		 "same(#t, 60)\n"
		 "same(t[60]:content(), '192.0.2.59')\n");
	cr_expect_eq(s.udp_queries, 1);
	cr_expect_eq(s.tcp_queries, 1);
}

Test(resolve, foreign_replies_are_ignored)
{
	struct addr at = loopback(0);
	struct server s;

	run_with(&s, &at, 1, 0, "strange",
		 "same(#resolve('strange.example', pdns.ANY), 3)\n");
	cr_expect_eq(s.udp_queries, 1);
}

Test(resolve, a_lost_query_is_repeated)
{
	struct addr at = loopback(0);
	struct server s;

	run_with(&s, &at, 1, 0, "second",
		 "same(#resolve('second.example', pdns.A), 0)\n");
	cr_expect_eq(s.udp_queries, 2);
}

Test(resolve, failures_give_an_empty_table)
{
	static const char *const labels[] = {"nx", "fail", "mute", "broken",
					     "tcbad"};

	for (size_t i = 0; i < COUNT(labels); i++) {
		struct addr at = loopback(0);
		struct server s;
		char code[160];

		snprintf(code, sizeof(code),
			 "local t = resolve('%s.example', pdns.A)\n"
			 "same(type(t), 'table')\n"
			 "same(next(t), nil)\n",
			 labels[i]);
		run_with(&s, &at, 1, 0, labels[i], code);
		cr_expect_eq(s.udp_queries, i == 0 ? 1 : 2, "%s", labels[i]);
	}
}

Test(resolve, the_next_server_is_asked)
{
	/* port 1 refuses */
	struct addr at[2] = {loopback(1), loopback(0)};
	struct server s;

	run_with(&s, at, 2, 0, "next",
		 "same(#resolve('www.example', pdns.ANY), 3)\n");
	cr_expect_eq(s.udp_queries, 1);
}

Test(resolve, nothing_is_asked_after_the_deadline)
{
	struct addr at = loopback(0);
	struct server s;

	run_with(&s, &at, 1, -100, "late",
		 "same(#resolve('www.example', pdns.A), 0)\n");
	cr_expect_eq(s.udp_queries, 0);
}

Test(resolve, a_deadline_is_kept)
{
	struct addr at = loopback(0), again = loopback(0);
	struct server s;

	run_with(&s, &at, 1, 60000, "far",
		 "same(#resolve('www.example', pdns.ANY), 3)\n");
	cr_expect_eq(s.udp_queries, 1);
	/* how many tries that gives depends on the machine */
	run_with(&s, &again, 1, 50, "near",
		 "same(#resolve('mute.example', pdns.A), 0)\n");
}

Test(resolve, bad_arguments_raise)
{
	struct addr at = loopback(0);
	struct server s;

	run_with(&s, &at, 1, 0, "arguments",
		 "raises('resolve', resolve)\n"
		 "raises('resolve', resolve, 'a..b', 1)\n"
		 "raises('resolve', resolve, {}, 1)\n"
		 "raises('resolve', resolve, 'a')\n"
		 "raises('resolve', resolve, 'a', 'NOTYPE')\n"
		 "raises('resolve', resolve, 'a', 65536)\n"
		 "raises('resolve', resolve, 'a', {})\n");
	cr_expect_eq(s.udp_queries, 0);
}

Test(resolve, a_failure_is_one_warning)
{
	struct addr at = loopback(0);
	struct conf conf = {.resolver = {&at, 1}};
	struct env env = {.conf = &conf, .label = "lua2:geo"};
	char log[512] = "";
	struct server s;
	lua_State *L;
	FILE *f;

	server_start(&s);
	addr_set_port(&at, s.port);
	L = state_open(&env);
	log_set_level(LOG_LEVEL_WARNING);
	cr_redirect_stderr();
	state_run(L, "fail", "resolve('fail.example', pdns.AAAA)\n");
	f = cr_get_redirected_stderr();
	cr_assert_not_null(fgets(log, sizeof(log), f));
	cr_expect_str_eq(
	    log, "pdnslua: lua2:geo: resolve(fail.example., AAAA) failed: the "
		 "server could not answer\n");
	cr_expect_null(fgets(log, sizeof(log), f));
	state_close(L);
	server_stop(&s);
}

Test(resolve, out_of_memory_is_an_error)
{
	struct addr at = loopback(0);
	struct conf conf = {.resolver = {&at, 1}};
	struct env env = {.conf = &conf};
	struct server s;
	lua_State *L;
	int status = LUA_ERRMEM;

	server_start(&s);
	addr_set_port(&at, s.port);
	L = state_open(&env);
	for (long n = 0; status != LUA_OK; n++) {
		long left = n;
		void *ud;
		lua_Alloc f = lua_getallocf(L, &ud);

		cr_assert_eq(
		    luaL_loadstring(L, "return resolve('www.example', 255)"),
		    LUA_OK);
		lua_setallocf(L, limited_alloc, &left);
		status = lua_pcall(L, 0, 1, 0);
		cr_assert(status == LUA_OK || status == LUA_ERRMEM, "%s",
			  lua_tostring(L, -1));
		lua_setallocf(L, f, ud);
		lua_settop(L, 0);
	}
	state_close(L);
	server_stop(&s);
}
