# The goals of asmgen; `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules
comma := ,
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

CARGO ?= cargo
export CARGO_TARGET_DIR ?= $(CURDIR)/target
ASMGEN := $(CARGO_TARGET_DIR)/release/asmgen
# What `make run` runs, and `make image` packs.
SPEC ?= examples/page.toml
# The image's platforms. A Docker without containerd takes the first, so that is this machine's.
PLATFORMS := $(if $(filter aarch64 arm64,$(shell uname -m)),linux/arm64$(comma)linux/amd64,linux/amd64$(comma)linux/arm64)
# Where `make install` puts the manual page; the executable goes to Cargo's own folder.
MANDIR ?= $(if $(CARGO_HOME),$(CARGO_HOME),$(HOME)/.cargo)/share/man/man1

.PHONY: help
help: ## list the goals
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' Makefile

.PHONY: build
build: ## build the release executable, target/release/asmgen
	@$(CARGO) build --release --locked --quiet

.PHONY: image
image: build ## build SPEC (examples/page.toml): out/NAME.amd64, out/NAME.arm64, the OCI image out/image.tar, out/docker-compose.yml
	@$(ASMGEN) dockerfile $(SPEC) > out/Dockerfile
	@name=$$(sed -n 's|^ENTRYPOINT \["/\(.*\)"\]$$|\1|p' out/Dockerfile); \
	$(ASMGEN) $(SPEC) --target x86_64 -o "out/$$name.amd64"; \
	$(ASMGEN) $(SPEC) --target aarch64 -o "out/$$name.arm64"; \
	: '`docker build` copies the mode, and the mode in the image is this one.'; \
	chmod 0555 "out/$$name.amd64" "out/$$name.arm64"; \
	: 'The image dates from the last commit: `docker image prune --filter until=…` removes those of 1970.'; \
	epoch=$${SOURCE_DATE_EPOCH-$$(git log -1 --format=%ct 2>/dev/null || true)}; \
	$${epoch:+env SOURCE_DATE_EPOCH="$$epoch"} $(ASMGEN) image $(SPEC) --platform $(PLATFORMS) -o out/image.tar; \
	$(ASMGEN) compose $(SPEC) > out/docker-compose.yml; \
	stat -c '%n: %s bytes' "out/$$name.amd64" "out/$$name.arm64" out/image.tar

.PHONY: run
run: build ## build SPEC (examples/page.toml) for this machine and run it in the foreground
	@exec $(ASMGEN) run $(SPEC)

.PHONY: sizes
sizes: build ## print the exact sizes of the examples for every target and layout
	@$(ASMGEN) sizes

.PHONY: tools
tools: ## install or fetch missing tools of the tests; start Docker if it is not running
	@.ci/tools
	@.ci/kernels

.PHONY: check
check: ## check format, lints and documentation, with only Rust's own tools
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) clippy --lib --no-default-features --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked

.PHONY: test
test: tools check ## run everything that CI checks
	@# What failed stands in the middle of a long output; it is shown again at its end.
	@log=$$(mktemp); trap 'rm -f "$$log"' EXIT; \
	$(CARGO) test --workspace --locked --no-fail-fast -- --test-threads $$(($$(nproc) + 1)) 2>&1 | tee "$$log" || \
	{ echo 'make test: what failed, again:'; sed -n '/^failures:$$/,/^test result: FAILED/p' "$$log"; exit 1; }

# FUZZ_SEED repeats a run.
.PHONY: fuzz
fuzz: export FUZZ_SECONDS ?= 600
fuzz: ## send mutated requests to the epoll engine, for FUZZ_SECONDS (600)
	@$(CARGO) test --quiet --locked --test it -- --nocapture fuzz::the_server_is_as_the_model

# SITE_CASES is how many folders, each with some hundred requests.
.PHONY: fuzz-site
fuzz-site: export SITE_CASES ?= 20000
fuzz-site: ## compare random folders and requests with the model of docs/site.md, SITE_CASES (20000)
	@$(CARGO) test --quiet --locked --test it -- --nocapture site::properties

# Optimized: what takes long is the search.
.PHONY: differential
differential: export PROGRAMS ?= 1000
differential: ## compare random programs, PROGRAMS (1000): searched with plain, machines with an interpreter, known values with registers
	@$(CARGO) test --release --quiet --locked --test it -- --nocapture differential::

# MUTANTS is how many of each kind, MUTANTS_SEED chooses them, MUTANTS_ONLY takes one by its name.
.PHONY: mutants
mutants: tools ## put single faults into engine and compiler, MUTANTS (120) of each; an unnoticed one fails; takes hours
	@.ci/mutants

.PHONY: kernels
kernels: tools ## run every example on all of Debian's kernels, and change every header byte: out/kernels/report.md
	@.ci/kernels all
	@KERNELS=all $(CARGO) test --quiet --locked --test it -- --nocapture kernels::

# The tests that compare something with a committed file, told to write it.
.PHONY: bless
bless: ## rewrite what is generated and committed: listings, sizes, messages, tables, docs, deploy files
	BLESS=1 $(CARGO) test --quiet --test it --locked -- bad_specs:: cli:: golden:: fresh:: golf::sizes instructions:: map::texts site::bad site::check
	@git --no-pager diff --stat || true

.PHONY: k8s
k8s: ## rewrite only k8s/, docker-compose.yml and Dockerfile.scratch
	BLESS=1 $(CARGO) test --quiet --test it --locked -- fresh::deploy_files_are_those_of_the_page
	@ls k8s docker-compose.yml Dockerfile.scratch

.PHONY: bench
bench: ## measure, to out/bench: foundation.md, and beside other servers epoll.md, epoll.svg
	@.ci/bench-tools
	@$(CARGO) bench --quiet --locked --bench foundation
	@$(CARGO) bench --quiet --locked --bench epoll

.PHONY: install
install: build ## install the command and its manual page
	@$(CARGO) install --quiet --locked --path .
	@install -d '$(MANDIR)'
	@$(ASMGEN) man > '$(MANDIR)/asmgen.1'
	@echo 'manual page: $(MANDIR)/asmgen.1'
	@echo 'completions: asmgen completions bash > ~/.local/share/bash-completion/completions/asmgen'

.PHONY: clean
clean: ## remove everything that was built
	@$(CARGO) clean --quiet
	@find out -mindepth 1 ! -name .gitignore -delete
