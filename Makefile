# People and CI run the same targets. `make` without a target lists them.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: $(shell sed -n 's/^\([a-z0-9-]*\):.*\#\# .*/\1/p' $(lastword $(MAKEFILE_LIST)))

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Create .venv with the locked packages and the tidegate command
	@command -v $(PYTHON) >/dev/null || { echo "setup: $(PYTHON) not found; install Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) scripts/setup.py

lint: setup ## Run ruff, mypy, import-linter and the checks of style and prose
	@scripts/lint

fmt: setup ## Format the code and apply ruff's fixes
	@$(BIN)/ruff check --fix --quiet
	@$(BIN)/ruff format

audit: setup ## Check the locked packages for known vulnerabilities (needs the network)
	@$(BIN)/python scripts/audit.py

check: lint ## Run lint and the unit tests: about two minutes
	@scripts/test unit

COUNT ?= 1
test: setup ## Run all tests but the long ones, or LAYERS="unit cluster", each COUNT (1) times
	@scripts/test --count=$(COUNT) $(LAYERS)

LONG_MINUTES ?= 60
test-long: setup ## Run the long tests that fit into LONG_MINUTES (60), or STEPS="long-soak soak"
	@$(BIN)/python -m scripts.long_tests --minutes=$(LONG_MINUTES) $(STEPS)

LIVES ?= 1000000
explore: setup ## Test LIVES (1000000) random group lifecycles; print failing ones as tests
	@$(BIN)/python -m tests.unit.lifecycles.explore --lives=$(LIVES) $(if $(SEED),--seed=$(SEED))

coverage: setup ## Measure branch coverage of the unit and integration tests; fails below the floor in pyproject.toml
	@scripts/coverage

pythons: setup ## Run unit and integration tests on every supported Python (minutes each)
	@$(BIN)/python -m scripts.pythons

demo: setup ## Show the whole life of a Job with a real Kubernetes API and a real Prometheus
	@$(BIN)/python -m tests.demo

bench: setup ## Compare with the real Pushgateway and write docs/benchmark.md (ten minutes)
	@$(BIN)/python -m tests.bench

sizing: setup ## Measure memory, disk and calls at three sizes and write docs/sizing.json (15 minutes)
	@$(BIN)/python -m tests.bench.sizing

SOAK_MINUTES ?= 3
soak: setup ## Run hundreds of Jobs under random faults for SOAK_MINUTES (3)
	@$(BIN)/python -m tests.soak --minutes=$(SOAK_MINUTES)

e2e: setup ## Run the cluster steps of README.md on a real node (root), or in E2E_KUBECONFIG
	@$(BIN)/python -m tests.node

cluster: setup ## Build the Kubernetes and Prometheus binaries for the demo and the tests (once)
	@$(BIN)/python -m tests.support.programs.binaries

image: setup ## Build the image as an OCI archive with Debian's buildah (root, Linux)
	@$(BIN)/python -m tests.support.images

images: setup ## Build the image for linux/amd64 and linux/arm64 with docker buildx, without pushing it
	@scripts/publish

package: setup ## Build the wheel, sdist, chart, bill of materials and checksums into dist/ (TAG=v0.2.0: for a release)
	@$(BIN)/python -m scripts.package $(if $(TAG),--tag=$(TAG))

publish: setup ## Push the image for all platforms, and the chart in dist/, to REGISTRY
	@scripts/publish $(or $(REGISTRY),$(error set REGISTRY, such as ghcr.io/tidegate))

version: setup ## Write the version into every file that states it (VERSION=0.2.0: set it first)
	@$(BIN)/python -m scripts.versions $(VERSION)

chart: setup ## Copy shared manifests into manifests/chart and write the table in its README
	@$(BIN)/python scripts/chart.py

tables: setup ## Write the generated tables and the diagram in docs/
	@$(BIN)/python scripts/tables.py
	@$(BIN)/python scripts/sizes.py
	@$(BIN)/python scripts/diagram.py

screenshots: setup ## Take the screenshots docs/page-*.png in a real Chromium
	@$(BIN)/python -m tests.support.web.screenshots

hooks: setup ## Install the git hooks of .pre-commit-config.yaml in this clone
	@$(BIN)/pre-commit install

lock: setup ## Update the hash-locked requirements (UPGRADE=1: newest versions)
	@scripts/lock

clean: ## Remove .venv and all caches
	rm -rf .venv .pythons .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist operator/tidegate.egg-info
	find operator tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +
