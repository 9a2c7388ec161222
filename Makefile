# People and CI run the same targets; `make` alone lists them.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup lint fmt audit test explore pythons demo bench sizing soak e2e cluster image tables lock clean chart screenshots

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make .venv with the locked packages and the tidegate command
	@command -v $(PYTHON) >/dev/null || { echo "setup: no $(PYTHON) here; install Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) scripts/setup.py

lint: setup ## ruff, mypy, the layers, the house style, the English
	@scripts/lint

fmt: setup ## format the code and repair what ruff can
	@$(BIN)/ruff check --fix --quiet
	@$(BIN)/ruff format

audit: setup ## ask whether a locked package has a known vulnerability (needs the network)
	@$(BIN)/python scripts/audit.py

test: setup ## every test: the fast ones first, then those on the real control plane and Prometheus
	@scripts/test

LIVES ?= 1000000
explore: setup ## random lives of groups until LIVES=1000000 were tried or it is stopped; prints failing ones as tests
	@$(BIN)/python -m tests.properties.explore --lives=$(LIVES) $(if $(SEED),--seed=$(SEED))

pythons: setup ## the fast tests on every supported Python that this machine has (minutes for each)
	@$(BIN)/python scripts/pythons.py

demo: setup ## a Job's whole life on a real Kubernetes API and a real Prometheus
	@$(BIN)/python -m tests.demo

bench: setup ## side by side with the real Pushgateway; writes docs/benchmark.md (ten minutes)
	@$(BIN)/python -m tests.bench

sizing: setup ## what gateway and operator take at three sizes; writes docs/sizing.json (fifteen minutes)
	@$(BIN)/python -m tests.bench.sizing

SOAK_MINUTES ?= 3
soak: setup ## hundreds of Jobs under random faults, judged from outside (SOAK_MINUTES=3)
	@$(BIN)/python -m tests.soak --minutes=$(SOAK_MINUTES)

e2e: setup ## README's section on clusters, done on a real node (root), or on the cluster of E2E_KUBECONFIG
	@$(BIN)/python -m tests.node

cluster: setup ## build (once) the Kubernetes and Prometheus binaries that the demo and the tests use
	@$(BIN)/python tests/cluster/binaries.py

image: setup ## build the image as an OCI archive with Debian's buildah, without docker (root, Linux)
	@$(BIN)/python -m tests.images

chart: setup ## write what manifests/chart has of other manifests, and the table in its README
	@$(BIN)/python scripts/chart.py

tables: setup ## write the generated tables and the diagram in docs/
	@$(BIN)/python scripts/tables.py
	@$(BIN)/python scripts/sizes.py
	@$(BIN)/python scripts/diagram.py

screenshots: setup ## take docs/page-*.png again, of a made-up store in a real Chromium
	@$(BIN)/python -m tests.web.screenshots

lock: setup ## write the hash-locked requirements again (UPGRADE=1: the newest of everything)
	@scripts/lock

clean: ## remove .venv and every cache in this tree
	rm -rf .venv .pythons .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist operator/tidegate.egg-info
	find operator tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +
