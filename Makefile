# Everything that a person types. It needs Python 3.11 or newer, make and the package index, and touches this folder only.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := --require-hashes --requirement

.DEFAULT_GOAL := setup
.DELETE_ON_ERROR:
.PHONY: help setup demo up test check bench invariants fuzz mutation sbom deploy-check drill cluster cluster-up alerts clean

help: ## list what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

setup: $(VENV)/dev $(VENV)/assets ## install everything, the tools for tests included

demo: $(VENV)/runtime $(VENV)/assets ## carry four invented cases from charge to closed, with every service embedded
	@$(BIN)/sfo demo

up: $(VENV)/runtime $(VENV)/assets ## run the service here; any SFO_* setting replaces an embedded part
	@$(BIN)/sfo up

test: check ## check, then run every test
	@$(BIN)/python -m pytest --numprocesses 2 --dist worksteal --durations 15 -m "not journey and not drill and not cluster"
	@$(BIN)/python -m pytest -m journey

check: $(VENV)/dev $(VENV)/assets ## format, style, types, layers, determinism, unsafe code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/temporalint workflows
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml workflows activities starter deploy worker.py

sbom: $(VENV)/dev ## list what is installed here and in the image: versions, hashes, licences, as CycloneDX in build/
	@$(BIN)/python -m deploy.sbom requirements.lock build/sbom.cdx.json
	@awk -f deploy/image/without_embedded.awk requirements.lock | $(BIN)/python -m deploy.sbom - build/sbom-image.cdx.json

fuzz: $(VENV)/dev $(VENV)/assets ## files, signals and requests made bad in ever new ways; MINUTES=10 for each test, 1 unless given
	@SFO_FUZZ_MINUTES=$(or $(MINUTES),1) $(BIN)/python -m pytest tests/fuzz

mutation: $(VENV)/dev $(VENV)/assets ## which changes of the rules no test notices: hours, or MODULE=authority
	@$(BIN)/mutmut run --max-children 2 $(if $(MODULE),"workflows.*.$(MODULE).*")
	@$(BIN)/mutmut results

bench: $(VENV)/bench ## the product beside bare Temporal, DBOS and hand-written code, as Markdown tables: make bench > table
	@$(BIN)/python -m tests.bench $(BENCH)

deploy-check: $(VENV)/dev $(VENV)/assets ## hold image, compose file, units, chart and rules to theirs, without an engine or a cluster
	@$(BIN)/python -m pytest tests/deploy tests/telemetry/test_rules.py

drill: $(VENV)/dev $(VENV)/assets ## every part killed, starved, away, upgraded or restored under open cases; ends with one table of what was lost and doubled
	@$(BIN)/python -m pytest -m drill -s

invariants: $(VENV)/dev $(VENV)/assets ## random histories of cases, new ones each time, on the service and on a model; prints what was reached
	@SFO_INVARIANT_EXAMPLES=$${SFO_INVARIANT_EXAMPLES:-10} SFO_INVARIANT_MODEL_EXAMPLES=$${SFO_INVARIANT_MODEL_EXAMPLES:-1000} \
		$(BIN)/python -m pytest -s tests/invariants/test_machine.py tests/invariants/test_model.py

cluster: $(VENV)/dev $(VENV)/assets $(VENV)/go/bin/temporal-server ## a real Temporal cluster here: journey, every process killed, scale-out, load; needs Go
	@$(BIN)/python -m pytest -m cluster -s tests/cluster

cluster-up: $(VENV)/dev $(VENV)/assets $(VENV)/go/bin/temporal-server ## run that cluster for looking; needs Go
	@$(BIN)/python -m deploy.cluster

alerts: $(VENV)/go/bin/promtool ## let Prometheus's own tool check and test the alert rules; needs Go
	cd deploy/prometheus && ../../$< check rules rules.yml && ../../$< check config prometheus.yml ../compose/prometheus.yml && ../../$< test rules rules_test.yml

clean: ## remove what was built; cases in .sfo stay
	rm -rf $(VENV) starter/pages/static/govuk build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Below: the virtual environment. Each file is a stamp, made last, so that an interrupted step is done again.

$(VENV)/runtime: requirements.lock pyproject.toml $(VENV)/uv
	@$(call install,requirements.lock)
	@touch $@

$(VENV)/dev: requirements-dev.lock pyproject.toml $(VENV)/uv
	@$(call install,requirements-dev.lock)
	@touch $(VENV)/runtime $@

$(VENV)/bench: requirements-bench.lock $(VENV)/dev
	@{ $(call install,requirements-bench.lock); } >&2
	@touch $@

# The pages' style sheet and script, from the npm registry; without npm, by that of a wheel.
$(VENV)/assets: deploy/assets.py deploy/frontend/package-lock.json deploy/frontend/node.lock $(VENV)/uv
	@$(BIN)/python -m deploy.assets
	@touch $@

# uv installs the rest about twice as fast as pip, which is asked where uv cannot: it does not read pip's settings.
define install
	echo "Installing $(1)"; \
	{ $(BIN)/uv pip install --quiet --python $(BIN)/python $(INSTALL) $(1) \
	|| $(BIN)/python -m pip install --quiet --disable-pip-version-check $(INSTALL) $(1); } && \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
endef

$(VENV)/uv: requirements.lock $(VENV)/python
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > $(VENV)/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(INSTALL) $(VENV)/uv.txt
	@touch $@

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	{ echo "Python 3.11 or newer is needed and $(PYTHON) is not: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	{ echo "$(PYTHON) cannot make virtual environments: install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

# About four minutes, once.
$(VENV)/go/bin/promtool: | $(VENV)/python
	@command -v go >/dev/null || { echo "Go is needed: https://go.dev/dl/" >&2; exit 1; }
	CGO_ENABLED=0 GOBIN=$(abspath $(dir $@)) go install -tags remove_all_sd,enable_dns_sd,netgo github.com/prometheus/prometheus/cmd/promtool@v0.316.0

# About five minutes, once: the server of the embedded version, and Temporal's tool for its databases.
$(VENV)/go/bin/temporal-server: $(VENV)/dev
	@command -v go >/dev/null || { echo "Go is needed: https://go.dev/dl/" >&2; exit 1; }
	@version=v$$($(BIN)/temporal --version | sed 's/.*Server \([0-9.]*\).*/\1/') && echo "Building Temporal $$version, about five minutes" && \
	CGO_ENABLED=0 GOBIN=$(abspath $(dir $@)) go install go.temporal.io/server/cmd/server@$$version go.temporal.io/server/cmd/tools/sql@$$version
	@mv $(dir $@)sql $(dir $@)temporal-sql-tool
	@mv $(dir $@)server $@
