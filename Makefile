# Every target is one line of intent; setup is shared and instant the second time.
PYTHON ?= python3
BIN := .venv/bin
E2E_PACKAGES := chromium
IMAGE_PACKAGES := buildah mmdebstrap

.PHONY: help setup run test test-e2e image-test lint types check bench docs lock clean

help: ## what each target does
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: .venv/.ready ## .venv with the package and its tools, from the hash-pinned lock

.venv/.ready: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11) and "monitor needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: setup ## the monitor: for real with a key or a config.toml, else the demo
	@if [ -n "$$NVIDIA_API_KEY$$NVIDIA_API_KEY_FILE$$MONITOR_CONFIG" ] || [ -f config.toml ]; then exec $(BIN)/monitor run; else exec $(BIN)/monitor demo; fi

test: setup ## the whole test suite, on SQLite and on a real Postgres it starts itself
	$(BIN)/pytest -n 2 -m "not e2e"

test-e2e: setup ## the status page in a real browser (installs Debian's Chromium)
	@command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq $(E2E_PACKAGES) >/dev/null; }
	$(BIN)/pytest -m e2e

image-test: setup ## lint, build and exercise the container image (installs Debian's buildah)
	@command -v buildah >/dev/null && command -v mmdebstrap >/dev/null || { apt-get update -qq && apt-get install -y -qq $(IMAGE_PACKAGES) >/dev/null; }
	$(BIN)/hadolint Dockerfile
	$(BIN)/python tests/image/exercise.py

lint: setup ## style, import directions, documentation in step with the code
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-cache

types: setup ## strict types, tests included
	$(BIN)/mypy

check: lint types test ## everything a commit must pass

bench: setup ## figures as ratios, measured side by side in one run
	$(BIN)/python -m benchmarks

docs: setup ## run every example of README.md and docs/
	$(BIN)/pytest tests/test_docs.py

lock: ## refresh the locks (versions and hashes only)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --group dev pyproject.toml -o requirements-dev.lock -c requirements.lock

clean: ## remove what the other targets made
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
