# `make help` explains itself: a target is documented by the comment behind it.
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FORGE := contracts/toolchain/node_modules/.bin/forge
SLITHER := contracts/toolchain/.venv/bin/slither
ONCE ?=

.PHONY: help demo test faults fuzz serve audit fix lint types contracts lint-contracts prove pictures setup setup-dev lock clean

help: ## show this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.run: requirements/run.txt pyproject.toml auditor/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Stoa needs Python 3.11 or newer. Set PYTHON=/path/to/python3.11.")'
	echo "Making an environment for Python in $(VENV)."
	$(PYTHON) -m venv $(VENV)
	echo "Installing what Stoa needs to run, once. This can take minutes."
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e auditor
	touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "Installing what tests and linters need as well, once. This can take minutes."
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	touch $@

setup: $(VENV)/.run ## install what Stoa needs to run into .venv
setup-dev: $(VENV)/.dev ## install what tests and linters need as well

demo: $(VENV)/.run ## open a city and play its three acts (ONCE=1: answer for the citizen and exit)
	@$(BIN)/stoa demo $(if $(ONCE),--once)

serve: $(VENV)/.run ## start the kept city again: devnet, registrar, workers, API and pages
	@$(BIN)/stoa serve

audit: $(VENV)/.run ## export the kept city's evidence and verify it with the independent auditor
	@$(BIN)/stoa audit verify

test: $(VENV)/.dev ## run the tests (faults and the long fuzzing have targets of their own)
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder -m "not faults"

faults: $(VENV)/.dev ## kill the city at three random moments of a demonstration and go on (STOA_FAULT_SEED repeats a run)
	$(BIN)/pytest -m faults -s

fuzz: $(VENV)/.dev ## send random requests to every operation, ten times as many as in a test
	STOA_FUZZ_TIMES=10 $(BIN)/pytest -m fuzz -s

fix: $(VENV)/.dev ## format the code and mend what the linter can mend
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format --quiet .

lint: $(VENV)/.dev ## check formatting, lint rules and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: $(VENV)/.dev ## check types, strictly
	$(BIN)/basedpyright

contracts: $(VENV)/.dev ## compile the contracts; rewrite artifacts, bindings and the published build (needs npm)
	npm ci --prefix contracts/toolchain --ignore-scripts --silent --no-fund --no-audit
	$(BIN)/python -m contracts.toolchain.build
	$(BIN)/python -m contracts.toolchain.bindings
	$(BIN)/python -m tests.auditor.builds

$(FORGE): contracts/toolchain/package-lock.json
	npm ci --prefix contracts/toolchain --ignore-scripts --silent --no-fund --no-audit
	touch $@

# slither wants another web3 than Stoa: an environment of its own.
$(SLITHER): contracts/toolchain/slither.txt
	$(PYTHON) -m venv contracts/toolchain/.venv
	contracts/toolchain/.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r contracts/toolchain/slither.txt
	touch $@

lint-contracts: $(VENV)/.dev $(FORGE) $(SLITHER) ## lint the contracts with forge and slither (needs npm)
	$(BIN)/python -m contracts.toolchain.lint

prove: $(VENV)/.dev $(FORGE) ## try for minutes to break what always holds on the ledger, from a new seed (needs npm)
	$(BIN)/python -m contracts.toolchain.prove --patient

pictures: $(VENV)/.dev ## take a picture of every page into docs/pages (needs Chromium)
	$(BIN)/python -m tests.web.album

lock: $(VENV)/.dev ## resolve dependencies again and rewrite requirements/*.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate pyproject.toml requirements/build.in auditor/pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate pyproject.toml requirements/build.in auditor/pyproject.toml requirements/dev.in -c requirements/run.txt -o requirements/dev.txt

clean: ## remove the virtual environment and everything a build made
	rm -rf $(VENV) contracts/toolchain/node_modules contracts/toolchain/.venv contracts/out contracts/cache .pytest_cache .ruff_cache
