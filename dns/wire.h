/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/wire.h - the numbers of the DNS message format: header, rcodes, opcodes,
 * classes, EDNS options, extended errors.
 */
#ifndef DNS_WIRE_H
#define DNS_WIRE_H

enum {
	WIRE_HEADER_BYTES = 12,
	WIRE_MESSAGE_MAX = 65535,
	WIRE_UDP_MIN = 512, /* every client takes this (RFC 1035) */
	WIRE_QUESTION_MAX = 255 + 4,
	WIRE_OPT_BYTES = 11,	  /* an OPT record without options */
	WIRE_POINTER_MAX = 0x3fff /* largest compression target */
};

/* Bits of the second header word (RFC 1035 section 4.1.1, RFC 4035). */
enum wire_flag {
	WIRE_QR = 0x8000,
	WIRE_OPCODE = 0x7800,
	WIRE_AA = 0x0400,
	WIRE_TC = 0x0200,
	WIRE_RD = 0x0100,
	WIRE_RA = 0x0080,
	WIRE_AD = 0x0020,
	WIRE_CD = 0x0010
};

enum opcode {
	OPCODE_QUERY = 0,
	OPCODE_STATUS = 2,
	OPCODE_NOTIFY = 4,
	OPCODE_UPDATE = 5
};

/* RFC 6895; those above 15 travel in the OPT record. */
enum rcode {
	RCODE_NOERROR = 0,
	RCODE_FORMERR = 1,
	RCODE_SERVFAIL = 2,
	RCODE_NXDOMAIN = 3,
	RCODE_NOTIMP = 4,
	RCODE_REFUSED = 5,
	RCODE_YXDOMAIN = 6,
	RCODE_NOTAUTH = 9,
	RCODE_BADVERS = 16,
	RCODE_BADCOOKIE = 23
};

enum class { CLASS_IN = 1, CLASS_CH = 3, CLASS_NONE = 254, CLASS_ANY = 255 };

enum edns_option {
	EDNS_NSID = 3,	  /* RFC 5001 */
	EDNS_ECS = 8,	  /* RFC 7871 */
	EDNS_COOKIE = 10, /* RFC 7873 */
	EDNS_EDE = 15	  /* RFC 8914 */
};

enum { EDNS_DO = 0x8000 /* in the OPT record's flags */ };

/* INFO-CODEs of RFC 8914 that we send; EDE_NONE is ours. */
enum ede {
	EDE_NONE = -1,
	EDE_OTHER = 0,
	EDE_STALE_ANSWER = 3,
	EDE_NOT_READY = 14,
	EDE_PROHIBITED = 18,
	EDE_NOT_AUTHORITATIVE = 20,
	EDE_NOT_SUPPORTED = 21,
	EDE_INVALID_DATA = 24
};

enum { TSIG_BADKEY = 17 /* RFC 8945 section 3 */ };

#endif
