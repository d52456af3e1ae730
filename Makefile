# Two commands need nothing but Python (3.11 to 3.13), make and a package index: `make demo` and `make test`. They share
# one environment: the first installs what it uses, the second adds the rest, in either order.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help demo test test-core fuzz bench notebooks docs lint format clean environment

help:             ## show this list
	@echo "glassnet: make TARGET [PYTHON=python3.12] [ARGS='...']"
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */  \1\t/' | expand -t 14

demo:             ## train `classic` on the best data at hand, and look at the result
	@$(PYTHON) tools/environment.py $(VENV) plots,sklearn
	@$(BIN)/python -m glassnet demo $(ARGS)

# As many processes as cores, so one thread for the matrix products of each.
test: environment ## run the tests; without the MNIST files those that need them are deselected
	@OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

# The core alone: no extra is installed, so what needs one is skipped. Half a minute to set up once, and a minute to run.
test-core:        ## run the tests in an environment of its own, without any of the extras
	@$(PYTHON) tools/environment.py $(VENV)-core test-core
	@OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 $(VENV)-core/bin/python -m pytest -n auto --dist worksteal $(ARGS)

fuzz: environment ## read thousands of hostile files of every kind
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python tools/fuzz.py $(ARGS)

bench:            ## measure speed beside PyTorch, scikit-learn, JAX and ONNX Runtime, in an environment of its own
	@$(PYTHON) tools/environment.py $(VENV)-bench bench
	@$(VENV)-bench/bin/python benchmarks/speed.py $(ARGS)

notebooks: environment ## run the notebooks and keep what they show
	@$(BIN)/python tools/notebooks.py $(ARGS)

docs: environment ## run the examples in docs/ and write down what they print; write docs/settings.md
	@$(BIN)/python tools/settings.py
	@$(BIN)/python tools/docs.py $(ARGS)

lint: environment ## ruff and mypy --strict
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

format: environment ## put the source into its standard form
	$(BIN)/python -m ruff check --fix-only --quiet .
	$(BIN)/python -m ruff format .

clean:            ## remove the virtual environment and what the tools cached
	rm -rf $(VENV) $(VENV)-bench $(VENV)-core .pytest_cache .mypy_cache .ruff_cache .hypothesis

# The environment is up to date when its stamp names this Python, this folder, these two files and what is wanted.
environment:
	@$(PYTHON) tools/environment.py $(VENV) dev
