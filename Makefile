# `make run` is all that a newcomer needs. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help run test quick check bench chaos format lock audit sbom clean
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
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -p no:playwright -q $(ARGS) \
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

lock: $(VENV)/tools/ready ## Pin what requirements*.in ask for, with the hashes of all files; ARGS=--upgrade takes newer versions
	@for one in requirements*.in; do \
		$(VENV)/tools/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--no-header --no-annotate $(ARGS) $$one --output-file $${one%.in}.txt || exit; \
	done

audit: $(VENV)/tools/ready ## Known weaknesses of what is pinned, as PyPI lists them
	@$(VENV)/tools/bin/pip-audit --require-hashes --disable-pip -r requirements-scale.txt

sbom: $(VENV)/tools/ready ## sbom.json: a bill of materials (CycloneDX) of what is pinned
	@$(VENV)/tools/bin/cyclonedx-py requirements requirements-scale.txt --output-reproducible --of JSON -o sbom.json

clean: ## Remove the environment, never the data
	rm -rf $(VENV)

$(VENV)/runtime: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "batchsite needs Python 3.11 or newer; set PYTHON=…")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what batchsite needs into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/dev: requirements-dev.txt $(VENV)/runtime
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

$(VENV)/tools/ready: requirements-tools.txt
	@test -x $(VENV)/tools/bin/python || $(PYTHON) -m venv $(VENV)/tools
	@$(VENV)/tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-tools.txt
	@touch $@
