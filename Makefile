# Everything a newcomer types. `make help` lists it. Nothing here needs more than Linux and Python.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: run test check bench lock wheel clean help

CONFIG ?= deploy/quickstart.yaml
venv := .venv
bin := $(venv)/bin
install := $(bin)/python -m pip install --quiet --disable-pip-version-check

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(venv)/installed-run ## set up everything and start the quick start (another file: CONFIG=FILE)
	@exec $(bin)/monitor run --config $(CONFIG)

test: $(venv)/installed-dev ## set up and run all tests (some of them: TESTS=tests/test_x.py)
	@scripts/need-mosquitto
	@$(bin)/python -m pytest $(TESTS)

check: $(venv)/installed-dev ## static checks: format, lint, types, imports, shipped rules
	$(bin)/ruff format --check --quiet .
	$(bin)/ruff check --quiet .
	$(bin)/mypy
	$(bin)/lint-imports
	$(bin)/monitor check deploy/quickstart.yaml
	$(bin)/monitor test rules

bench: $(venv)/installed-bench $(venv)/installed-dev ## measure: judging, beside other engines, end to end (needs ../shared/data, mosquitto)
	@scripts/need-mosquitto
	@$(bin)/python benchmarks/run.py

lock: $(venv)/installed-dev ## pin all dependencies again, newest versions allowed by pyproject.toml
	@scripts/lock

wheel: $(venv)/installed-run ## build dist/monitor-VERSION.whl, with rules and quick start inside
	@$(bin)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

clean: ## remove what make made (never a state folder: that is yours)
	rm -rf $(venv) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# The stamps: an installation is made again only when a lock or pyproject.toml is newer than it.
$(bin)/python:
	@scripts/find-python >/dev/null
	@echo "Making $(venv) with $$(scripts/find-python)."
	@$$(scripts/find-python) -m venv $(venv) || { rm -rf $(venv); scripts/find-python --explain-venv; exit 1; }

$(venv)/installed-run: requirements/build.txt requirements/run.txt pyproject.toml | $(bin)/python
	@echo "Installing what monitor needs (once, about a minute)."
	@$(install) --require-hashes -r requirements/build.txt -r requirements/run.txt
	@$(install) --no-deps --no-build-isolation -e .
	@$(bin)/monitor places compile >/dev/null
	@touch $@

$(venv)/installed-dev: requirements/dev.txt $(venv)/installed-run
	@echo "Installing what the tests and checks need."
	@$(install) --require-hashes -r requirements/dev.txt
	@touch $@

$(venv)/installed-bench: requirements/bench.txt $(venv)/installed-run
	@echo "Installing what is measured beside us."
	@$(install) --require-hashes -r requirements/bench.txt
	@touch $@
