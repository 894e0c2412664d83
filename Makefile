# Everything runs in .venv, which the first target that needs it makes with the standard library's venv and pip.
# Another Python: make demo PYTHON=/path/to/python3

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
DOCUMENTED := shrinkwise $(addprefix shrinkwise.,losses penalties design engines testing)
PYTEST := KERAS_BACKEND=jax $(BIN)/python -m pytest -n 2 --doctest-modules
# Keras has one backend a process: what holds for all three is run again under the other two.
BACKENDS = for backend in tensorflow torch; do \
	echo "networks on $$backend" && \
	KERAS_BACKEND=$$backend $(BIN)/python -m pytest -n 2 $(1) tests/keras || exit 1; done

.DEFAULT_GOAL := help
.PHONY: help demo test test-long check bench docs clean

help:  ## these lines
	@sed -n 's/^\([a-z-]*\):.*##/\1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: $(VENV)/.runtime  ## fit examples/diabetes64.csv; write a report and a model to demo/
	@echo "The first fit on a machine also compiles the numerical kernels; later ones load them from disk."
	$(BIN)/shrinkwise fit examples/diabetes64.csv --target y --out demo --overwrite
	@printf '\nThe report, to open in a browser: %s\nThe model: %s\n' demo/*.html demo/*.shrinkwise
	@echo "Predict with it: $(BIN)/shrinkwise predict" demo/*.shrinkwise "examples/diabetes64.csv -o demo/predictions.csv"

test: $(VENV)/.dev  ## tests and the examples of the docstrings; networks on all three backends
	$(PYTEST) src/shrinkwise tests
	@$(call BACKENDS,-m "backends and not long")

test-long: $(VENV)/.dev  ## the same with the tests marked `long`
	$(PYTEST) -m "" src/shrinkwise tests
	@$(call BACKENDS,-m backends)

check: $(VENV)/.dev  ## style, types, floors, spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict src
	$(BIN)/lint-imports --no-logo
	$(BIN)/codespell

bench: $(VENV)/.bench  ## shrinkwise and its peers side by side; ARGS="..." goes to benchmarks/run.py
	$(BIN)/python benchmarks/run.py $(ARGS)

docs: $(VENV)/.dev  ## the reference as HTML in docs/html
	$(BIN)/pdoc --docformat numpy --output-directory docs/html $(DOCUMENTED)
	@echo "Open docs/html/index.html"

clean:  ## remove what these targets made, .venv excepted
	rm -rf demo docs/html build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests benchmarks examples docs -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# ---- .venv: one stamp for what is installed, renewed when pyproject.toml changes

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "shrinkwise needs Python 3.11 or newer and found none: install it, or name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade "pip>=25.1"
	@touch $@

$(VENV)/.runtime: pyproject.toml | $(VENV)/.made
	$(PIP) install --quiet --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/.made
	$(PIP) install --quiet --editable . --group dev
	@touch $@ $(VENV)/.runtime

$(VENV)/.bench: pyproject.toml | $(VENV)/.made
	$(PIP) install --quiet --editable ".[bench]"
	@touch $@ $(VENV)/.runtime
