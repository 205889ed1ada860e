/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_rdata_wire.c - rdata in wire form: checks, canonical form,
 * additional names, walking.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "dns/rdata.h"
#include "t/unit/hex.h"

/* clang-format off */
static const struct {
	uint16_t type;
	const char *hex;
	bool ok;
} wires[] = {
#define BAD(type, hex) {TYPE_##type, hex, false},
#define FINE(type, hex) {TYPE_##type, hex, true},
	BAD(A, "") BAD(A, "010203") BAD(A, "0102030405") BAD(AAAA, "01020304")
	BAD(NS, "") BAD(NS, "0161") BAD(NS, "c000") BAD(NS, "01610000")
	BAD(NS, "4061") BAD(MX, "0001") BAD(MX, "0001c00c")
	BAD(SOA, "000000000001000000020000000300000004000000") BAD(TXT, "")
	BAD(TXT, "0161" "02") FINE(TXT, "00") FINE(TXT, "0000")
	BAD(HINFO, "0161") BAD(HINFO, "016101620163") BAD(X25, "0131" "00")
	FINE(ISDN, "0131") BAD(ISDN, "013101310131") BAD(NSAP, "")
	BAD(NAPTR, "0001000200000061") FINE(NAPTR, "0001000200000000")
	FINE(KEY, "c0000305") BAD(DNSKEY, "01000305") BAD(DS, "00010502")
	BAD(CERT, "0001000108") BAD(OPENPGPKEY, "") BAD(SSHFP, "0101")
	/* LOC: version, sizes, latitude, longitude, altitude */
	FINE(LOC, "00121613800000008000000000989680")
	BAD(LOC, "001216138000000080000000009896")
	BAD(LOC, "00a21613800000008000000000989680")
	BAD(LOC, "001a1613800000008000000000989680")
	BAD(LOC, "001216139350000080000000" "00989680") FINE(LOC, "01ff")
	BAD(LOC, "")
	/* APL: family, prefix, length, address */
	FINE(APL, "") FINE(APL, "00010000") FINE(APL, "0001208401020304")
	BAD(APL, "000120") BAD(APL, "0001210401020304") BAD(APL, "00010801")
	BAD(APL, "000108020a00") BAD(APL, "0001200501020304" "05")
	FINE(APL, "00030801ff") BAD(APL, "00028100")
	/* IPSECKEY, AMTRELAY */
	BAD(IPSECKEY, "0a00") FINE(IPSECKEY, "0a0002aa")
	BAD(IPSECKEY, "0a0000aa") BAD(IPSECKEY, "0a0402aa")
	BAD(IPSECKEY, "0a0102c00002") FINE(IPSECKEY, "0a0102c0000226aa")
	FINE(IPSECKEY, "0a030200aa") BAD(IPSECKEY, "0a0302c000")
	FINE(AMTRELAY, "0080") BAD(AMTRELAY, "008000") BAD(AMTRELAY, "0004")
	BAD(AMTRELAY, "00") BAD(AMTRELAY, "000101020304" "05")
	/* type bitmaps */
	FINE(NSEC, "00000140") FINE(NSEC, "00" "00014001" "0180")
	BAD(NSEC, "00000100") BAD(NSEC, "000000") BAD(NSEC, "00000240")
	BAD(NSEC, "00" "000140" "000140") BAD(NSEC, "00" "010140" "000140")
	BAD(NSEC, "0000024000")
	BAD(NSEC, "00" "0021" "01010101010101010101010101010101"
	    "0101010101010101010101010101010101")
	FINE(NSEC, "00" "0020" "01010101010101010101010101010101"
	    "01010101010101010101010101010101")
	BAD(NXT, "00") BAD(NXT, "0080") BAD(NXT, "004000") FINE(NXT, "0040")
	BAD(CSYNC, "0000000100") BAD(CSYNC, "000000010002" "0001")
	/* NSEC3: salt and hash */
	FINE(NSEC3, "010000000001aa") BAD(NSEC3, "0100000000")
	BAD(NSEC3, "010000000000") BAD(NSEC3, "0100000002aa")
	FINE(NSEC3, "0100000001aa01bb") BAD(NSEC3, "010000000002bb")
	FINE(NSEC3PARAM, "0100000000") BAD(NSEC3PARAM, "010000000000")
	BAD(NSEC3PARAM, "0100000001") BAD(NSEC3PARAM, "01000000")
	BAD(ZONEMD, "000000010101" "0102030405060708090a0b")
	FINE(ZONEMD, "000000010101" "0102030405060708090a0b0c")
	/* SVCB: priority, target, then key, length, value */
	FINE(SVCB, "000000") FINE( SVCB, "000100" "00030002" "01bb")
	BAD(SVCB, "0001c000") BAD(SVCB, "000100" "0003000201")
	BAD(SVCB, "000100" "00030002" "01bb" "00030002" "01bb")
	BAD(SVCB, "000100" "00030002" "01bb" "00020000")
	BAD(SVCB, "000100" "00030001" "01") BAD(SVCB, "000100" "0003")
	FINE(SVCB, "000100" "00010003" "026832") BAD(SVCB, "000100" "00010000")
	BAD(SVCB, "000100" "00010001" "00")
	BAD(SVCB, "000100" "00010003" "036832")
	BAD(SVCB, "000100" "00010004" "02683200")
	FINE(SVCB, "000100" "00020000") BAD(SVCB, "000100" "0002000100")
	FINE(SVCB, "000100" "00040004" "01020304")
	BAD(SVCB, "000100" "00040000") BAD(SVCB, "000100" "00040003" "010203")
	BAD(SVCB, "000" "100" "000" "600" "04" "010" "203" "04")
	FINE( SVCB, "000100" "0006001020010db800000000000000000000000" "1")
	BAD(SVCB, "000100" "00050000") FINE(SVCB, "000100" "00050001" "00")
	FINE(SVCB, "000100" "00080000") BAD(SVCB, "000100" "0008000100")
	BAD(SVCB, "0" "0" "0" "1" "0" "0" "0" "0" "0" "7" "0" "0" "0" "0")
	FINE(SVCB, "000100" "ff000000")
	FINE(SVCB, "000100" "00000002" "0003" "00030002" "0050")
	BAD(SVCB, "000100" "00000002" "0003") BAD(SVCB, "000100" "00000000")
	BAD(SVCB, "000100" "00000002" "0000")
	BAD(SVCB, "000100" "00000001" "00" "00030002" "0050")
	BAD(SVCB, "000100" "00000004" "00030003" "00030002" "0050")
	BAD(SVCB, "000100" "00000004" "00040003" "00030002" "0050"
	    "00040004" "01020304")
	FINE(SVCB, "000100" "00000004" "00030004" "00030002" "0050"
	    "00040004" "01020304")
	FINE(CAA, "00" "0569737" "375" "65") BAD(CAA, "00") BAD(CAA, "0000")
	BAD( CAA, "0002692d61") BAD(CAA, "000" "56" "9") BAD(URI, "00010002")
	BAD( EUI48, "0000000000") BAD(EUI64, "0000" "0000" "000" "0")
	BAD(NID, "0001") BAD( L32, "000101020304" "05") BAD(LP, "0001")
	BAD(HIP, "00020001" "aa") BAD(HIP, "0102" "0000" "aa")
	FINE(HIP, "0102" "0001" "aab" "b") BAD(HIP, "01020002" "aabb")
	BAD(HIP, "01020001" "aabb" "01") BAD(A6, "0" "0") BAD(A6, "8100")
	BAD( A6, "80") FINE(A6, "8000") BAD(A6, "7c1100") FINE(A6, "7c0100")
	BAD( WKS, "01" "02" "03" "0" "4") FINE(WKS, "0102030406")
	BAD(LUA, "0001") BAD( ALIAS, "c000") BAD(TSIG, "00")
	BAD(DSYNC, "0001010035") BAD( AFSDB, "0001c000")
	BAD(SRV, "000100020003c000") FINE( NULL, "") FINE( ANY, "00")
#undef BAD
#undef FINE
};
/* clang-format on */

Test(rdata_wire, wire_is_checked_field_by_field)
{
	for (size_t i = 0; i < COUNT(wires); i++) {
		struct span s = unhex(wires[i].hex);

		cr_assert_eq(rdata_check(wires[i].type,
					 slice_of(s.at, s.len)) == ERR_NONE,
			     wires[i].ok, "%u %s", wires[i].type, wires[i].hex);
	}
}

/* clang-format off */
static const struct {
	uint16_t type;
	const char *before, *after;
} canon[] = {
	{TYPE_NS, "014100", "016100"}, {TYPE_MX, "0041014100", "0041016100"},
	{TYPE_SOA,
	    "0141000142000000004100000041000000410000004100000041",
	    "0161000162000000004100000041000000410000004100000041"},
	{TYPE_SRV, "004100410041014100", "004100410041016100"},
	{TYPE_RRSIG,
	    "00410808000000410000004100000041004101410041",
	    "00410808000000410000004100000041004101610041"},
	{TYPE_NAPTR, "00410041014101410141014100",
	    "00410041014101410141016100"},
	{TYPE_A6, "784101" "4100", "784101" "6100"},
	{TYPE_NSEC, "014100000140", "014100000140"},
	{TYPE_SVCB, "0001014100", "0001014100"}, {TYPE_TXT, "0141", "0141"},
	{TYPE_ALIAS, "014100", "014100"},
};
/* clang-format on */

Test(rdata_wire, canonical_form_folds_names_and_nothing_else)
{
	for (size_t i = 0; i < COUNT(canon); i++) {
		struct span s = unhex(canon[i].before);

		rdata_canonical(canon[i].type, s);
		cr_assert_str_eq(hex(slice_of(s.at, s.len)), canon[i].after);
	}
}

/* clang-format off */
static const struct {
	uint16_t type;
	const char *hex;
	int at; /* where the name starts; -1: none */
} additional[] = {
	{TYPE_NS, "016100", 0}, {TYPE_MX, "000a016100", 2},
	{TYPE_SRV, "000100020003016100", 6}, {TYPE_SVCB, "0001016100", 2},
	{TYPE_HTTPS, "0001016100" "000300020050", 2}, {TYPE_SVCB, "000100", -1},
	{TYPE_MX, "000000", -1}, {TYPE_CNAME, "016100", -1},
	{TYPE_TXT, "016100", -1}, {65280, "016100", -1},
	{TYPE_KX, "0001016100", 2},
};
/* clang-format on */

Test(rdata_wire, additional_is_the_last_name)
{
	for (size_t i = 0; i < COUNT(additional); i++) {
		struct span s = unhex(additional[i].hex);
		const uint8_t *name =
		    rdata_additional(additional[i].type, slice_of(s.at, s.len));

		if (additional[i].at < 0)
			cr_assert_null(name, "%s", additional[i].hex);
		else
			cr_assert_eq(name, s.at + additional[i].at, "%s",
				     additional[i].hex);
	}
}

static const struct good {
	uint16_t type;
	const char *text, *hex;
} good[] = {
#define GOOD(type, text, hex, printed) {TYPE_##type, text, hex},
#include "t/unit/rdata_good.tbl"
#undef GOOD
};

Test(rdata_wire, walk_covers_all_bytes_in_order)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		struct span s = unhex(good[i].hex);
		struct rdata_walk w =
		    rdata_walk(good[i].type, slice_of(s.at, s.len));
		const uint8_t *at = s.at;
		struct rdata_field f;

		while (rdata_next(&w, &f)) {
			cr_assert_eq(f.bytes.at, at, "%s", good[i].text);
			at += f.bytes.len;
		}
		cr_assert_eq(at, s.at + s.len, "%s", good[i].text);
		cr_assert_eq(*w.fields, '\0', "%s", good[i].text);
	}
}

Test(rdata_wire, walk_of_cut_data_stops_inside)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		struct span s = unhex(good[i].hex);

		for (size_t n = 0; n < s.len; n++) {
			uint8_t *cut = malloc(n ? n : 1);
			struct rdata_walk w;
			struct rdata_field f;

			memcpy(cut, s.at, n);
			w = rdata_walk(good[i].type, slice_of(cut, n));
			while (rdata_next(&w, &f))
				cr_assert_leq(f.bytes.at + f.bytes.len,
					      cut + n);
			if (rdata_check(good[i].type, slice_of(cut, n)))
				cut[0] = 0;
			(void)rdata_additional(good[i].type, slice_of(cut, n));
			free(cut);
		}
	}
}
