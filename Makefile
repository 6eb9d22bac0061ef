# Tocsin: everything a person types. Each target makes what it needs, in .venv; nothing else on the machine is touched.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	if $$p -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	then command -v $$p; break; fi; done)
WORKERS ?= 0
VENV := .venv
BIN := $(VENV)/bin
RUN_READY := $(VENV)/.ready-to-run
DEV_READY := $(VENV)/.ready-to-develop
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help run test lint bench chaos contracts audit clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(RUN_READY) ## the whole stack on this machine, with the demo (UP="--no-demo --base-port 9001" for options)
	@exec $(BIN)/tocsin up $(UP)

test: $(DEV_READY) ## every test, against a real PostgreSQL and a real Kafka (ARGS="-k clock" for options)
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup $(ARGS)

lint: $(DEV_READY) ## style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(DEV_READY) ## the figures of the README, as ratios measured in one run
	$(BIN)/python -m tests.bench

chaos: $(DEV_READY) ## seeded rounds of breaking everything (ROUNDS=100 SEED=7 ACTS="kill kafka,freeze router")
	$(BIN)/python -m tests.chaos $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SEED),--seed $(SEED)) $(if $(ACTS),--acts "$(ACTS)")

contracts: $(DEV_READY) ## schemas, AsyncAPI and docs/reference, generated from the code
	$(BIN)/python -m shared.contracts.generate
	$(BIN)/python -m tests.support.reference_pages

audit: $(DEV_READY) ## known vulnerabilities in requirements.lock; needs a source of advisories, and fails without one
	$(BIN)/python -m tests.support.dependency_audit

clean: ## takes .venv away; data in .tocsin stays
	rm -rf $(VENV)

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Tocsin needs Python 3.11 or later with venv, and finds none; install it (Debian: apt install python3-venv)," >&2; \
		echo "or name one: make run PYTHON=/path/to/python3.12" >&2; exit 1; fi
	"$(PYTHON)" -m venv $(VENV)

$(RUN_READY): requirements-embedded.lock pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements-embedded.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(DEV_READY): requirements-dev.lock pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements-dev.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ $(RUN_READY)
