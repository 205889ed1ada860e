/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_worker.c - UDP and TCP service over sockets of the loopback, one
 * event at a time: no process is started and no clock is waited for.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/conf.h"
#include "dns/type.h"
#include "lib/fd.h"
#include "t/lib/responder.h"
#include "worker/loop.h"
#include "worker/tcp.h"
#include "worker/udp.h"

enum { SHARE = 16 /* queries of a connection in one round, worker/tcp.c */ };

static const char zone[] =
    "test 3600 SOA ns.test. host.test. 1 7200 900 1209600 300\n"
    "a.test 60 A 192.0.2.1\n";

/* A worker's loop without its process, and one listener. */
struct bed {
	struct responder *r;
	struct world world;
	struct heritage heritage;
	struct listener listener;
	struct source udp, tcp;
	struct loop loop;
	struct counters *count;
};

static struct addr
loopback(const char *text)
{
	struct addr a;

	cr_assert_eq(addr_parse(slice_str(text), 0, &a), ERR_NONE);
	return a;
}

static int
bound(int type, struct addr *a)
{
	int fd = socket(addr_family(a), type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t len = sizeof(*a);

	cr_assert_geq(fd, 0);
	cr_assert_eq(bind(fd, &a->u.sa, addr_len(a)), 0);
	cr_assert_eq(getsockname(fd, &a->u.sa, &len), 0);
	return fd;
}

static struct bed *
bed_new(const char *settings, const char *address)
{
	static const char *const zones[] = {zone};
	struct bed *b = xnew(struct bed);
	struct addr tcp_addr = loopback(address);
	int one = 1, udp;

	b->r = responder_new(settings, zones, 1);
	b->world.conf = b->r->conf;
	b->world.answerer = b->r->answerer;
	b->heritage.segment = segment_new(2, 1 << 20);
	b->heritage.n_slots = 2;
	b->world.answerer.slot = segment_slot(b->heritage.segment, 0);
	b->count = &b->world.answerer.slot->counters;
	arena_init(&b->world.arena, 65536, 0);
	b->listener.addr = loopback(address);
	b->listener.wildcard = addr_is_wildcard(&b->listener.addr);
	udp = bound(SOCK_DGRAM, &b->listener.addr);
	setsockopt(udp, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
	b->listener.tcp = bound(SOCK_STREAM, &tcp_addr);
	cr_assert_eq(listen(b->listener.tcp, 64), 0);
	b->udp = (struct source){SOURCE_UDP, udp, &b->listener};
	b->tcp =
	    (struct source){SOURCE_TCP_LISTENER, b->listener.tcp, &b->listener};
	b->loop.heritage = &b->heritage;
	b->loop.successor = b->loop.predecessor.fd = -1;
	b->loop.world = &b->world;
	b->loop.epoll = epoll_create1(EPOLL_CLOEXEC);
	b->loop.udp = udp_new(&b->loop);
	b->loop.tcp = tcp_new(&b->loop);
	world_tick(&b->world);
	return b;
}

/* A worker keeps its buffers until it ends; so do these. */
static void
keep(const void *buffers)
{
	static const void *kept[64];
	static size_t n;

	cr_assert_lt(n, COUNT(kept));
	kept[n++] = buffers;
}

static void
bed_free(struct bed *b)
{
	keep(b->loop.udp);
	keep(b->loop.tcp);
	close(b->udp.fd);
	close(b->listener.tcp);
	close(b->loop.epoll);
	arena_fini(&b->world.arena);
	responder_free(b->r);
	free(b);
}

static struct slice
query(uint16_t id)
{
	struct packet p = {.name = "a.test", .type = TYPE_A};
	struct slice q = packet_make(&p);
	uint8_t *bytes = (uint8_t *)(uintptr_t)q.at;

	bytes[0] = (uint8_t)(id >> 8);
	bytes[1] = (uint8_t)id;
	return q;
}

static unsigned
id_of(const uint8_t *message)
{
	return (unsigned)(message[0] << 8 | message[1]);
}

/* --- UDP
 * ---------------------------------------------------------------------- */

/* A client's socket, connected to the server at that address. */
static int
udp_client(const struct bed *b, const char *server)
{
	struct addr any = loopback("127.0.0.1"), to = loopback(server);
	int fd = bound(SOCK_DGRAM, &any);

	addr_set_port(&to, addr_port(&b->listener.addr));
	cr_assert_eq(connect(fd, &to.u.sa, addr_len(&to)), 0);
	return fd;
}

static void
send_datagram(int fd, struct slice s)
{
	cr_assert_eq(send(fd, s.at, s.len, 0), (ssize_t)s.len);
}

/* The next reply's id; -1: there is none. */
static int
reply_id(int fd)
{
	uint8_t buf[4096];
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	return n < 12 ? -1 : (int)id_of(buf);
}

Test(udp, batches_are_answered_to_everybody_in_order)
{
	struct bed *b = bed_new("", "127.0.0.1");
	int clients[3];

	for (size_t i = 0; i < COUNT(clients); i++)
		clients[i] = udp_client(b, "127.0.0.1");
	for (uint16_t id = 0; id < 150; id++)
		send_datagram(clients[id % 3], query(id));
	udp_serve(&b->loop, &b->udp);
	for (uint16_t id = 0; id < 150; id++)
		cr_assert_eq(reply_id(clients[id % 3]), id);
	for (size_t i = 0; i < COUNT(clients); i++) {
		cr_expect_eq(reply_id(clients[i]), -1);
		close(clients[i]);
	}
	cr_expect_eq(b->count->udp_queries, 150);
	cr_expect_eq(b->count->udp4_answers, 150);
	bed_free(b);
}

Test(udp, rubbish_gets_silence_and_the_others_their_answers)
{
	struct bed *b = bed_new("", "127.0.0.1");
	int fd = udp_client(b, "127.0.0.1");
	static const uint8_t response[12] = {0, 1, 0x80};

	send_datagram(fd, query(1));
	send_datagram(fd, slice_of("", 0));
	send_datagram(fd, slice_of("short", 5));
	send_datagram(fd, slice_of(response, 12));
	send_datagram(fd, query(2));
	udp_serve(&b->loop, &b->udp);
	cr_expect_eq(reply_id(fd), 1);
	cr_expect_eq(reply_id(fd), 2);
	cr_expect_eq(reply_id(fd), -1);
	/* a response is none of ours, but it can be read */
	cr_expect_eq(b->count->udp_queries, 2 + 1);
	cr_expect_eq(b->count->udp_answers, 2);
	cr_expect_eq(b->count->corrupt_packets, 2);
	close(fd);
	bed_free(b);
}

Test(udp, a_datagram_that_is_too_large_is_answered_formerr)
{
	struct bed *b = bed_new("", "127.0.0.1");
	int fd = udp_client(b, "127.0.0.1");
	uint8_t big[9000] = {0, 7, 1, 0, 0, 1}, reply[512];

	send_datagram(fd, slice_of(big, sizeof(big)));
	udp_serve(&b->loop, &b->udp);
	cr_assert_geq(recv(fd, reply, sizeof(reply), MSG_DONTWAIT), 12);
	cr_expect_eq(reply[3] & 15, RCODE_FORMERR);
	close(fd);
	bed_free(b);
}

/* A connected socket takes datagrams from its peer only: the address that it
 * sent to must be the one that answers. */
Test(udp, a_wildcard_answers_from_the_address_that_was_asked)
{
	static const char *const servers[] = {"127.0.0.2", "127.0.0.3",
					      "127.1.2.3"};
	struct bed *b = bed_new("", "0.0.0.0");
	int clients[COUNT(servers)];

	for (size_t i = 0; i < COUNT(servers); i++) {
		clients[i] = udp_client(b, servers[i]);
		send_datagram(clients[i], query((uint16_t)i));
	}
	udp_serve(&b->loop, &b->udp);
	for (size_t i = 0; i < COUNT(servers); i++) {
		cr_expect_eq(reply_id(clients[i]), (int)i, "%s", servers[i]);
		close(clients[i]);
	}
	cr_expect_eq(addr_port(&b->r->zones[0].who.local),
		     addr_port(&b->listener.addr));
	bed_free(b);
}

#define PROXY_SIG "\x0d\x0a\x0d\x0a\0\x0d\x0aQUIT\x0a"
#define PROXY_V4 \
	PROXY_SIG "\x21\x12\0\x0c\xc6\x33\x64\7\xc6\x33\x64\x08\x14\xe9\0\x35"

Test(udp, proxies_tell_who_the_client_is_and_must)
{
	struct bed *b = bed_new("proxy-protocol-from=127.0.0.1", "127.0.0.1");
	int fd = udp_client(b, "127.0.0.1");
	struct slice head = slice_of(PROXY_V4, sizeof(PROXY_V4) - 1);
	char text[ADDR_TEXT_MAX];

	send_datagram(fd, query(1)); /* without a header */
	send_datagram(fd, slice_of(head.at, 20));
	send_datagram(fd, head); /* without a query */
	send_datagram(fd, packet_join(head, query(2)));
	udp_serve(&b->loop, &b->udp);
	cr_expect_eq(reply_id(fd), 2);
	cr_expect_eq(reply_id(fd), -1);
	cr_expect_eq(b->count->proxy_errors, 2);
	cr_expect_str_eq(addr_text_port(&b->r->zones[0].who.remote, text),
			 "198.51.100.7:5353");
	cr_expect_str_eq(addr_text_port(&b->r->zones[0].who.local, text),
			 "198.51.100.8:53");
	close(fd);
	bed_free(b);
}

/* --- TCP
 * ---------------------------------------------------------------------- */

static int
tcp_connect(struct bed *b, int window)
{
	struct addr to;
	socklen_t len = sizeof(to);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (window)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window));
	cr_assert_eq(getsockname(b->listener.tcp, &to.u.sa, &len), 0);
	cr_assert_eq(connect(fd, &to.u.sa, len), 0);
	return fd;
}

static int
tcp_client(struct bed *b)
{
	int fd = tcp_connect(b, 0);

	tcp_accept(&b->loop, &b->tcp);
	return fd;
}

/* What epoll reports, once. */
static void
turn(struct bed *b)
{
	struct epoll_event ev[64];
	int n = epoll_wait(b->loop.epoll, ev, 64, 0);

	for (int i = 0; i < n; i++)
		tcp_serve(&b->loop, ev[i].data.ptr, ev[i].events);
}

static void
turns(struct bed *b, unsigned n)
{
	while (n-- > 0) {
		turn(b);
		tcp_tick(&b->loop);
	}
}

/* The query with its length in front. */
static struct slice
framed(uint16_t id)
{
	struct slice q = query(id);
	uint8_t len[2] = {(uint8_t)(q.len >> 8), (uint8_t)q.len};

	return packet_join(slice_of(len, 2), q);
}

static void
send_all(int fd, struct slice s)
{
	cr_assert_eq(send(fd, s.at, s.len, MSG_NOSIGNAL), (ssize_t)s.len);
}

static size_t
recv_n(int fd, uint8_t *buf, size_t n)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = recv(fd, buf + have, n - have, MSG_DONTWAIT);

		if (got <= 0)
			break;
		have += (size_t)got;
	}
	return have;
}

/* The next whole reply's id; -1: none. */
static int
tcp_reply_id(int fd)
{
	static uint8_t buf[65536];
	size_t len;

	if (recv_n(fd, buf, 2) != 2)
		return -1;
	len = (size_t)buf[0] << 8 | buf[1];
	cr_assert_eq(recv_n(fd, buf, len), len);
	return (int)id_of(buf);
}

static bool
is_closed(int fd)
{
	char c;
	ssize_t n = recv(fd, &c, 1, MSG_DONTWAIT | MSG_PEEK);

	return n == 0 || (n < 0 && errno == ECONNRESET);
}

Test(tcp, queries_in_pieces_of_one_byte)
{
	struct bed *b = bed_new("", "127.0.0.1");
	int fd = tcp_client(b);

	for (uint16_t id = 1; id <= 3; id++) {
		struct slice q = framed(id);

		for (size_t i = 0; i < q.len; i++) {
			cr_expect_eq(tcp_reply_id(fd), -1);
			send_all(fd, slice_of(q.at + i, 1));
			turn(b);
		}
		cr_expect_eq(tcp_reply_id(fd), id);
	}
	cr_expect_not(is_closed(fd));
	cr_expect_eq(b->count->tcp_queries, 3);
	cr_expect_eq(b->world.answerer.slot->open_tcp, 1);
	close(fd);
	turn(b);
	cr_expect_eq(b->world.answerer.slot->open_tcp, 0);
	bed_free(b);
}

/* n queries in one piece. */
static void
send_many(int fd, unsigned n)
{
	static uint8_t buf[65536];
	struct wr w = wr_over((struct span){buf, sizeof(buf)});

	for (uint16_t id = 0; id < n; id++)
		wr_slice(&w, framed(id));
	cr_assert_not(wr_failed(&w));
	send_all(fd, wr_done(&w));
}

Test(tcp, pipelined_queries_are_answered_in_order)
{
	struct bed *b = bed_new("", "127.0.0.1");
	int fd = tcp_client(b);

	send_many(fd, 500);
	turns(b, 500 / SHARE + 2);
	for (uint16_t id = 0; id < 500; id++)
		cr_assert_eq(tcp_reply_id(fd), id);
	cr_expect_not(is_closed(fd));
	close(fd);
	bed_free(b);
}

Test(tcp, a_connection_gets_its_share_of_a_round_and_no_more)
{
	struct bed *b = bed_new("", "127.0.0.1");
	int fds[3];

	for (size_t i = 0; i < COUNT(fds); i++) {
		fds[i] = tcp_client(b);
		send_many(fds[i], 400);
	}
	turn(b);
	cr_expect_leq(b->count->tcp_queries, COUNT(fds) * SHARE);
	for (unsigned i = 2; i < 8; i++) {
		cr_expect_eq(tcp_tick(&b->loop), 0, "there is more to do");
		cr_expect_leq(b->count->tcp_queries, i * COUNT(fds) * SHARE,
			      "tick %u", i);
	}
	for (size_t i = 0; i < COUNT(fds); i++)
		close(fds[i]);
	bed_free(b);
}

Test(tcp, what_was_asked_before_a_half_close_is_answered)
{
	struct bed *b = bed_new("", "127.0.0.1");
	int fd = tcp_client(b);

	send_many(fd, 100);
	shutdown(fd, SHUT_WR);
	turns(b, 100 / SHARE + 3);
	for (uint16_t id = 0; id < 100; id++)
		cr_assert_eq(tcp_reply_id(fd), id);
	cr_expect(is_closed(fd));
	cr_expect_eq(b->world.answerer.slot->open_tcp, 0);
	close(fd);
	bed_free(b);
}

static const struct {
	const char *name;
	struct slice bytes;
} rubbish[] = {
    {"an empty message", {(const uint8_t *)"\0\0", 2}},
    {"half a header", {(const uint8_t *)"\0\5\0\1\2\3\4", 7}},
    {"a response", {(const uint8_t *)"\0\14\0\1\200\0\0\0\0\0\0\0\0\0", 14}},
};

Test(tcp, rubbish_ends_the_connection_after_what_is_owed)
{
	for (size_t i = 0; i < COUNT(rubbish); i++) {
		struct bed *b = bed_new("", "127.0.0.1");
		int fd = tcp_client(b);

		send_all(fd, packet_join(packet_join(framed(1), framed(2)),
					 rubbish[i].bytes));
		turns(b, 2);
		cr_expect_eq(tcp_reply_id(fd), 1);
		cr_expect_eq(tcp_reply_id(fd), 2);
		cr_expect(is_closed(fd), "%s", rubbish[i].name);
		cr_expect_eq(b->world.answerer.slot->open_tcp, 0);
		close(fd);
		bed_free(b);
	}
}

/* A client that sends and does not read: what waits for it is bounded, and
 * nothing is lost when it reads at last. */
Test(tcp, a_client_that_does_not_read_is_not_read_from)
{
	struct bed *b = bed_new("", "127.0.0.1");
	int fd, small = 8192; /* so that the kernel keeps little */
	unsigned sent = 0, got = 0;
	uint64_t answered = 1;
	struct slice left = {NULL, 0};
	uint8_t in[65536];
	size_t have = 0;

	setsockopt(b->listener.tcp, SOL_SOCKET, SO_SNDBUF, &small,
		   sizeof(small));
	setsockopt(b->listener.tcp, SOL_SOCKET, SO_RCVBUF, &small,
		   sizeof(small));
	fd = tcp_connect(b, small);
	tcp_accept(&b->loop, &b->tcp);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	cr_assert_eq(fd_set_nonblock(fd), ERR_NONE);
	for (unsigned idle = 0; idle < 3;) { /* until it takes no more */
		ssize_t n;

		if (!left.len)
			left = framed((uint16_t)sent++);
		n = send(fd, left.at, left.len, MSG_NOSIGNAL);
		if (n > 0) {
			left.at += n;
			left.len -= (size_t)n;
			continue;
		}
		turns(b, 20);
		idle = b->count->tcp_queries == answered ? idle + 1 : 0;
		answered = b->count->tcp_queries;
	}
	cr_expect_lt(answered, sent);
	for (unsigned idle = 0; idle < 50 && got < sent;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n = recv(fd, in + have, sizeof(in) - have, 0);

		if (n > 0)
			have += (size_t)n;
		for (; have >= 2 && have >= 2u + in[1]; got++) {
			cr_assert_eq(id_of(in + 2), (uint16_t)got);
			have -= 2u + in[1];
			memmove(in, in + 2 + in[1], have);
		}
		if (left.len && (n = send(fd, left.at, left.len, 0)) > 0)
			left.len -= (size_t)n, left.at += n;
		turns(b, 1);
		/* the kernel opens a window that was shut when it likes */
		idle = poll(&p, 1, 100) > 0 ? 0 : idle + 1;
	}
	cr_expect_eq(got, sent);
	close(fd);
	bed_free(b);
}

Test(tcp, most_transactions_of_a_connection)
{
	struct bed *b = bed_new("max-tcp-transactions-per-conn=2", "127.0.0.1");
	int fd = tcp_client(b);

	send_many(fd, 5);
	turns(b, 2);
	cr_expect_eq(tcp_reply_id(fd), 0);
	cr_expect_eq(tcp_reply_id(fd), 1);
	cr_expect_eq(tcp_reply_id(fd), -1);
	cr_expect(is_closed(fd));
	close(fd);
	bed_free(b);
}

Test(tcp, a_full_house_shows_out_who_was_silent_longest)
{
	struct bed *b = bed_new("max-tcp-connections=2", "127.0.0.1");
	int first = tcp_client(b), second = tcp_client(b), third;

	send_all(first, framed(1)); /* now second is silent longest */
	turns(b, 1);
	cr_expect_eq(tcp_reply_id(first), 1);
	third = tcp_client(b);
	cr_expect(is_closed(second));
	cr_expect_not(is_closed(first));
	send_all(third, framed(3));
	turns(b, 1);
	cr_expect_eq(tcp_reply_id(third), 3);
	cr_expect_eq(b->world.answerer.slot->open_tcp, 2);
	close(first);
	close(second);
	close(third);
	bed_free(b);
}

/* Else the listener would be reported again and again. */
Test(tcp, out_of_descriptors_is_a_full_house)
{
	struct bed *b = bed_new("", "127.0.0.1");
	int first = tcp_client(b), second = tcp_connect(b, 0), fd = dup(0);
	struct rlimit most = {.rlim_cur = (rlim_t)fd, .rlim_max = (rlim_t)fd};

	close(fd);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &most), 0);
	tcp_accept(&b->loop, &b->tcp);
	cr_expect(is_closed(first));
	send_all(second, framed(5));
	turns(b, 1);
	cr_expect_eq(tcp_reply_id(second), 5);
	close(first);
	close(second);
	bed_free(b);
}

Test(tcp, most_connections_of_a_client_in_all_workers)
{
	struct bed *b =
	    bed_new("max-tcp-connections-per-client=2", "127.0.0.1");
	struct loop other = b->loop;
	struct world world = b->world;
	int first, second, third;

	/* another worker, with the second slot */
	world.answerer.slot = segment_slot(b->heritage.segment, 1);
	other.world = &world;
	other.tcp = tcp_new(&other);
	keep(other.tcp);
	first = tcp_client(b);
	second = tcp_client(b);
	third = tcp_connect(b, 0);
	tcp_accept(&other, &b->tcp);
	cr_expect(is_closed(third), "the other worker lets it in");
	cr_expect_eq(world.answerer.slot->counters.tcp_refused, 1);
	close(first);
	turns(b, 1);
	close(third);
	third = tcp_client(b);
	cr_expect_not(is_closed(third));
	close(second);
	close(third);
	bed_free(b);
}

Test(tcp, proxies_tell_who_the_client_is)
{
	struct bed *b = bed_new("proxy-protocol-from=127.0.0.1", "127.0.0.1");
	int fd = tcp_client(b);
	struct slice whole =
	    packet_join(slice_of(PROXY_V4, sizeof(PROXY_V4) - 1), framed(9));
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < whole.len; i++) {
		send_all(fd, slice_of(whole.at + i, 1));
		turn(b);
	}
	cr_expect_eq(tcp_reply_id(fd), 9);
	send_all(fd, framed(10)); /* once is enough */
	turn(b);
	cr_expect_eq(tcp_reply_id(fd), 10);
	cr_expect_str_eq(addr_text_port(&b->r->zones[0].who.remote, text),
			 "198.51.100.7:5353");
	close(fd);
	fd = tcp_client(b);
	send_all(fd, framed(11));
	turn(b);
	cr_expect(is_closed(fd), "without a header");
	cr_expect_eq(b->count->proxy_errors, 1);
	close(fd);
	fd = tcp_client(b);
	send_all(fd, slice_of(PROXY_V4, 20));
	shutdown(fd, SHUT_WR);
	turns(b, 2);
	cr_expect(is_closed(fd), "half a header and no more");
	close(fd);
	bed_free(b);
}

Test(tcp, draining_answers_what_was_asked_and_closes)
{
	struct bed *b = bed_new("", "127.0.0.1");
	int busy = tcp_client(b), idle = tcp_client(b), half = tcp_client(b);

	send_many(busy, 100);
	send_all(half, slice_of(framed(1).at, 7));
	cr_expect(tcp_drain(&b->loop), "all closed");
	for (uint16_t id = 0; id < 100; id++)
		cr_assert_eq(tcp_reply_id(busy), id);
	cr_expect(is_closed(busy) && is_closed(idle) && is_closed(half));
	cr_expect_eq(b->world.answerer.slot->open_tcp, 0);
	close(busy);
	close(idle);
	close(half);
	bed_free(b);
}

Test(tcp, the_largest_message_and_what_follows_it)
{
	struct bed *b = bed_new("", "127.0.0.1");
	int fd = tcp_client(b);
	static uint8_t big[2 + 65535] = {0xff, 0xff, 0, 7, 1, 0, 0, 1};

	send_all(fd, slice_of(big, sizeof(big)));
	send_all(fd, framed(8));
	turns(b, 20);
	cr_expect_eq(tcp_reply_id(fd), 7, "FORMERR");
	cr_expect_eq(tcp_reply_id(fd), 8);
	close(fd);
	bed_free(b);
}
