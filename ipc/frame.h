/* SPDX-License-Identifier: GPL-3.0-or-later
 * ipc/frame.h - the framed mode of the control socket, which pdnsluactl
 * speaks: arguments with blanks in them, text or JSON in pieces of any length,
 * a status. doc/control-protocol.md tells the whole of it.
 *
 *	byte  0    0: no line of text begins so
 *	      1    'L'
 *	      2    version, 1
 *	      3    type
 *	      4-7  bytes of the payload that follows, most significant first
 *
 * A client sends COMMAND and, if its flags say so, DATA... END; the server
 * sends OUTPUT and PROGRESS as often as it likes, then one STATUS. Then there
 * may be another COMMAND. Pure functions.
 */
#ifndef IPC_FRAME_H
#define IPC_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "lib/bug.h"
#include "lib/err.h"
#include "lib/slice.h"

struct text;

enum {
	FRAME_VERSION = 1,
	FRAME_HEADER_BYTES = 8,
	FRAME_PAYLOAD_MAX = 65536,
	FRAME_BYTES_MAX = FRAME_HEADER_BYTES + FRAME_PAYLOAD_MAX,
	FRAME_WORDS_MAX = 4096
};

enum frame_type {
	FRAME_COMMAND = 'C',  /* flags (a byte), words that each end with 0 */
	FRAME_DATA = 'D',     /* a piece of what the command reads */
	FRAME_END = 'E',      /* that was all of it; empty */
	FRAME_OUTPUT = 'O',   /* a piece of the answer */
	FRAME_PROGRESS = 'P', /* still at it; words for a person, or none */
	FRAME_STATUS = 'S'    /* enum control_status (a byte), words: why */
};

/* Flags of a command. */
enum {
	FRAME_JSON = 1,	  /* the answer is to be JSON */
	FRAME_COLOUR = 2, /* text may have colours: it goes to a terminal */
	FRAME_INPUT = 4	  /* DATA and END follow */
};

/* How a command ended; also the exit status of pdnsluactl. */
enum control_status {
	CONTROL_DONE,
	CONTROL_FAILED,
	CONTROL_USAGE,
	CONTROL_NO_SERVER /* nobody to ask; or, what was to do it is gone */
};

struct frame {
	enum frame_type type;
	struct slice payload; /* borrowed from what was read */
};

/* The frame at the beginning of in; *used = its bytes. ERR_SHORT: it is not
 * all there yet; ERR_PROTO: it is none. */
enum err frame_read(struct slice in, struct frame *, size_t *used) MUST_CHECK;
/* Is it one as soon as its first byte is there? */
static inline bool
frame_begins(uint8_t first_byte)
{
	return first_byte == 0;
}

/* Append frames for all the bytes, none for no bytes unless it is END or
 * PROGRESS. What does not fit cuts the text. */
void frame_put(struct text *, enum frame_type, struct slice bytes);
/* ERR_RANGE: too many words, or bytes. Nothing was appended then. */
enum err frame_put_command(struct text *, unsigned flags, int n,
			   char *const *words) MUST_CHECK;
/* Words beyond a frame are cut. */
void frame_put_status(struct text *, enum control_status, const char *why);

/* Words of a command, borrowed from the payload, into words[FRAME_WORDS_MAX].
 * ERR_PROTO: it has none, too many, or an unfinished one. */
enum err frame_command(struct slice payload, unsigned *flags,
		       const char **words, int *n) MUST_CHECK;
/* *why is borrowed and does not end with 0. ERR_PROTO. */
enum err frame_status(struct slice payload, enum control_status *,
		      struct slice *why) MUST_CHECK;

#endif
