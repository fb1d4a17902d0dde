# Every target is one line of intent; setup is shared and instant the second time.
PYTHON ?= python3
# Where a container sets it, each of the suite's processes would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin
E2E_PACKAGES := chromium
NODE_PACKAGES := nodejs npm
IMAGE_PACKAGES := buildah mmdebstrap
SERVERS := tests/thirdparty
LITELLM := .venv-litellm
FUZZ := .venv-fuzz
TOOLS := .venv-tools
LOCKS := $(wildcard *.lock) $(wildcard tests/*/*.lock)
FUZZ_S ?= 600
GATEWAYS := .venv-gateways

# What `litellm[proxy]` asks for and never imports here: 300 of its 750 MB.
LITELLM_UNUSED := azure-core azure-identity azure-storage-blob boto3 botocore granian gunicorn hf-xet huggingface-hub \
	inquirerpy msal msal-extensions pfzy polars polars-runtime-32 prompt-toolkit psycopg psycopg-binary pynacl \
	pyroscope-io restrictedpython rq s3transfer tokenizers

# What the servers in gateways.in ask for and never import here: 200 of their 700 MB.
GATEWAYS_UNUSED := backoff boto3 botocore cffi cryptography fastembed flatbuffers gitdb gitpython google-auth hf-xet \
	jmespath mmh3 onnxruntime pillow posthog py-rust-stemmers pyasn1 pyasn1-modules pycparser regex s3transfer smmap \
	tiktoken tokenizers watchdog watchfiles

# Addresses of sponsors are the only ones that npm insists on writing into its lock.
WITHOUT_FUNDING := 'import json, pathlib; lock = pathlib.Path("package-lock.json"); read = json.loads(lock.read_text()); \
	[each.pop("funding", None) for each in read["packages"].values()]; lock.write_text(json.dumps(read, indent=2) + "\n")'

# aimock needs Node.js 20.15; where the machine's is older (Debian 12: 18), one comes with the npm packages.
IS_NODE_NEW := node -e 'const [a, b] = process.versions.node.split("."); process.exit(100 * a + +b < 2015 ? 1 : 0)'

.PHONY: $(shell sed -nE "s/^([a-z0-9-]+):.*\#\#.*/\1/p" $(firstword $(MAKEFILE_LIST)))

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

# What only some targets use, apart: 70 packages and 130 MB that `make setup` does without. Of these environments
# and the two below little is ever imported, so Python compiles what is.
$(TOOLS)/.ready: requirements-tools.lock
	$(PYTHON) -m venv --clear $(TOOLS)
	$(TOOLS)/bin/pip install --quiet --no-compile --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

$(LITELLM)/.ready: $(SERVERS)/litellm.lock
	$(PYTHON) -m venv --clear $(LITELLM)
	$(LITELLM)/bin/pip install --quiet --no-compile --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

$(GATEWAYS)/.ready: $(SERVERS)/gateways.lock
	$(PYTHON) -m venv --clear $(GATEWAYS)
	$(GATEWAYS)/bin/pip install --quiet --no-compile --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

# After `image-test` where both are wanted: apt-get installs for one at a time.
$(SERVERS)/node_modules/.ready: $(SERVERS)/package.json $(SERVERS)/package-lock.json | $(filter image-test,$(MAKECMDGOALS))
	@command -v npm >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends $(NODE_PACKAGES) >/dev/null; }
	cd $(SERVERS) && npm ci --silent --ignore-scripts --no-audit --no-fund $$($(IS_NODE_NEW) && echo --omit=optional)
	@touch $@

# Compiled by one process before six of them do it at once; pytest rewrites assertions, which costs most.
.venv/.compiled: .venv/.ready
	-@$(BIN)/pytest --collect-only -qq >/dev/null
	@touch $@

# Six on two cores: half of a test is waiting, for a process, a server or a clock.
test: setup .venv/.compiled $(TOOLS)/.ready $(LITELLM)/.ready $(GATEWAYS)/.ready ## the whole test suite, on SQLite and on a real Postgres it starts itself
	$(BIN)/pytest -n 6 --dist worksteal -m "not e2e and not soak"
	$(BIN)/pytest -q -p tests.support.minimum_httpx tests/http tests/catalog

# Packages whose tests need nothing but this process; tests/support/fast.py holds them to it.
UNITS := tests/core tests/config tests/report

test-fast: setup ## unit tests alone, for every save: half a minute of CPU at most
	$(BIN)/pytest -q -p tests.support.fast -m "not thorough" $(UNITS)

test-cost: setup ## what each test costs (ARGS=tests/store: only those), at most 5 s of CPU
	mkdir -p build
	rm -f build/test-cost.jsonl
	$(BIN)/pytest -q -p tests.support.cost --cost build/test-cost.jsonl -m "not e2e and not soak" $(ARGS)

coverage: setup ## which lines and branches the tests reach (ARGS=tests/core: only those), as htmlcov/ too
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -q -n 2 -m "not e2e and not soak" $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage html --quiet
	$(BIN)/coverage report

same: setup ## what this checkout prints otherwise than another: AGAINST=DIR, a git worktree of an older commit
	$(BIN)/python -m tests.compare $(AGAINST)

mutation: setup $(TOOLS)/.ready ## which small changes of core/lifecycle and core/answer no test notices: at most 10 % (docs/testing.md)
	mkdir -p build
	$(TOOLS)/bin/python -W ignore -m tests.tools.mutants build/mutants.jsonl monitor/core/lifecycle monitor/core/answer
	$(BIN)/pytest -q --noconftest -p no:cacheprovider -p no:warnings -p no:logging -p no:unraisableexception -p no:threadexception \
		-p tests.support.mutation --mutants build/mutants.jsonl \
		--survivors tests/core/survivors.toml --alive build/alive.jsonl tests/core/lifecycle tests/core/answer

soak: setup ## 50,000 sweeps of 200 models with faults, in accelerated time (an hour on three cores; ARGS="--minutes 60": so long)
	$(BIN)/python -m tests.soak.months $(ARGS)

pairs: setup ## an hour of pairs of faults on both databases (ARGS="--minutes 10 --seed 3"): the events of an undisturbed run
	$(BIN)/python -m tests.soak.pairs $(ARGS)

lives: setup ## ten thousand random lives, each rebuilt (an hour and more)
	$(BIN)/pytest -m soak

$(FUZZ)/.ready: tests/fuzz/atheris.lock
	$(PYTHON) -m venv --clear $(FUZZ)
	$(FUZZ)/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

# The readers need what the program needs: its packages stand beside the fuzzer's.
fuzz: setup $(FUZZ)/.ready ## whatever a fuzzer thinks of, for every reader, for ten minutes (FUZZ_S=60: one)
	mkdir -p build/fuzz
	PYTHONPATH=. $(FUZZ)/bin/python tests/fuzz/bodies.py build/fuzz/corpus -max_total_time=$$(($(FUZZ_S) / 2)) -max_len=8192 -timeout=10 -artifact_prefix=build/fuzz/
	PYTHONPATH=.:$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
		$(FUZZ)/bin/python tests/fuzz/anything.py build/fuzz/files -max_total_time=$$(($(FUZZ_S) / 2)) -max_len=8192 -timeout=10 -artifact_prefix=build/fuzz/

test-e2e: setup $(SERVERS)/node_modules/.ready ## a real browser (installs Debian's Chromium) and npm's servers
	@command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq $(E2E_PACKAGES) >/dev/null; }
	$(BIN)/pytest -m e2e

image-test: setup ## lint, build and exercise the container image (installs Debian's buildah)
	@command -v buildah >/dev/null && command -v mmdebstrap >/dev/null || { apt-get update -qq && apt-get install -y -qq $(IMAGE_PACKAGES) >/dev/null; }
	$(BIN)/hadolint Dockerfile
	$(BIN)/python tests/image/exercise.py

fix: setup ## repair what Ruff can repair: order of imports, format, simple findings
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lint: setup ## style, import directions, undeclared dependencies, dead code, spelling
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-cache
	$(BIN)/deptry monitor migrations
	$(BIN)/codespell
	$(BIN)/vulture

audit: $(TOOLS)/.ready ## known vulnerabilities of what the locks pin, from a feed if one can be reached
	$(TOOLS)/bin/python -m tests.tools.audit $(LOCKS)

sbom: setup $(TOOLS)/.ready ## build/sbom.json: what runs with the monitor, as CycloneDX
	$(TOOLS)/bin/python -m tests.tools.sbom build/sbom.json

types: setup ## strict types, tests included
	$(BIN)/mypy

check: lint types test ## everything a commit must pass

bench: setup ## figures as ratios, side by side in one run: 2 hours and 9 GB (ARGS=--quick: 15 minutes, 3 GB)
	$(BIN)/python -m benchmarks $(ARGS)

reference: setup ## write the tables of docs/commands.md and docs/probing.md that the program itself can fill
	$(BIN)/python -m tests.support.cli_reference
	$(BIN)/python -m tests.core.answer.test_error_patterns

docs: setup ## run every example of README.md and docs/
	$(BIN)/pytest tests/test_docs.py

release: setup ## build and tag the version that is written down (docs/releasing.md)
	.ci/release

RUNTIME = anyio h11 idna typing-extensions # of httpx2, and in requirements.lock

lock: ## refresh the locks (versions and hashes only)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade $(RUNTIME:%=--no-emit-package %) --no-emit-package httpx2-jsfetch --group fast -o requirements-fast.lock -c requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade --group parquet -o requirements-parquet.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --group dev --extra fast --extra parquet pyproject.toml -o requirements-dev.lock -c requirements.lock -c requirements-fast.lock -c requirements-parquet.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade --group tools -o requirements-tools.lock -c requirements-dev.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade $(LITELLM_UNUSED:%=--no-emit-package %) $(SERVERS)/litellm.in -o $(SERVERS)/litellm.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade tests/fuzz/atheris.in -o tests/fuzz/atheris.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade $(GATEWAYS_UNUSED:%=--no-emit-package %) --override $(SERVERS)/gateways.override $(SERVERS)/gateways.in -o $(SERVERS)/gateways.lock
	cd $(SERVERS) && npm update --silent --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts --no-audit --no-fund
	cd $(SERVERS) && $(PYTHON) -c $(WITHOUT_FUNDING)

clean: ## remove what the other targets made
	rm -rf .venv $(LITELLM) $(GATEWAYS) $(FUZZ) $(TOOLS) $(SERVERS)/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage* htmlcov dist build
