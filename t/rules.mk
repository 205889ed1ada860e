# SPDX-License-Identifier: GPL-3.0-or-later
# Rules of the tests that drive real servers; GNUmakefile includes this file.
# e2e and diff leave every reply in $(REPLIES), referee parses them all with
# libknot.

REPLIES := $(B)/t/replies
CACHE_BENCH := $(B)/t/bench/cache_cost $(B)/t/bench/cache_hit_rate
# Shared by all builds, sanitized or not.
PEERS   := build/peers

.PHONY: e2e diff referee bench peers bench-peers completion units package boot

peers: ## unpack the servers that we are compared with, and tools for tests
	@build-aux/unpack-peers $(PEERS) peer \
	    $(if $(shell command -v systemd-analyze),,peer-systemd)

# What cannot be had is named, and the benchmark runs without it.
bench-peers: | peers
	@build-aux/unpack-peers $(PEERS) bench-peer || true

$(B)/t/referee: $(B)/t/referee.o
	$(SAY) "  LINK $@"
	$(LINK) -lknot

$(B)/t/bench/lg: $(patsubst %.c,$(B)/%.o,$(wildcard t/bench/lg*.c))
	$(SAY) "  LINK $@"
	$(LINK)

$(B)/t/bench/echo: $(B)/t/bench/echo.o
	$(SAY) "  LINK $@"
	$(LINK)

$(CACHE_BENCH): %: %.o $(B)/libt.a $(B)/libpdnslua.a
	$(SAY) "  LINK $@"
	$(LINK) $(LDLIBS)

e2e: $(B)/pdnslua $(B)/t/bench/lg ## end-to-end cases
	@t/e2e/run.py --server=$(B)/pdnslua --load=$(B)/t/bench/lg \
	    --record=$(REPLIES)/e2e

diff: $(B)/pdnslua peers ## the same questions to PowerDNS and to us
	@t/diff/run.py --server=$(B)/pdnslua --record=$(REPLIES)/diff \
	    $(if $(PDNSLUA_LONG),--seed=random --count=30000)

referee: $(B)/t/referee ## parse every reply of e2e and diff with libknot
	@$(B)/t/referee $(wildcard $(REPLIES)/*)

completion: peers ## do bash and zsh complete?
	@t/completion/run.py

units: all peers ## make install, and what systemd says of the units
	@t/systemd/units.py --build=$(BUILD) --tools=$(PEERS)

package: ## build the Debian package in build/package, ask lintian
	@$(if $(shell command -v dh && command -v lintian),,\
	    build-aux/unpack-peers $(PEERS) peer-debian)
	@t/package/run.py --build=$(BUILD) --tools=$(PEERS)

boot: all ## a real systemd with the unit, from the package if it is there
	@deb=$$(ls $(BUILD)/package/pdnslua_*.deb 2>/dev/null) || deb=; \
	    t/systemd/boot.py --build=$(BUILD) $${deb:+--deb=$$deb}

# BENCH='--only=hits --rounds=5' makes it shorter or longer.
bench: $(PROGRAMS) $(B)/t/bench/lg $(B)/t/bench/echo $(CACHE_BENCH) \
    bench-peers ## figures side by side
	@t/bench/run --server=$(B)/pdnslua --ctl=$(B)/pdnsluactl \
	    --load=$(B)/t/bench/lg --echo=$(B)/t/bench/echo $(BENCH)
