# diynn: `make` builds ./diynn (and ./diynn-check, the same sources in double precision).
#
#   make quickstart   installs what is missing, builds, trains the embedded digits, draws the curves
#   make test         installs what is missing, builds, tests; the last line counts them
#   make test-all     also: double build, sanitizers, failing allocations, killed runs, long sweeps
#   make fuzz         libFuzzer on what reads files (clang), FUZZ_TIME=60 seconds each
#   make bench        GFLOP/s and samples/s, as shares of the machine's peak (BENCH='--train A')
#   make bench-peers  the same against BLAS, oneDNN, scikit-learn and PyTorch, where they are here
#   make lint         formatting, include rules, static analysis (CI)
#   make reference    docs/REFERENCE.md from the program's tables
#   make install      program and manual page: PREFIX=/usr/local, DESTDIR=
#   make help         all targets
#
# Variables: CC, CFLAGS (added), SAN=address,undefined, OMP=0 (no threads), REAL=double, WERROR=1, V=1.
# Objects lie in build/<hash of compiler and flags>/, so builds of different kinds never mix.

CC     = gcc
AR     = ar
OBJCOPY = objcopy
SAN    =
OMP    = 1
REAL   = float
WERROR =

VERSION := 0.1.0

# as many jobs as processors, unless the command line says otherwise
ifeq ($(MAKELEVEL)$(filter clean,$(MAKECMDGOALS)),0)
MAKEFLAGS += -j$(shell nproc)
endif

WARN := -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wdouble-promotion \
        -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla $(if $(WERROR),-Werror)
BASE := -std=c11 -D_GNU_SOURCE -DDIYNN_VERSION='"$(VERSION)"' -ffp-contract=off -fno-math-errno \
        -fno-strict-aliasing -pthread -g
BASE += $(if $(filter double,$(REAL)),-DREAL_DOUBLE)
BASE += $(if $(filter 0,$(OMP)),-Wno-unknown-pragmas,-fopenmp)
BASE += $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
# sanitizers multiply what the optimizer has to read: -O3 takes five times as long to compile as -O1
OPT     := $(if $(SAN),-O1,-O2)
OPT_K   := $(if $(SAN),-O1,-O3)
LDLIBS  := -linih -ljansson -lz -lbz2 -lm -pthread $(if $(filter 0,$(OMP)),,-fopenmp)
LDLIBS  += $(if $(SAN),-fsanitize=$(SAN))

MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null)
HASH    := $(shell printf '%s' '$(CC) $(shell $(CC) --version 2>/dev/null | head -n 1) $(MACHINE) \
             $(BASE) $(WARN) $(OPT) $(OPT_K) $(CFLAGS)' | cksum | cut -d ' ' -f 1)
B       := build/$(HASH)

# ---- sources -------------------------------------------------------------------------------------

ISA_SRC  := $(wildcard src/kernels/*.isa.c)
SRC      := $(filter-out $(ISA_SRC),$(wildcard src/*/*.c src/*/*/*.c))
CLI      := $(wildcard cli/*.c)
TESTS    := $(wildcard tests/*/test_*.c)

# Instruction sets: each *.isa.c is compiled once per set. The double build has the reference only.
ISAS := base
ifneq ($(filter x86_64-%,$(MACHINE)),)
ISAS += avx2 avx512
endif
ifeq ($(REAL),double)
ISAS :=
endif
FLAGS_base   :=
FLAGS_avx2   := -mavx2 -mfma
FLAGS_avx512 := -mavx512f -mavx512vl -mavx512bw -mavx512dq -mfma -mprefer-vector-width=512

ISA_OBJ  := $(foreach i,$(ISAS),$(ISA_SRC:%.isa.c=$(B)/%.$(i).o))
OBJ      := $(SRC:%.c=$(B)/%.o) $(ISA_OBJ)
CLI_OBJ  := $(CLI:%.c=$(B)/%.o)
TEST_BIN := $(TESTS:%.c=$(B)/%)

# ---- registries: one line X(name) for each file in a room ----------------------------------------

ROOMS       := layers losses optim formats generators commands isas
ROOM_layers     := $(notdir $(basename $(wildcard src/layers/*.c)))
ROOM_losses     := $(notdir $(basename $(wildcard src/losses/*.c)))
ROOM_optim      := $(filter-out optim optim_step schedule,$(notdir $(basename $(wildcard src/optim/*.c))))
ROOM_formats    := $(notdir $(basename $(wildcard src/data/formats/*.c)))
ROOM_generators := $(notdir $(basename $(wildcard src/data/generators/*.c)))
ROOM_commands   := $(patsubst cmd_%,%,$(notdir $(basename $(wildcard cli/cmd_*.c))))
# written at once, and only where the list has changed, so that nothing is rebuilt for nothing
$(foreach r,$(ROOMS),$(shell mkdir -p $(B)/gen; \
    printf 'X(%s)\n' $(if $(filter isas,$(r)),$(ISAS),$(sort $(ROOM_$(r)))) | grep -v 'X()' > $(B)/gen/$(r).tmp; \
    cmp -s $(B)/gen/$(r).tmp $(B)/gen/$(r).def || mv $(B)/gen/$(r).tmp $(B)/gen/$(r).def; \
    rm -f $(B)/gen/$(r).tmp))

# a line says what is made; V=1 shows the command instead, -s nothing
Q   := $(if $(V),,@)
say  = $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),,@printf '  %-8s %s\n' $(1) $@)

COMPILE = $(CC) $(BASE) $(WARN) -Isrc -I$(B) -MMD -MP $(CFLAGS)

# ---- programs ------------------------------------------------------------------------------------

.PHONY: all program where check-program
all: diynn diynn-check libdiynn.a

program: $(B)/diynn

# where this kind of build lies
where:
	@echo $(B)

diynn: program
	@[ "$$(readlink $@)" = $(B)/diynn ] || ln -sfn $(B)/diynn $@

diynn-check:
	@$(MAKE) --no-print-directory REAL=double SAN=$(SAN) OMP=$(OMP) WERROR=$(WERROR) check-program

check-program: program
	@[ "$$(readlink diynn-check)" = $(B)/diynn ] || ln -sfn $(B)/diynn diynn-check

libdiynn.a: $(B)/libdiynn.a
	@[ "$$(readlink $@)" = $< ] || ln -sfn $< $@

.PHONY: diynn diynn-check libdiynn.a

$(B)/diynn: $(CLI_OBJ) $(B)/libdiynn-internal.a
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/libdiynn-internal.a: $(OBJ)
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

# One object of all that src/diynn.c needs, in which only its own names can be seen from outside.
$(B)/libdiynn.a: $(B)/src/diynn.o $(B)/libdiynn-internal.a
	$(call say,LINK)
	$(Q)$(CC) -nostdlib -r -o $(B)/libdiynn.o $^
	$(Q)$(OBJCOPY) --wildcard --keep-global-symbol='diynn_*' $(B)/libdiynn.o
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $(B)/libdiynn.o

$(B)/src/kernels/%.o: src/kernels/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) $(OPT_K) -c -o $@ $<

# their loops are vectorised by the compiler
$(B)/src/optim/%.o: src/optim/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) $(OPT_K) -c -o $@ $<

$(B)/src/data/augment/%.o: src/data/augment/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) $(OPT_K) -c -o $@ $<

define isa_rule
$(B)/src/kernels/%.$(1).o: src/kernels/%.isa.c
	@mkdir -p $$(@D)
	$$(call say,CC)
	$$(Q)$$(COMPILE) $(OPT_K) $$(FLAGS_$(1)) -DISA=$(1) -c -o $$@ $$<
endef
$(foreach i,$(ISAS),$(eval $(call isa_rule,$(i))))

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) $(OPT) -c -o $@ $<

# ---- benchmarks ----------------------------------------------------------------------------------

BENCH_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard bench/*.c))

$(B)/bench/bench: $(BENCH_OBJ) $(B)/libdiynn-internal.a
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# BENCH: options; bench/main.c and bench/peers/compare.py say which. Threads are bound to processors:
# the system likes to put two that sleep now and then on the same one.
.PHONY: bench bench-peers
bench: $(B)/bench/bench
	@OMP_PROC_BIND=$${OMP_PROC_BIND:-true} $< $(BENCH)

bench-peers: $(B)/bench/bench
	@CC='$(CC)' bench/peers/build.sh $(B)/bench/peers
	@bench/peers/compare.py --bench $< --drivers $(B)/bench/peers $(BENCH)

-include $(OBJ:.o=.d) $(B)/src/diynn.d $(BENCH_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(TEST_BIN:=.d)

# ---- tests ---------------------------------------------------------------------------------------

$(B)/tests/%: tests/%.c $(B)/libdiynn-internal.a
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) -Itests $(OPT) -MF $@.d -o $@ $< $(B)/libdiynn-internal.a -lcmocka $(LDLIBS)

# sees libdiynn.a first, as a program does that only knows diynn.h
$(B)/tests/train/test_diynn: tests/train/test_diynn.c $(B)/libdiynn.a
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) -Itests $(OPT) -MF $@.d -o $@ $< $(B)/libdiynn.a $(B)/libdiynn-internal.a -lcmocka \
	    $(LDLIBS)

$(B)/tests/embed: tests/embed.c $(B)/libdiynn.a
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) $(OPT) -MF $@.d -o $@ $< $(B)/libdiynn.a $(LDLIBS)

.PHONY: deps tests test
deps:
	@scripts/deps.sh build

tests: $(TEST_BIN) $(B)/tests/embed $(B)/tests/usage $(B)/bench/bench

test: deps
	@$(MAKE) --no-print-directory all tests
	@B=$(B) tests/run.sh $(if $(filter double,$(REAL)),--programs)

# ---- the rest ------------------------------------------------------------------------------------

.PHONY: quickstart test-long test-all lint reference fuzz fuzz-programs install
quickstart:
	@scripts/deps.sh build
	@scripts/deps.sh run || echo 'quickstart: going on without what is missing'
	@$(MAKE) --no-print-directory diynn
	./diynn train --force nets/digits_mlp.ini
	@scripts/plot.sh runs/digits_mlp || echo 'quickstart: no curves; the numbers are in runs/digits_mlp/log.csv'

# what tests/all.sh does with each build
test-long: deps
	@$(MAKE) --no-print-directory all tests
	@B=$(B) tests/run.sh --long

test-all:
	@tests/all.sh

lint:
	@scripts/deps.sh build lint
	@$(MAKE) --no-print-directory diynn
	@B=$(B) FLAGS='$(filter-out -DDIYNN_VERSION%,$(BASE)) -Isrc -I$(B)' scripts/lint.sh

reference: diynn
	./diynn help --markdown > docs/REFERENCE.md

# libFuzzer programs, each for FUZZ_TIME seconds; what they find lies in build/fuzz/
FUZZ_TIME = 60
FUZZ_SEEDS := $(wildcard tests/files/good tests/files/bad tests/files/bad_data tests/files/images nets)
FUZZ_BIN := $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/fuzz_*.c))
$(B)/tests/fuzz/%: tests/fuzz/%.c $(B)/libdiynn-internal.a
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) $(OPT) -fsanitize=fuzzer -o $@ $< $(B)/libdiynn-internal.a $(LDLIBS)

fuzz-programs: $(FUZZ_BIN)
	@for f in $(FUZZ_BIN); do \
	    d=build/fuzz/$${f##*/}; mkdir -p $$d; echo "$${f##*/}, $(FUZZ_TIME) s"; \
	    $$f -max_total_time=$(FUZZ_TIME) -timeout=10 -rss_limit_mb=2048 -verbosity=0 \
	        -print_final_stats=1 -artifact_prefix=$$d/found- $$d $(FUZZ_SEEDS) || exit 1; \
	done

fuzz:
	@scripts/deps.sh build ci
	@$(MAKE) --no-print-directory CC=clang SAN=address,undefined,fuzzer-no-link ISAS= \
	    fuzz-programs

PREFIX  = /usr/local
DESTDIR =
install: all
	install -D diynn '$(DESTDIR)$(PREFIX)/bin/diynn'
	install -D diynn-check '$(DESTDIR)$(PREFIX)/bin/diynn-check'
	install -D -m 644 libdiynn.a '$(DESTDIR)$(PREFIX)/lib/libdiynn.a'
	install -D -m 644 src/diynn.h '$(DESTDIR)$(PREFIX)/include/diynn.h'
	install -D -m 644 docs/diynn.1 '$(DESTDIR)$(PREFIX)/share/man/man1/diynn.1'

.PHONY: clean help
clean:
	rm -rf build diynn diynn-check libdiynn.a

help:
	@sed -n 's/^#   //p' Makefile
