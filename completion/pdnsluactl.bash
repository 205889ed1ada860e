# SPDX-License-Identifier: GPL-3.0-or-later
# Written by build-aux/completion from the tables of pdnslua.

_pdnsluactl()
{
	local cur=${COMP_WORDS[COMP_CWORD]}
	local prev=${COMP_WORDS[COMP_CWORD-1]}
	local i name= verb= words=

	COMPREPLY=()
	# --NAME=VALUE comes as three words
	if [[ $cur == = ]]; then
		name=$prev cur=
	elif [[ $prev == = ]]; then
		name=${COMP_WORDS[COMP_CWORD-2]}
	fi
	case $name in
	--socket-dir)
		COMPREPLY=($(compgen -d -- "$cur"))
		return ;;
	esac
	if [[ $prev == -c ]]; then
		COMPREPLY=($(compgen -f -- "$cur"))
		return
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-c | =) ((i++)) ;;
		-*) ;;
		*)
			verb=${COMP_WORDS[i]}
			break ;;
		esac
	done
	case $verb in
	'')
		words='
		backend-cmd
		ccounts
		current-config
		cycle
		explain
		flush
		health
		help
		latency
		limits
		list
		list-zones
		notify
		notify-host
		ping
		profile
		purge
		qtypes
		quit
		rediscover
		reload
		remotes
		respsizes
		retrieve
		rollback
		rping
		set
		show
		status
		stop
		top
		trace
		uptime
		version
		workers
		xfr-queue
		'
		[[ $cur == -* ]] &&
		    words='-c --socket-dir= --json -h --help -V --version' ;;
	current-config) words='diff default' ;;
	explain) words='--from --ecs --do --tcp --fresh --worker' ;;
	limits) words='clear' ;;
	list-zones) words='primary secondary native producer consumer' ;;
	purge) words='zone: tag:' ;;
	reload) words='--no-probation' ;;
	top) words='--once' ;;
	trace) words='--count --seconds' ;;
	help)
		words='
		backend-cmd ccounts current-config cycle explain flush health help
		latency limits list list-zones notify notify-host ping profile
		purge qtypes quit rediscover reload remotes respsizes retrieve
		rollback rping set show status stop top trace uptime version
		workers xfr-queue
		' ;;
	set)
		words='
		include-dir ignore-unknown-settings proxy-protocol-from
		proxy-protocol-maximum-size worker-watchdog worker-watchdog-asleep
		consistent-backends lowercase-names default-ttl
		lua-global-include-dir script-time-limit script-load-limit
		script-instruction-limit script-memory-limit script-sandbox
		reload-probation reload-rollback-errors queue-limit resolver
		any-to-tcp minimal-any dname-processing resolve-across-zones
		no-shuffle udp-truncation-threshold edns-subnet-processing
		edns-cookie-secret server-id version-string max-tcp-connections
		max-tcp-connections-per-client max-tcp-transactions-per-conn
		max-tcp-connection-duration tcp-idle-timeout cache-ttl
		query-cache-ttl negquery-cache-ttl zone-cache-refresh-interval
		stale-ttl prefetch loglevel loglevel-show log-format log-timestamp
		log-dns-queries log-dns-details query-logging
		' ;;
	show)
		words='
		udp-queries udp4-queries udp6-queries udp-do-queries
		udp-cookie-queries udp-answers udp4-answers udp6-answers
		udp-answers-bytes udp4-answers-bytes udp6-answers-bytes
		udp-send-errors tcp-queries tcp4-queries tcp6-queries
		tcp-cookie-queries tcp-answers tcp4-answers tcp6-answers
		tcp-answers-bytes tcp4-answers-bytes tcp6-answers-bytes
		tcp-connections tcp-connections-refused tcp-timeouts
		corrupt-packets proxy-protocol-errors rd-queries
		incoming-notifications dnsupdate-queries dnsupdate-refused
		noerror-packets nxdomain-packets servfail-packets formerr-packets
		refused-packets unauth-packets truncated-packets packetcache-hit
		packetcache-miss deferred-packetcache-inserts query-cache-hit
		query-cache-miss deferred-cache-inserts zone-cache-hit
		zone-cache-miss stale-answers prefetched-answers deferred-queries
		backend-queries script-errors quarantined-answers dropped-rows
		script-limit-time script-limit-instructions script-limit-memory
		script-limit-stack script-recycled rollbacks
		' ;;
	esac
	[[ -n $verb && $cur == -* ]] && words+=' --json --help'
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
	[[ ${COMPREPLY[0]} == *[=:] ]] && compopt -o nospace 2>/dev/null
	return 0
}
complete -F _pdnsluactl pdnsluactl
