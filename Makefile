# Three commands need nothing but Python (3.11 to 3.13), make and a package index: `make demo`, `make page` and
# `make test`. They share one environment: each installs what it uses and the others have not installed yet.
PYTHON ?= python3
VENV   ?= .venv
IN     := $(if $(filter Windows_NT,$(OS)),Scripts,bin)
BIN    := $(VENV)/$(IN)
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help demo page test test-core fuzz bench notebooks docs tutorials site lint github format release clean environment

help:             ## show this list
	@echo "glassnet: make TARGET [PYTHON=python3.12] [ARGS='...']"
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */  \1\t/' | expand -t 14
	@echo "The first run sets up an environment, which takes a minute or two more."
	@echo "How long each benchmark takes: docs/benchmarks.md"

demo:             ## train a network and look at the result (half a minute)
	@$(PYTHON) tools/environment.py $(VENV) plots,sklearn
	@$(BIN)/python -m glassnet demo $(ARGS)

page:             ## draw a digit, see every number, train step by step and back: in the browser
	@$(PYTHON) tools/environment.py $(VENV) page,sklearn
	@$(BIN)/python -m glassnet page $(ARGS)

# As many processes as cores, so one thread for the matrix products of each. The tests start hundreds of Python processes,
# which start sooner where Python may keep what it has compiled.
test: environment ## run the tests (about 4 minutes); fewer without MNIST or Chromium
	@PYTHONDONTWRITEBYTECODE= OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

# The core alone: no extra is installed, so what needs one is skipped. Half a minute to set up once, and a minute to run.
test-core:        ## the same without any of the extras (a minute)
	@$(PYTHON) tools/environment.py $(VENV)-core test-core
	@OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 $(VENV)-core/$(IN)/python -m pytest -n auto --dist worksteal $(ARGS)

fuzz:             ## read hostile files and try properties, thousands of times (about 10 minutes)
	@$(PYTHON) tools/environment.py $(VENV) dev,fuzz
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python tools/fuzz.py $(ARGS)

bench:            ## measure speed beside PyTorch and others (20 minutes)
	@$(PYTHON) tools/environment.py $(VENV)-bench bench
	@$(VENV)-bench/$(IN)/python benchmarks/speed.py $(ARGS)

notebooks: environment ## run the notebooks and keep what they show (half a minute)
	@$(BIN)/python tools/notebooks.py $(ARGS)

docs: environment ## write down what the examples in docs/ print, draw the drawings (a minute)
	@$(BIN)/python tools/settings.py
	@$(BIN)/python tools/docs.py $(ARGS)
	@$(BIN)/python tools/drawings.py

# Sphinx would not read a page with a warning again, and be content: so after a warning it forgets what it has read.
site:             ## make the site of the documentation in build/site, and look at it (a minute)
	@$(PYTHON) tools/environment.py $(VENV) site
	@$(BIN)/python -m sphinx -qW --keep-going -j auto -c docs/site -d build/doctrees . build/site || { rm -rf build/doctrees; exit 1; }
	@$(BIN)/python tools/browse.py build/site

tutorials: environment ## follow the tutorials and write down what their commands print (a minute)
	@$(BIN)/python tools/tutorials.py $(ARGS)

lint: environment github ## ruff and mypy --strict; all that is below .github (half a minute)
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

VALID = $(BIN)/check-jsonschema --builtin-schema vendor
github: environment ## workflows, forms for issues and CITATION.cff are valid (2 seconds)
	@$(VALID).github-workflows .github/workflows/*.yml
	@$(VALID).github-issue-forms .github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/question.yml
	@$(VALID).github-issue-config .github/ISSUE_TEMPLATE/config.yml
	@$(VALID).citation-file-format CITATION.cff
	@$(BIN)/zizmor --offline --quiet .github

format: environment ## put the source into its standard form
	$(BIN)/python -m ruff check --fix-only --quiet .
	$(BIN)/python -m ruff format .

release:          ## build the wheel and the sdist, and try them as a user would (about 6 minutes)
	@$(PYTHON) tools/environment.py $(VENV)-release release
	@$(VENV)-release/$(IN)/python tools/release.py

clean:            ## remove the virtual environments, the site, and what the tools cached
	rm -rf $(VENV) $(VENV)-bench $(VENV)-core $(VENV)-release build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

# The environment is up to date when its stamp names this Python, this folder, these two files and what is wanted.
environment:
	@$(PYTHON) tools/environment.py $(VENV) dev
