# Everything a developer runs. PYTHON=python3.12 chooses the interpreter; uv is used when it is on the PATH.
SHELL := /bin/sh
BIN := .venv/bin
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup dev run run-servers servers test test-compiled lint types layers format wheel wheel-compiled bench bench-servers crash crash-servers demo-everywhere programs lock clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' Makefile

setup:
	@sh scripts/setup.sh requirements.lock

dev:
	@sh scripts/setup.sh requirements-dev.lock

run: setup  ## run the demo: a sample playbook, from event to delivered message
	@$(BIN)/touchline demo

servers: dev  ## start Kafka, Valkey and PostgreSQL on this machine, until Ctrl-C (needs Java and Maven)
	@$(BIN)/python -m tests.servers

run-servers: dev  ## run the demo on Kafka, Valkey and PostgreSQL, started for it (needs Java 17 and Maven)
	@$(BIN)/python -m tests.servers.demo

test: dev  ## run every test
	@$(BIN)/python -m pytest -n 2

test-compiled: dev  ## run the tests of the core with the fold compiled (needs a C compiler)
	@$(BIN)/python scripts/compiled.py --required
	@cd build/compiled && ../../$(BIN)/python -m pytest -n 2 tests/core tests/properties tests/shell/test_rehearsal.py tests/shell/test_rehearsed_journeys.py

demo-everywhere: dev  ## run the demo in memory, on SQLite and on servers with one and three workers, and compare the files
	@$(BIN)/python -m pytest -s -m demo tests/e2e/test_demo_everywhere.py

lint: dev  ## check style and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: dev  ## put the code into its standard form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: dev  ## check the types
	@$(BIN)/mypy

layers: dev  ## check who imports whom
	@$(BIN)/lint-imports

wheel: dev  ## build the wheel into dist/
	@rm -rf dist
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist

wheel-compiled: dev  ## build a wheel for this machine, the fold compiled, into dist/ (needs a C compiler)
	@rm -rf dist
	@HATCH_BUILD_HOOK_ENABLE_CUSTOM=true $(BIN)/python -m build --wheel --no-isolation --outdir dist

bench: dev  ## measure events per second on this machine, the fold compiled if there is a C compiler
	@$(BIN)/python scripts/compiled.py
	@cd build/compiled && ../../$(BIN)/python -m bench.run

bench-servers: dev  ## measure the worker on Kafka, Valkey and PostgreSQL (needs Java and Maven)
	@$(BIN)/python scripts/compiled.py
	@cd build/compiled && ../../$(BIN)/python -m bench.servers

crash: dev  ## kill real processes again and again and count what is lost or doubled
	@$(BIN)/python -m pytest -m crash tests/e2e

crash-servers: dev  ## the same on Kafka, Valkey and PostgreSQL, with workers that take over from each other
	@$(BIN)/python -m pytest -m crash tests/e2e/test_crashes_on_servers.py tests/e2e/test_stops_on_servers.py

programs: dev  ## hold twenty thousand generated conditions against the reference
	@$(BIN)/python -m pytest -m programs tests/properties

lock: dev  ## renew the lock files from pyproject.toml
	@$(BIN)/uv pip compile $(LOCK) --upgrade --group build pyproject.toml --output-file requirements.lock
	@$(BIN)/uv pip compile $(LOCK) --upgrade --group build --extra dev -c requirements.lock pyproject.toml --output-file requirements-dev.lock
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

clean:  ## remove what was made here: the venv, builds, caches and demo data
	@rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .touchline* touchline-demo
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
