# SPDX-License-Identifier: GPL-3.0-or-later
# Rules of the tests that drive real servers; GNUmakefile includes this file.
# `make e2e` and `make diff` leave every reply in $(B)/t/replies, `make referee`
# parses them all with libknot.

REPLIES := $(B)/t/replies
PYTHON  := /usr/bin/python3
LG_OBJS := $(patsubst %.c,$(B)/%.o,$(wildcard t/bench/lg*.c))
SAN_ENV := ASAN_OPTIONS=abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1
# Peers are shared by all builds, sanitized or not.
PEERS   := build/peers

.PHONY: e2e diff referee bench peers

peers:
	@build-aux/unpack-peers $(PEERS) pdns-server pdns-backend-lua2

$(B)/t/referee: $(B)/t/referee.o
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(shell pkg-config --libs libknot)

$(B)/t/bench/lg: $(LG_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lm

e2e: $(B)/pdnslua $(B)/t/bench/lg
	$(SAN_ENV) $(PYTHON) t/e2e/run.py --server=$(B)/pdnslua \
		--load=$(B)/t/bench/lg --record=$(REPLIES)/e2e

diff: $(B)/pdnslua peers
	$(SAN_ENV) $(PYTHON) t/diff/run.py --server=$(B)/pdnslua \
		--record=$(REPLIES)/diff

referee: $(B)/t/referee
	$(B)/t/referee $(wildcard $(REPLIES)/*)

bench: $(B)/pdnslua $(B)/t/bench/lg peers
	t/bench/run --server=$(B)/pdnslua --load=$(B)/t/bench/lg
