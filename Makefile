# Two commands matter: `make demo` shows the whole story, `make test` checks everything.
# Both set up what they need in .venv; nothing is installed outside this folder.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
RIVALS := benchmarks/.venv/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test check proof bench pictures lock clean

help: ## Show this list
	@grep -E '^[a-z]+:.*##' Makefile | awk -F ':.*## ' '{ printf "make %-8s %s\n", $$1, $$2 }'

setup: $(READY) ## Create .venv with everything, pinned by hash

$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Tocsin needs Python 3.11 or newer. Set PYTHON=/path/to/python3.11 and run make again."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

demo: $(READY) ## Play the sample campaign, then keep the chat open (ONCE=1: end by itself)
	@$(BIN)/tocsin demo $(if $(ONCE),--once)

test: check ## Lint, types and every test, on SQLite and PostgreSQL
	$(BIN)/pytest --numprocesses auto --maxprocesses 4

check: $(READY) ## Lint, format, types, layer rule
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

proof: $(READY) ## Kill the bot 2,000 times, and 220 on Matrix, and lose nothing (KILLS= SEED= DATABASE=postgresql)
	@$(BIN)/python -m tests.slow.proof $(if $(KILLS),--kills $(KILLS)) $(if $(SEED),--seed $(SEED)) \
		$(if $(DATABASE),--database $(DATABASE))

bench: $(READY) $(RIVALS) ## Measure speed, cost and memory, a quarter of an hour (QUICK=1: a minute)
	@$(BIN)/python -m benchmarks $(if $(QUICK),--quick)

$(RIVALS): benchmarks/requirements.txt
	$(PYTHON) -m venv benchmarks/.venv
	benchmarks/.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		--requirement benchmarks/requirements.txt
	@touch $(RIVALS)

pictures: $(READY) ## Take the README's pictures anew (needs Chromium and npm)
	$(BIN)/python -m tests.pictures

lock: ## Renew the pinned versions (needs uv)
	uv pip compile --universal --generate-hashes --no-header --python-version 3.11 --quiet \
		pyproject.toml --output-file requirements.lock
	uv pip compile --universal --generate-hashes --no-header --python-version 3.11 --quiet \
		--extra dev --constraint requirements.lock pyproject.toml --output-file requirements-dev.lock
	uv pip compile --universal --generate-hashes --no-header --python-version 3.11 --quiet \
		benchmarks/requirements.in --output-file benchmarks/requirements.txt

clean: ## Remove what make created (never your data)
	rm -rf $(VENV) benchmarks/.venv .pytest_cache .mypy_cache .ruff_cache
