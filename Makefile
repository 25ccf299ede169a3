# Every habit, one verb a line. CI, hooks and the README call only these.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
TOOLS  := target/tools
CARGO_DENY_VERSION := 0.20.2

RUST    := Cargo.toml rust-toolchain.toml $(wildcard Cargo.lock) $(shell find crates -name '*.rs' -o -name Cargo.toml | grep -v '^crates/fuzz/')
BUILT   := $(VENV)/.built
HAS_DEV := $(VENV)/.development
HAS_PEERS := $(VENV)/.peers
CLIENTS := target/clients
HAS_CLIENTS := $(CLIENTS)/.installed
SUITE   := target/json-schema-suite
HAS_SUITE := $(SUITE)/.unpacked
SUITE_VERSION := 4.26.0

.DEFAULT_GOAL := help
.PHONY: help build serve test test-rust test-python test-clients test-oracles lint format bench bench-verify bench-usage fuzz docs clean

help: ## print this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'

# What a user of the router needs, and no more: `make serve` installs this.
$(BUILT): $(VENV)/bin/python pyproject.toml $(RUST)
	@echo 'building; the first time takes a few minutes'
	$(BIN)/python -m pip install --quiet 'maturin>=1.16,<2'
	rm -f python/anvil_serving/_core*.so  # a stale one would shadow the fresh one
	PIP_QUIET=1 $(BIN)/maturin develop --release --quiet --extras embedded
	@touch $@

$(HAS_DEV): $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --group development
	@touch $@

build: $(BUILT) ## install what the router needs and build it

serve: $(BUILT) ## build, then start the router before a small real model
	$(BIN)/anvil-serving quickstart

test: test-rust test-python test-oracles test-clients ## run every test

test-rust: $(BUILT) $(HAS_SUITE)
	PYO3_PYTHON=$(abspath $(BIN)/python) cargo test --quiet --workspace --exclude anvil-py

# JSON Schema's own test suite travels in the source of the Python package `jsonschema`; nothing of the package is run.
$(HAS_SUITE): $(VENV)/bin/python
	@mkdir -p $(SUITE)
	$(BIN)/python -m pip download --quiet --no-deps --no-binary jsonschema --dest $(SUITE) 'jsonschema==$(SUITE_VERSION)'
	tar -xzf $(SUITE)/jsonschema-$(SUITE_VERSION).tar.gz -C $(SUITE) --strip-components=2 jsonschema-$(SUITE_VERSION)/json/tests
	@touch $@

test-python: $(BUILT) $(HAS_DEV)
	$(BIN)/python -m pytest

test-clients: $(BUILT) $(HAS_DEV) $(HAS_CLIENTS) ## run the coding harnesses and SDKs themselves through the router
	$(BIN)/python -m pytest tests/clients

# A gigabyte: each harness is a binary of its own. npm writes no lock file, for it would name registry hosts.
$(HAS_CLIENTS): $(HAS_DEV) tests/clients/package.json pyproject.toml
	@for tool in node npm; do command -v $$tool >/dev/null || \
		{ echo "the tests of clients need $$tool: install Node.js 20 or newer" >&2; exit 1; }; done
	$(BIN)/python -m pip install --quiet --group clients
	mkdir -p $(CLIENTS)
	cp tests/clients/package.json $(CLIENTS)/
	npm install --prefix $(CLIENTS) --no-package-lock --no-fund --no-audit --loglevel error
	@touch $@

# A language whose compiler a machine does not have is left out, and pytest says so.
test-oracles: $(BUILT) $(HAS_DEV) ## hold the code check against the languages' own parsers, on real files and broken copies
	npm install --prefix target/oracles --no-package-lock --no-fund --no-audit --loglevel error 'typescript@5' 'yaml@2'
	$(BIN)/python -m pytest tests/oracles

lint: $(BUILT) $(HAS_DEV) $(TOOLS)/bin/cargo-deny ## formatters, linters, types, stubs, dependencies; warnings are errors
	cargo fmt --check
	PYO3_PYTHON=$(abspath $(BIN)/python) cargo clippy --quiet --workspace --all-targets -- -D warnings
	$(TOOLS)/bin/cargo-deny --log-level error check bans licenses sources
	$(BIN)/ruff format --check python tests benches
	$(BIN)/ruff check python tests benches
	$(BIN)/mypy
	$(BIN)/stubtest anvil_serving._core --ignore-disjoint-bases

$(TOOLS)/bin/cargo-deny:
	cargo install cargo-deny --quiet --locked --debug --version $(CARGO_DENY_VERSION) --root $(TOOLS)

format: $(HAS_DEV) ## let the formatters have their way
	cargo fmt
	$(BIN)/ruff format python tests benches
	$(BIN)/ruff check --fix --select I python tests benches

bench: $(BUILT) $(HAS_DEV) ## what relaying, deciding and checking cost, and how well the kind of work is known
	$(BIN)/python benches/classifier.py
	$(BIN)/python benches/policy.py
	$(BIN)/python benches/gate.py
	$(BIN)/python benches/relay.py

bench-verify: $(BUILT) $(HAS_DEV) $(HAS_PEERS) ## how fast answers are checked, beside Python's usual libraries
	$(BIN)/python benches/verify.py

bench-usage: $(BUILT) $(HAS_DEV) ## how fast a gigabyte of harnesses' logs is read
	$(BIN)/python benches/usage.py

$(HAS_PEERS): $(HAS_DEV) pyproject.toml
	$(BIN)/python -m pip install --quiet --group peers
	@touch $@

fuzz: ## fuzz every parser for FUZZ_SECONDS each (needs a nightly toolchain and cargo-fuzz)
	@for target in $$(ls crates/fuzz/fuzz_targets | sed 's/\.rs$$//'); do \
		(cd crates && cargo +nightly fuzz run --fuzz-dir fuzz $$target -- -max_total_time=$${FUZZ_SECONDS:-30}) || exit 1; \
	done

docs: $(BUILT) ## write the generated parts of docs/ anew
	$(BIN)/python docs/generate.py

clean: ## remove what was built
	rm -rf target $(VENV) crates/fuzz/target benches/load/target
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
