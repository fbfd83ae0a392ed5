# The only thing to learn. Every target makes its own environment first.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready-$(shell cksum < requirements.lock | cut -d' ' -f1)
ARGS ?=

.PHONY: help install demo test check lint types ingest build rebuild reports alerts calibrate run budget-feed \
	reprice what-if close verify focus sql bench docs prices clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

install: $(READY) ## make the environment from requirements.lock

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Tokenhouse needs Python 3.11 or newer: make PYTHON=python3.11 …"; exit 2; }
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@rm -f $(VENV)/.ready-*
	@touch $@

demo: $(READY) ## simulate a company for 90 days, land, build, test, report, and say what was found
	@$(RUN) -m pipeline demo $(ARGS)

test: $(READY) ## every test
	@$(RUN) -m pytest --numprocesses auto --dist loadfile $(ARGS)

check: lint types test ## what CI runs: lint, types, every test, manifest rules

lint: $(READY)
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/sqlfluff lint --disable-progress-bar --processes 0 models macros tests/data

types: $(READY)
	@$(VENV)/bin/mypy

ingest: $(READY) ## land files: make ingest ARGS="calls logs/"
	@$(RUN) -m ingest $(ARGS)

build: $(READY) ## bring the warehouse up to date with what has landed
	@$(RUN) -m pipeline build $(ARGS)

rebuild: $(READY) ## build everything again from the lake
	@$(RUN) -m pipeline build --full-refresh $(ARGS)

reports: $(READY) ## write the CSV reports and weekly_review.md to data/reports
	@$(RUN) -m publish reports $(ARGS)

alerts: $(READY) ## deliver what incidents have to say: make alerts ARGS="--dry-run"
	@$(RUN) -m publish alerts $(ARGS)

run: $(READY) ## one scheduled cycle: ingest what is new, build, publish, deliver alerts
	@$(RUN) -m pipeline run $(ARGS)
calibrate: $(READY) ## margins of the alert rules for a budget: make calibrate ARGS="--budget 0.25"
	@$(RUN) -m pipeline calibrate $(ARGS)

reprice: $(READY) ## what history would cost under other prices: make reprice ARGS="--seeds DIR"
	@$(RUN) -m publish reprice $(ARGS)

what-if: $(READY) ## a month on other models, batch, contract: make what-if ARGS="--month 2026-10 --model A=B"
	@$(RUN) -m publish what-if $(ARGS)

close: $(READY) ## close a month: make close MONTH=2026-10 [REASON="…"] [REVIEWED_BY="…"]
	@$(RUN) -m publish close --month "$$MONTH" --reason "$$REASON" --reviewed-by "$$REVIEWED_BY"

verify: $(READY) ## prove that a closed month is what was closed: make verify MONTH=2026-10
	@$(RUN) -m publish verify --month "$$MONTH"

focus: $(READY) ## FOCUS 1.2 and 1.4 files in data/focus: make focus ARGS="--month 2026-10"
	@$(RUN) -m publish focus $(ARGS)

budget-feed: $(READY) ## what each budget has left, for enforcers: data/budgets/feed.parquet and feed.json
	@$(RUN) -m publish budget-feed $(ARGS)

prices: $(READY) ## the price seed: make prices ARGS="refresh" or ARGS="check"
	@$(RUN) -m ingest prices $(ARGS)

sql: $(READY) ## a SQL prompt on the warehouse, read-only
	@$(RUN) -m pipeline sql $(ARGS)

bench: $(READY) ## speed and memory, as ratios against reference programs
	@$(RUN) -m benchmarks $(ARGS)

docs: $(READY) ## the dbt docs site, in target/
	@$(RUN) -m pipeline docs $(ARGS)

clean: ## remove generated files, not the data
	@rm -rf target logs .pytest_cache .mypy_cache .ruff_cache .hypothesis
