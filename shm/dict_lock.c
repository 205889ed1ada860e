/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/dict_lock.c - the lock of a shard: robust, shared between processes, and
 * never waited for longer than LOCK_WAIT_MS. Runs in every worker. Invariant:
 * who gets it finds the shard in order.
 */
#include <errno.h>
#include <time.h>

#include "lib/clock.h"
#include "shm/dict_shard.h"

enum {
	LOCK_WAIT_MS = 100, /* most that a call waits */
	STALL_MS = 1000	    /* others do not wait again for so long */
};

/* ThreadSanitizer knows only timedlock, which minds changes of the wall
 * clock. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WITH_TSAN 1
#endif
#elif defined(__SANITIZE_THREAD__)
#define WITH_TSAN 1
#endif
#ifdef WITH_TSAN
#define LOCK_CLOCK CLOCK_REALTIME
#define lock_until(lock, until) pthread_mutex_timedlock((lock), (until))
#else
#define LOCK_CLOCK CLOCK_MONOTONIC
#define lock_until(lock, until) \
	pthread_mutex_clocklock((lock), LOCK_CLOCK, (until))
#endif

static void
pause_a_little(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

/* Sleep for the lock. */
static int
sleep_for(pthread_mutex_t *lock)
{
	struct timespec until;

	clock_gettime(LOCK_CLOCK, &until);
	until.tv_nsec += LOCK_WAIT_MS * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_nsec -= 1000000000L;
		until.tv_sec++;
	}
	return lock_until(lock, &until);
}

/* While a holder stands still, one caller a second waits for it. */
static int
wait_for(const struct shard *s)
{
	uint64_t stalled = ld64(&s->head->stalled_ms);
	uint64_t now = (uint64_t)clock_mono_ms();
	int rc;

	if (stalled && now < stalled + STALL_MS)
		return ETIMEDOUT;
	if (stalled)
		st64(&s->head->stalled_ms, now);
	rc = sleep_for(&s->head->lock);
	if (rc == ETIMEDOUT)
		st64(&s->head->stalled_ms, (uint64_t)clock_mono_ms());
	return rc;
}

enum err
shard_lock(const struct shard *s)
{
	pthread_mutex_t *lock = &s->head->lock;
	int rc = pthread_mutex_trylock(lock);

	for (unsigned i = 1; UNLIKELY(rc == EBUSY) && i < LOCK_TRIES; i++) {
		pause_a_little();
		rc = pthread_mutex_trylock(lock);
	}
	if (UNLIKELY(rc == EBUSY))
		rc = wait_for(s);
	if (UNLIKELY(rc == EOWNERDEAD)) {
		shard_rebuild(s);
		add64(&s->head->repairs, 1);
		rc = pthread_mutex_consistent(lock);
	}
	if (UNLIKELY(rc == ETIMEDOUT)) {
		atomic_fetch_add(&s->head->busy, 1);
		return ERR_BUSY;
	}
	if (UNLIKELY(rc != 0))
		return ERR_SYS;
	if (UNLIKELY(ld64(&s->head->stalled_ms) != 0))
		st64(&s->head->stalled_ms, 0);
	return ERR_NONE;
}

void
shard_unlock(const struct shard *s)
{
	pthread_mutex_unlock(&s->head->lock);
}

void
shard_lock_init(const struct shard *s)
{
	pthread_mutexattr_t attr;

	/* none of these can fail with these arguments */
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&s->head->lock, &attr);
	pthread_mutexattr_destroy(&attr);
}
