# SPDX-License-Identifier: GPL-3.0-or-later
# Written by build-aux/completion from the tables of pdnslua.

_pdnslua()
{
	local cur=${COMP_WORDS[COMP_CWORD]}
	local prev=${COMP_WORDS[COMP_CWORD-1]}
	local name= words=

	COMPREPLY=()
	# --NAME=VALUE comes as three words
	if [[ $cur == = ]]; then
		name=$prev cur=
	elif [[ $prev == = ]]; then
		name=${COMP_WORDS[COMP_CWORD-2]}
	fi
	case $name in
	'') ;;
	--config) words='check diff default' ;;
	--launch) words='lua2' ;;
	--log-format) words='text json' ;;
	--setuid) words=$(compgen -u) ;;
	--setgid) words=$(compgen -g) ;;
	--version-string) words='full powerdns anonymous' ;;
	--no-config | \
	--local-address-nonexist-fail | \
	--non-local-bind | \
	--daemon | \
	--consistent-backends | \
	--lowercase-names | \
	--script-sandbox | \
	--any-to-tcp | \
	--minimal-any | \
	--dname-processing | \
	--resolve-across-zones | \
	--no-shuffle | \
	--edns-subnet-processing | \
	--loglevel-show | \
	--log-timestamp | \
	--disable-syslog | \
	--log-dns-queries | \
	--log-dns-details | \
	--query-logging | \
	--lua2-query-logging)
		words='yes no' ;;
	--config-dir | \
	--include-dir | \
	--chroot | \
	--socket-dir | \
	--store-dir | \
	--lua-global-include-dir | \
	--lua2-filename)
		COMPREPLY=($(compgen -f -- "$cur"))
		compopt -o filenames 2>/dev/null ;;
	esac
	if [[ -n $name ]]; then
		[[ -n $words ]] &&
		    COMPREPLY=($(compgen -W "$words" -- "$cur"))
		return 0
	fi
	if [[ $prev == -c ]]; then
		COMPREPLY=($(compgen -f -- "$cur"))
		compopt -o filenames 2>/dev/null
		return 0
	fi
	if ((COMP_CWORD > 2)) &&
	    [[ ${COMP_WORDS[COMP_CWORD-2]} == --ask ]]; then
		words='
		A NS MD MF CNAME SOA MB MG MR NULL WKS PTR HINFO MINFO MX TXT RP
		AFSDB X25 ISDN RT NSAP NSAP_PTR SIG KEY PX GPOS AAAA LOC NXT EID
		NIMLOC SRV ATMA NAPTR KX CERT A6 DNAME SINK OPT APL DS SSHFP
		IPSECKEY RRSIG NSEC DNSKEY DHCID NSEC3 NSEC3PARAM TLSA SMIMEA HIP
		NINFO RKEY TALINK CDS CDNSKEY OPENPGPKEY CSYNC ZONEMD SVCB HTTPS
		DSYNC HHIT BRID SPF UINFO UID GID UNSPEC NID L32 L64 LP EUI48 EUI64
		NXNAME TKEY TSIG IXFR AXFR MAILB MAILA ANY URI CAA AVC DOA AMTRELAY
		RESINFO WALLET CLA IPN TA DLV ADDR ALIAS LUA
		'
		COMPREPLY=($(compgen -W "${words//_/-}" -- "${cur^^}"))
		return 0
	fi
	words='
	-c -h -V --help --version --config --ask --from --ecs --do --tcp --explain
	--config-dir=
	--config-name=
	--no-config=
	--include-dir=
	--ignore-unknown-settings=
	--local-address=
	--local-port=
	--local-address-nonexist-fail=
	--non-local-bind=
	--proxy-protocol-from=
	--proxy-protocol-maximum-size=
	--workers=
	--setuid=
	--setgid=
	--chroot=
	--daemon=
	--socket-dir=
	--control-socket-alias=
	--store-dir=
	--worker-watchdog=
	--worker-watchdog-asleep=
	--launch=
	--consistent-backends=
	--lowercase-names=
	--default-ttl=
	--lua-global-include-dir=
	--script-time-limit=
	--script-load-limit=
	--script-instruction-limit=
	--script-memory-limit=
	--script-sandbox=
	--reload-probation=
	--reload-rollback-errors=
	--queue-limit=
	--resolver=
	--any-to-tcp=
	--minimal-any=
	--dname-processing=
	--resolve-across-zones=
	--no-shuffle=
	--udp-truncation-threshold=
	--edns-subnet-processing=
	--edns-cookie-secret=
	--server-id=
	--version-string=
	--max-tcp-connections=
	--max-tcp-connections-per-client=
	--max-tcp-transactions-per-conn=
	--max-tcp-connection-duration=
	--tcp-idle-timeout=
	--tcp-fast-open=
	--cache-ttl=
	--query-cache-ttl=
	--negquery-cache-ttl=
	--zone-cache-refresh-interval=
	--shm-size=
	--max-packet-cache-entries=
	--max-cache-entries=
	--stale-ttl=
	--prefetch=
	--loglevel=
	--loglevel-show=
	--log-format=
	--log-timestamp=
	--logging-facility=
	--disable-syslog=
	--log-dns-queries=
	--log-dns-details=
	--query-logging=
	--lua2-filename=
	--lua2-api=
	--lua2-query-logging=
	'
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
	[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
	return 0
}
complete -F _pdnslua pdnslua
