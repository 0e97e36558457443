# Everything happens inside .venv; nothing is installed elsewhere but Debian's Chromium, for the browser tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test test-all check bench screenshots clean

run: $(VENV)/run.stamp  ## set everything up, load the sample archive into an empty home, serve http://localhost:8000
	$(BIN)/tidings serve --sample

test: check  ## set everything up, run every check and the quick tests
	$(BIN)/pytest -n auto --dist loadfile -m "not slow"

test-all: check  ## the slow tests too
	$(BIN)/pytest

check: $(VENV)/dev.stamp chromium  ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/bench.stamp  ## every benchmark; tables go to benchmarks/results
	$(BIN)/python -m benchmarks

screenshots: $(VENV)/dev.stamp chromium  ## the pictures of the README
	$(BIN)/python -m benchmarks.screenshots

$(VENV)/python.stamp:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tidings needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/run.stamp: $(VENV)/python.stamp pyproject.toml requirements.txt
	$(BIN)/pip install --quiet -c requirements.txt -e .
	touch $@

$(VENV)/dev.stamp: $(VENV)/python.stamp pyproject.toml requirements.txt
	$(BIN)/pip install --quiet -c requirements.txt -e '.[dev,postgresql,ranker]'
	touch $@

$(VENV)/bench.stamp: $(VENV)/dev.stamp
	$(BIN)/pip install --quiet -c requirements.txt -e '.[dev,bench]'
	touch $@

# Playwright's own browser cannot be downloaded everywhere; Debian's can.
.PHONY: chromium
chromium:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -qq -y chromium >/dev/null; } \
	  || echo "no Chromium here (apt install chromium): the browser tests will be skipped"

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
