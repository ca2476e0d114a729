# The commands of the project; `make` alone lists them.
PY ?= python3
BIN := .venv/bin
JOBS ?= 2
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock
# Make 3.81 cannot keep the output of parallel targets apart.
SYNC := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

.DEFAULT_GOAL := help
.PHONY: help demo test nightly check bench lock format clean
.PHONY: test-cluster test-others
.PHONY: check-style check-format check-types check-layers check-typing check-goldens

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile

demo: .venv/demo.stamp ## two pipelines with late references on the iris data
	@$(BIN)/python examples/iris/demo.py

# The tests on the cluster wait most of the time, so the others run beside them.
ON_CLUSTER := tests/cluster tests/contract/cluster

test: .venv/test.stamp ## every check, then every test that this machine allows
	@$(MAKE) --no-print-directory check
	@echo "Two suites run side by side, and each is printed when it ends." >&2
	@$(MAKE) --no-print-directory --keep-going -j$(JOBS) $(SYNC) test-cluster test-others

test-cluster:
	@$(BIN)/python -m pytest $(ON_CLUSTER)

test-others:
	@$(BIN)/python -m pytest $(ON_CLUSTER:%=--ignore=%)

nightly: .venv/test.stamp ## races and random histories at length: LATEEN_ROUNDS, LATEEN_OPERATIONS
	@LATEEN_ROUNDS=$${LATEEN_ROUNDS:-40000} LATEEN_OPERATIONS=$${LATEEN_OPERATIONS:-100000} \
		$(BIN)/python -m pytest tests/contract/catalog/test_races.py \
		tests/contract/catalog/test_fence.py tests/contract/catalog/test_histories.py

check: .venv/test.stamp ## style, types, layers and goldens
	@$(MAKE) --no-print-directory --keep-going -j$(JOBS) $(SYNC) check-types check-typing check-goldens \
		check-layers check-style check-format

check-style:
	@$(BIN)/ruff check .

check-format:
	@$(BIN)/ruff format --check .

check-types:
	@$(BIN)/mypy --strict

check-layers:
	@$(BIN)/lint-imports --no-cache

check-typing:
	@$(BIN)/python -m pytest tests/typing

check-goldens:
	@$(BIN)/python -m pytest tests/golden

bench: .venv/test.stamp ## the figures of benchmarks/
	@$(BIN)/python -m benchmarks.laptop

format: .venv/test.stamp ## mend style and layout
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: .venv/test.stamp ## resolve the dependencies anew
	@$(BIN)/uv pip compile pyproject.toml --upgrade --universal --all-extras --strip-extras \
		--python-version 3.11 --no-header --no-emit-index-url --no-emit-find-links \
		--quiet --output-file requirements.lock

clean: ## remove the virtual environment and all caches
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Lateen needs Python 3.11 or newer, and $(PY) is not." \
			"Name another one: make PY=python3.12" >&2; exit 1; }
	@$(PY) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PY) comes without venv. On Debian and Ubuntu: apt-get install python3-venv" \
			>&2; exit 1; }
	@$(PY) -m venv .venv

.venv/demo.stamp: pyproject.toml requirements.lock | .venv/bin/python
	@echo "Installing what the example needs into .venv" >&2
	@$(INSTALL) --editable '.[local,examples]'
	@touch $@

.venv/test.stamp: pyproject.toml requirements.lock | .venv/bin/python
	@echo "Installing what the tests need into .venv" >&2
	@$(INSTALL) --editable '.[local,s3,kubernetes,operator,examples,dev]'
	@touch .venv/demo.stamp $@
