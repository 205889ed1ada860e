/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/errand.c - commands that the master hands on. Runs in workers.
 * Invariant: nothing here waits for the master, and what waits for it in memory
 * is bounded by the socket's buffer.
 */
#include "worker/errand.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "answer/query.h"
#include "backend/story.h"
#include "conf/conf.h"
#include "ipc/errand.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/folded.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "shm/segment.h"
#include "worker/explain.h"
#include "worker/loop.h"

struct errand {
	struct source source; /* what epoll gives back; fd -1: free */
	uint32_t kind, flags;
	struct errand_head head;
	bool subtree; /* trace: below the name, too */
	uint8_t name[NAME_MAX_BYTES];
};

struct errands {
	struct errand at[ERRANDS_MAX];
	unsigned n_traces;
	struct folded *folded; /* of the profile that is being taken */
	struct story *story;   /* of traces */
	char *piece;	       /* ERRAND_PIECE_MAX bytes */
	unsigned tokens;       /* stories that may be told in this second */
	int64_t refilled_ms;
};

struct errands *
errands_new(void)
{
	struct errands *all = xnew(struct errands);

	for (unsigned i = 0; i < ERRANDS_MAX; i++)
		all->at[i].source = (struct source){SOURCE_ERRAND, -1, NULL};
	return all;
}

/* --- life ----------------------------------------------------------------- */

void
errands_attend(struct loop *l)
{
	const struct conf *conf = l->world->conf;

	l->attentive = conf->log_dns_queries || conf->log_dns_details ||
		       l->errands->n_traces > 0;
}

static void
close_errand(struct loop *l, struct errand *e)
{
	struct errands *all = l->errands;

	if (e->kind == ERRAND_TRACE && --all->n_traces == 0) {
		story_free(all->story);
		free(all->piece);
		all->story = NULL;
		all->piece = NULL;
	}
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, e->source.fd, NULL);
	close(e->source.fd);
	e->source.fd = -1;
	errands_attend(l);
}

/* Its end, with the whole answer as a memory file unless it is NULL. */
static void
done(struct loop *l, struct errand *e, const struct text *answer)
{
	int fd = -1;

	if (answer)
		fd =
		    fd_sealed_copy("answer", slice_of(answer->at, answer->len));
	e->head.news = answer && fd < 0 ? ERRAND_FAILED : ERRAND_DONE;
	if (errand_tell(e->source.fd, &e->head,
			fd < 0 && answer ? slice_str(strerror(errno))
					 : slice_of("", 0),
			fd) != ERR_NONE)
		log_info("nobody takes an answer for the control socket");
	if (fd >= 0)
		close(fd);
	close_errand(l, e);
}

static void
failed(struct loop *l, struct errand *e, struct slice why)
{
	e->head.news = ERRAND_FAILED;
	if (errand_tell(e->source.fd, &e->head, why, -1) != ERR_NONE)
		log_info("nobody takes an answer for the control socket");
	close_errand(l, e);
}

/* --- at once -------------------------------------------------------------- */

static void
do_explain(struct loop *l, struct errand *e, const struct errand_request *r)
{
	struct text out = text_over(xalloc(EXPLAIN_BYTES), EXPLAIN_BYTES);
	const char *from = errand_word_at(r, ERRAND_FROM),
		   *subnet = errand_word_at(r, ERRAND_SUBNET), *why;
	const struct ask_options o = {.name = errand_word_at(r, ERRAND_NAME),
				      .type = errand_word_at(r, ERRAND_TYPE),
				      .from = from[0] ? from : NULL,
				      .ecs = subnet[0] ? subnet : NULL,
				      .do_bit = r->flags & ERRAND_DO,
				      .tcp = r->flags & ERRAND_TCP,
				      .fresh = r->flags & ERRAND_FRESH};

	world_tick(l->world);
	why = explain(l->heritage, l->world, &o, r->flags & ERRAND_JSON, &out);
	if (why)
		failed(l, e, slice_str(why));
	else
		done(l, e, &out);
	free(out.at);
}

static void
put_answer(struct slice words, bool json, struct text *out)
{
	struct json j = json_over(out);
	char *copy;

	if (!json) { /* PowerDNS prints it as it is */
		text_put(out, (const char *)words.at, words.len);
		return;
	}
	copy = xalloc(words.len + 1);
	memcpy(copy, words.at, words.len);
	json_object(&j, NULL);
	json_str(&j, "answer", copy);
	json_end(&j);
	free(copy);
}

static struct backend *
find_backend(struct backends *all, const char *label)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->at[i].ops->command &&
		    (!label[0] || strcmp(all->at[i].label, label) == 0))
			return &all->at[i];
	return NULL;
}

static void
do_command(struct loop *l, struct errand *e, const struct errand_request *r)
{
	struct backend *b =
	    find_backend(&l->world->backends, errand_word_at(r, 0));
	struct slot_block *slot = l->world->answerer.slot;
	struct slice words = slice_str("no backend takes commands");
	enum err err = ERR_TYPE;

	atomic_store_explicit(&slot->busy_since_us, clock_mono_us(),
			      memory_order_relaxed);
	if (b)
		err = b->ops->command(b->self, &l->world->arena,
				      slice_str(errand_word_at(r, 1)), &words);
	atomic_store_explicit(&slot->busy_since_us, 0, memory_order_relaxed);
	if (err == ERR_NONE) {
		size_t most = 8 * words.len + 64; /* JSON escapes */
		struct text out = text_over(xalloc(most), most);

		put_answer(words, r->flags & ERRAND_JSON, &out);
		done(l, e, &out);
		free(out.at);
	} else {
		e->head.plain = err == ERR_MISS; /* in PowerDNS' words */
		failed(l, e, words);
	}
	arena_reset(&l->world->arena);
}

/* --- profiles ------------------------------------------------------------- */

static void
sample(struct loop *l, struct folded *into)
{
	struct backends *all = &l->world->backends;

	for (size_t i = 0; i < all->n; i++)
		if (all->at[i].ops->sample)
			all->at[i].ops->sample(all->at[i].self, into);
}

static void
begin_profile(struct loop *l, struct errand *e)
{
	if (l->errands->folded) {
		failed(l, e, slice_str("a profile is being taken already"));
		return;
	}
	e->kind = ERRAND_PROFILE;
	l->errands->folded = folded_new();
	sample(l, l->errands->folded);
}

static void
end_profile(struct loop *l, struct errand *e, bool wanted)
{
	struct folded *f = l->errands->folded;
	struct text out = {0};

	sample(l, NULL);
	if (wanted) {
		out = text_over(xalloc(folded_bytes(f)), folded_bytes(f));
		folded_put(f, &out);
		e->head.seen = folded_total(f);
		e->head.missed = folded_beyond(f);
		done(l, e, &out);
	} else {
		close_errand(l, e);
	}
	free(out.at);
	folded_free(f);
	l->errands->folded = NULL;
}

/* --- traces --------------------------------------------------------------- */

static void
begin_trace(struct loop *l, struct errand *e, const char *word)
{
	struct errands *all = l->errands;
	size_t len = strlen(word);
	uint8_t wire[NAME_MAX_BYTES];

	e->subtree = len > 0 && word[len - 1] == '$';
	if (name_parse(slice_of(word, len - e->subtree), wire, &len) !=
	    ERR_NONE) {
		failed(l, e, slice_str("that is not a domain name"));
		return;
	}
	name_lower(wire, e->name);
	e->kind = ERRAND_TRACE;
	if (all->n_traces++ == 0) {
		all->story = story_new();
		all->piece = xalloc(ERRAND_PIECE_MAX);
	}
	errands_attend(l);
}

static bool
is_about(const struct errand *e, const struct query *q)
{
	const uint8_t *name = q->question.name;

	return e->source.fd >= 0 && e->kind == ERRAND_TRACE &&
	       q->question.name_len &&
	       (e->subtree ? name_is_below(name, e->name)
			   : name_equal(name, e->name));
}

static bool
has_token(struct errands *all, int64_t now_ms)
{
	if (now_ms - all->refilled_ms >= 1000) {
		all->tokens = TRACE_PER_SEC;
		all->refilled_ms = now_ms;
	}
	return all->tokens > 0;
}

bool
errands_want(struct loop *l, struct query *q)
{
	struct errands *all = l->errands;
	bool wanted = false;

	if (!all->n_traces || q->refreshing)
		return false;
	for (unsigned i = 0; i < ERRANDS_MAX && !wanted; i++)
		wanted = is_about(&all->at[i], q);
	if (wanted && has_token(all, q->h->now_ms)) {
		q->story = all->story;
		story_begin(q->story);
	}
	return wanted;
}

/* One story to one trace. NULL: it is only counted. */
static void
send_story(struct loop *l, struct errand *e, const struct story *s)
{
	struct text out;
	enum err err;

	e->head.seen++;
	e->head.missed += !s;
	if (!s)
		return;
	out = text_over(l->errands->piece, ERRAND_PIECE_MAX);
	explain_story(l->heritage, s, e->flags & ERRAND_JSON, &out);
	e->head.news = ERRAND_PIECE;
	err =
	    errand_tell(e->source.fd, &e->head, slice_of(out.at, out.len), -1);
	if (err == ERR_BUSY)
		e->head.missed++;
	else if (err != ERR_NONE) /* nobody listens any more */
		close_errand(l, e);
}

void
errands_tell(struct loop *l, struct query *q, size_t len)
{
	struct errands *all = l->errands;
	struct story *s = q->story;

	q->story = NULL;
	if (len == QUERY_DEFERRED) /* it comes again */
		return;
	all->tokens -= s != NULL;
	for (unsigned i = 0; i < ERRANDS_MAX && all->piece; i++)
		if (is_about(&all->at[i], q))
			send_story(l, &all->at[i], s);
}

/* --- beginning and end ---------------------------------------------------- */

static struct errand *
free_place(struct errands *all)
{
	for (unsigned i = 0; i < ERRANDS_MAX; i++)
		if (all->at[i].source.fd < 0)
			return &all->at[i];
	return NULL;
}

static void
begin(struct loop *l, struct errand *e, const struct errand_request *r)
{
	switch ((enum errand_kind)r->kind) {
	case ERRAND_EXPLAIN:
		do_explain(l, e, r);
		break;
	case ERRAND_TRACE:
		begin_trace(l, e, errand_word_at(r, 0));
		break;
	case ERRAND_PROFILE:
		begin_profile(l, e);
		break;
	case ERRAND_COMMAND:
		do_command(l, e, r);
		break;
	}
}

void
errands_take(struct loop *l, int fd)
{
	struct errand *e = free_place(l->errands);
	struct errand_request *r = xnew(struct errand_request);

	if (!e || fd_set_nonblock(fd) != ERR_NONE ||
	    errand_recv(fd, r) != ERR_NONE) {
		close(fd); /* what the master makes of that */
	} else {
		*e = (struct errand){.source = {SOURCE_ERRAND, fd, NULL},
				     .kind = ERRAND_EXPLAIN, /* nothing to
								undo yet */
				     .flags = r->flags};
		loop_add(l, &e->source, EPOLLIN);
		begin(l, e, r);
	}
	free(r);
}

static void
end(struct loop *l, struct errand *e, bool wanted)
{
	if (e->kind == ERRAND_PROFILE)
		end_profile(l, e, wanted);
	else if (wanted)
		done(l, e, NULL);
	else
		close_errand(l, e);
}

void
errands_heed(struct loop *l, struct source *s)
{
	struct errand *e = (struct errand *)s;
	enum err err;

	if (s->fd < 0)
		return;
	err = errand_heed(s->fd);
	if (err != ERR_BUSY)
		end(l, e, err == ERR_NONE);
}

void
errands_finish(struct loop *l)
{
	for (unsigned i = 0; i < ERRANDS_MAX; i++)
		if (l->errands->at[i].source.fd >= 0)
			end(l, &l->errands->at[i], true);
}
