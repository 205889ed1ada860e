/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/segment.h - the shared-memory segment: one block per slot (heartbeat,
 * the question in work, last words, statistics) and the quarantine. The master
 * makes it before the first fork; children inherit the mapping. Offsets and
 * fixed-width fields only, no pointers.
 *
 *   | head | quarantine | slot 0 | slot 1 | ... |
 *
 * A slot block is written by the process that owns the slot, and by the
 * master when that process is dead. Readers never wait: every word may be one
 * update old, and nothing in here decides what an answer says.
 *
 * Statistics (counters, histograms, averages, tallies, top clients) have one
 * writer, so plain additions are enough (words are aligned, and stored whole by
 * the processors we know): whoever reads adds up all slots. They belong to the
 * slot, not to the process: the successor of a dead worker goes on adding to
 * what it finds, so that sums never go back. A death between two additions
 * leaves some that belong together one apart, and nothing worse. Words are 64
 * bits wide and wrap, if they ever did, as unsigned numbers do: differences of
 * two readings stay right.
 */
#ifndef SHM_SEGMENT_H
#define SHM_SEGMENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/bug.h"
#include "lib/err.h"
#include "lib/hash.h"
#include "lib/slice.h"
#include "shm/average.h"
#include "shm/histogram.h"
#include "shm/outcome.h"
#include "shm/remotes.h"
#include "shm/tally.h"
#include "shm/toplist.h"

enum {
	SEGMENT_LAYOUT = 1,
	LAST_WORDS_MAX = 2048,
	QUARANTINE_MAX = 64,
	TCP_CLIENTS = 1024
};

/* One 8-byte word a counter, in the order of shm/counters.tbl. */
struct counters {
#define COUNTER(field, name, doc) uint64_t field;
#include "shm/counters.tbl"
#undef COUNTER
};

/* The question a worker has handed to a script. state is set last and
 * cleared first, so that a dead worker's note is whole or not there. */
struct note {
	_Atomic uint32_t in_script; /* 1: a script works on it right now */
	uint16_t type;
	uint16_t name_len;
	uint8_t name[256];
};

struct slot_block {
	_Alignas(64) _Atomic int64_t busy_since_us; /* script call; 0 = none */
	_Atomic int64_t beat_us;		    /* the loop came round */
	_Atomic uint64_t generation;
	_Atomic int32_t pid;
	_Atomic uint32_t ready;
	struct note note;
	char last_words[LAST_WORDS_MAX];
	/* open TCP connections by hash of the client's address */
	_Atomic uint16_t tcp_clients[TCP_CLIENTS];
	struct outcome outcome;
	/* what is now: the master sets it to 0 when the process is gone */
	uint64_t open_tcp; /* TCP connections */
	uint64_t waiting;  /* queries that wait for another worker */
	uint64_t zones;	   /* in the list of zones */
	uint64_t fds;	   /* descriptors beside those of open_tcp */
	_Alignas(64) struct counters counters;
	uint64_t silent4, silent6; /* UDP queries that got no answer */
	/* Latencies of queries: answered from the packet cache, computed; of
	 * calls of scripts. PowerDNS' averages: all queries, and parts. */
	struct histogram hit, miss, script;
	struct average latency, receive, cache, backend, send;
	struct tally tally;
	struct remotes remotes;
	struct toplist slow;   /* questions (name, type) by microseconds that
				  their answers took */
	struct toplist faults; /* errors of scripts by "file:line" */
};

struct segment;

enum share {
#define SHARE(name, percent, doc) SHARE_##name,
#include "shm/shares.tbl"
#undef SHARE
	SHARE_COUNT
};

/* A new segment for n_slots with `bytes` for the shares; zeroed. Dies when
 * there is no memory. Master. */
struct segment *segment_new(unsigned n_slots, size_t bytes) MUST_CHECK;
/* One share and its size. */
void *segment_share(struct segment *, enum share, size_t *bytes);
/* A secret of this server, the same in all of its processes: for hashes of
 * what strangers choose. */
const struct hash_key *segment_hash_key(const struct segment *);

/* Zones have a generation each, by hash of the apex, so that an answer can be
 * dropped with what it was made of. Slot ZONE_SLOT_NONE stands for "no zone of
 * ours": what was REFUSED, or a chain's end elsewhere. */
enum { ZONE_SLOTS = 8192, ZONE_SLOT_NONE = 0 };
/* apex in lower case. */
uint16_t zone_slot(const struct segment *, const uint8_t *apex, size_t len);
/* Tags of scripts share the slots: "what was computed with this tag". */
uint16_t tag_slot(const struct segment *, struct slice tag);
uint32_t zone_generation(const struct segment *, uint16_t slot);
void zone_touch(struct segment *, uint16_t slot);
/* Touch the zones that may hold this name: every apex from it upward, and
 * "no zone". */
void zones_touch_above(struct segment *, const uint8_t *name);
void zones_touch_all(struct segment *);

/* Single flight: one process at a time works on a key. owner: slot number;
 * hash: of the key, by the shares' secret; times are exact to FLIGHT_STEP_MS.
 * Two keys that meet in one place are not held back by each other. */
enum flight {
	FLIGHT_TAKEN, /* another process has had it for at most max_ms */
	FLIGHT_OURS,  /* to be given back with flight_end */
	FLIGHT_AGAIN, /* ours, and the one before was for this key, too: what
			 came of it may be there by now */
	FLIGHT_ALONE  /* nobody's: what comes of this key is not shared */
};

enum { FLIGHT_STEP_MS = 16, FLIGHT_ALONE_MS = 1000 };

enum flight flight_begin(struct segment *, uint64_t hash, unsigned owner,
			 int64_t now_ms, int64_t max_ms) MUST_CHECK;
/* shared: others can use what came of it. If not, nobody waits for this key
 * during the next FLIGHT_ALONE_MS. Whose time was over ends nobody else's. */
void flight_end(struct segment *, uint64_t hash, unsigned owner, bool shared,
		int64_t now_ms);
/* A dead owner's flights end. Master. */
void flights_clear(struct segment *, unsigned owner);
unsigned segment_slots(const struct segment *);
struct slot_block *segment_slot(struct segment *, unsigned slot);
/* Sum of all slots' counters into *sum. Any process. */
void segment_sum(struct segment *, struct counters *sum);
/* Name and meaning of the i-th counter; NULL behind the last. */
const char *counter_name(unsigned i, const char **doc);

/* Note the question before a script is called. Owner of the slot. */
void note_set(struct slot_block *, const uint8_t *name, size_t name_len,
	      uint16_t type);

static inline void
note_clear(struct slot_block *b)
{
	atomic_store_explicit(&b->note.in_script, 0, memory_order_release);
}

/* Words a worker leaves before it aborts; cut to LAST_WORDS_MAX. */
void last_words_set(struct slot_block *, const char *words);

/* Strikes and quarantine (ARCHITECTURE section 1): three deaths of workers
 * with the same question in hand within 60 s keep that name and type from the
 * scripts for 60 s, then 2, 4, 8 minutes. Master writes, workers read. */
bool quarantine_strike(struct segment *, const uint8_t *name, size_t name_len,
		       uint16_t type, int64_t now_ms);
bool quarantine_has(struct segment *, const uint8_t *name, size_t name_len,
		    uint16_t type, int64_t now_ms);
void quarantine_clear(struct segment *);
/* Call cb for each question in quarantine now; returns their number. */
typedef void quarantine_cb(void *ctx, const uint8_t *name, uint16_t type,
			   int64_t left_ms);
unsigned quarantine_walk(struct segment *, int64_t now_ms, quarantine_cb *,
			 void *ctx);

#endif
