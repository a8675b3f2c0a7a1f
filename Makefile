# `make run` is all that a newcomer needs. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help run test quick check bench chaos format clean
.DEFAULT_GOAL := help
# Where it is set, each of the many processes of a run compiles everything anew.
unexport PYTHONDONTWRITEBYTECODE

help: ## This list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

run: $(VENV)/runtime ## Set everything up and start it; PORT=… changes the port
	@exec $(BIN)/python manage.py up

test: $(VENV)/dev ## The whole suite; BATCHSITE_REQUIRE=all turns "skipped: not installed" into a failure
	$(BIN)/python -m pytest -n $(if $(ARGS),auto --maxprocesses 6,6) --dist loadfile --no-loadscope-reorder $(ARGS)

quick: $(VENV)/dev ## The inner loop: no browser, processes or services, nothing that is tried in very many ways
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -q $(ARGS) \
		-m "not browser and not processes and not services and not slow"

check: $(VENV)/dev ## Style, types, templates, migrations, deployment settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djangofmt --check templates
	$(BIN)/djangofmt check templates
	$(BIN)/lint-imports
	$(BIN)/python -m tests.house.dead
	$(BIN)/mypy
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -W error::DeprecationWarning manage.py check --deploy --fail-level WARNING

bench: $(VENV)/dev ## Speed and memory beside a plain script; ROWS=10000,100000
	$(BIN)/python -m benchmarks.pipeline $(ARGS)

chaos: $(VENV)/dev ## Kill and lie at random, then reconcile every row and tick; MINUTES=30
	$(BIN)/python -m tests.chaos $(ARGS)

format: $(VENV)/dev ## Let ruff format the code, and djangofmt the templates
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djangofmt --quiet templates

clean: ## Remove the environment, never the data
	rm -rf $(VENV)

$(VENV)/runtime: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "batchsite needs Python 3.11 or newer; set PYTHON=…")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what batchsite needs into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/dev: requirements-dev.txt requirements-scale.txt $(VENV)/runtime
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
