# Bare `make` lists the targets. Each one does its own set-up, and a second time finds it done.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
UV_INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt

.PHONY: help demo test test-long lint types format page neo4j bench bench-scale clean services

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | grep -v '^help:' | sed -E 's/^([a-z0-9-]+):.*## (.*)$$/  make \1|\2/' | \
		while IFS='|' read -r target meaning; do printf '%-18s %s\n' "$$target" "$$meaning"; done

demo: .venv/installed-ingest ## a small model on real digits, from training to answers, with no database to install
	@$(BIN)/summit-graph demo

test: .venv/installed-dev services lint types ## lint, types, drift checks and tests, with all their own set-up
	@$(BIN)/pytest -m "not long"

test-long: .venv/installed-dev services ## the tests that take minutes (TESTS=tests/store: a part); figures go to docs/evidence.md
	@SUMMIT_EVIDENCE=docs/evidence.md $(BIN)/pytest -m "long or measured" --timeout 3600 $(TESTS)

lint: .venv/installed-dev ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: .venv/installed-dev ## mypy, strict
	@$(BIN)/mypy

format: .venv/installed-dev ## put imports and code into the house format, and the docs' tables up to date
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .
	@$(BIN)/python -m tests.house.reference

page: .venv/installed-dev ## the explorer, from web/ into api/page (needs Node 20.19 or newer)
	@$(BIN)/python -m tests.services.node
	@cd web && npm run --silent types ../api/openapi.json src/service/schema.d.ts && npm run --silent format && npm run --silent build

neo4j: .venv/installed-dev ## a Neo4j server by hand, in the foreground (needs Java 17 and Maven)
	@$(BIN)/python -m tests.services.neo4j_server

bench: .venv/installed-dev ## ratios measured in one run: ingest against the bare model, queries against the bare engine (PARTS="pictures explorer": some)
	@$(BIN)/python -m benchmarks $(PARTS)

bench-scale: .venv/installed-dev services ## loads and questions at 0.2 M and 10 M edges, on both engines (half an hour, 10 GB of disk; PARTS=bolt: some)
	@$(BIN)/python -m benchmarks.scale $(PARTS)

clean: ## remove what the other targets made: .venv, build, dist, demo, caches
	rm -rf .venv build dist demo web/node_modules .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What the tests need beside Python; a machine that cannot give it makes those tests skip, with the reason.
services: .venv/installed-dev
	@bash tests/services/install.sh
	@$(BIN)/python -m tests.services.neo4j_jars
	@$(BIN)/python -m tests.services.node

.venv/bin/uv: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "summit-graph needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1): make PYTHON=/path/to/python3.12 …" >&2; exit 1; }
	@test -x $(BIN)/pip || { echo "making .venv" >&2; $(PYTHON) -m venv .venv; } || { rm -rf .venv; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	@touch $@

.venv/installed-ingest: .venv/bin/uv pyproject.toml constraints.txt
	@echo "installing summit-graph with its ingest room into .venv" >&2
	@$(UV_INSTALL) -e '.[ingest]'
	@touch $@

.venv/installed-dev: .venv/bin/uv pyproject.toml constraints.txt
	@echo "installing summit-graph with everything that its tests use into .venv" >&2
	@$(UV_INSTALL) -e '.[ingest,notebook,dev]'
	@touch $@ .venv/installed-ingest
