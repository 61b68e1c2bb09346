# Every task of the project, one word each.  `make` alone lists them.
# Needs Python 3.11 or newer and make; everything else goes into .venv.

PYTHON ?= python3
TORCH ?= auto
PORT ?= 8000
JOBS ?= $(shell $(PYTHON) -c "import os; print(len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count())" 2>/dev/null || echo 1)

BIN := .venv/bin
# A venv made earlier is kept, unless PYTHON was named on this call.
CHOSEN := $(if $(filter file undefined default,$(origin PYTHON)),,--python-was-chosen)
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadfile

# One thread per process: the work is parallel over notebooks and tests, and sums come out the
# same on every machine.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export VECLIB_MAXIMUM_THREADS := 1
export PYTHONHASHSEED := 0

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup book serve test lint unit kernel thorough site coverage shots tidy claims newest lock repository bench clean distclean

help:  ## list the tasks
	@echo "make TASK, where TASK is one of"
	@sed -n 's/^\([a-z]*\):.*## /  \1:/p' Makefile | awk '{k = index($$0, ":"); printf "%-14s%s\n", substr($$0, 1, k - 1), substr($$0, k + 1)}'
	@echo "Options: PYTHON=python3.12  TORCH=cuda  PORT=8000  JOBS=2"

setup:  ## make .venv with the pinned packages (the other tasks do it by themselves)
	@$(PYTHON) -c "" 2>/dev/null || { echo "$(PYTHON) does not run; name a Python 3.11 or newer: make book PYTHON=python3.12"; exit 1; }
	@$(PYTHON) tools/install.py --torch "$(TORCH)" $(CHOSEN)

book: setup  ## run the notebooks and build the site in _build/html
	@$(BIN)/python tools/build.py --jobs $(JOBS)

serve: book  ## show the site on http://localhost:8000 (PORT=... for another port)
	@$(BIN)/python tools/serve.py $(PORT)

test: setup lint unit kernel site  ## everything: lint, library, notebooks, another kernel, the built site in a browser

lint: setup  ## style of the code, spelling of the text
	@$(BIN)/ruff check .
	@$(BIN)/codespell

unit: setup  ## tests of the library (with coverage), rules of the notebooks, every notebook run
	$(PYTEST) tests/lib tests/book tests/tools book --cov=relucones --cov-report=term:skip-covered --cov-fail-under=95

kernel: setup  ## tests of the library under another kernel of OpenBLAS, as another processor would run them
	@$(BIN)/python tools/kernels.py other $(PYTEST) tests/lib

thorough: setup  ## the long form of every sampled test, then the whole suite under all kernels (hours)
	RELUCONES_THOROUGH=1 $(PYTEST) tests/lib tests/tools
	@$(BIN)/python tools/kernels.py all $(PYTEST) tests/lib tests/book tests/tools book

site: book  ## open every page of the built site in a browser
	$(PYTEST) tests/site

coverage: setup  ## lines of the library that no test reaches, in htmlcov/index.html
	$(PYTEST) tests/lib --cov=relucones --cov-report=term-missing:skip-covered --cov-report=html
	@echo "Coverage: htmlcov/index.html"

shots: book  ## pictures of every page (wide, phone, dark) in _build/shots
	@$(BIN)/python tools/shots.py

tidy: setup  ## strip outputs and counts from the notebooks
	@$(BIN)/python tools/tidy.py

claims: setup  ## write the page "Every claim" from book/claims, and list what is missing (OPTIONS=--check)
	@$(BIN)/python tools/claims.py $(OPTIONS)

newest: setup  ## the newest versions of the library's dependencies in .venv (undo: make distclean)
	@rm -f .venv/installed
	@$(BIN)/uv pip install -q --python $(BIN)/python --torch-backend cpu --upgrade -e "./lib[torch]" pytest pytest-xdist hypothesis

lock: setup  ## write constraints.txt anew from requirements.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-emit-package relucones \
	    --no-annotate --no-header --no-emit-index-url --upgrade requirements.txt -o constraints.txt

repository: setup  ## move the project to another address: make repository URL=https://github.com/OWNER/NAME
	@$(BIN)/python tools/repository.py "$(URL)"

bench: setup  ## side-by-side runs against other programs (OPTIONS="--again --quick --peers")
	@$(BIN)/python benchmarks/run.py $(OPTIONS)

clean:  ## remove everything built
	rm -rf _build htmlcov .coverage .pytest_cache .ruff_cache .hypothesis

distclean: clean  ## remove .venv too
	rm -rf .venv
