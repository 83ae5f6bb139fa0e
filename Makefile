# What a developer types. Every target sets up what it needs first; a second run takes no set-up time.
#
#   make demo    boot two virtual PCs with real firmware over a private network, and show the steps
#   make test    the test suite, firmware boots included; a few slow ones are left to make matrix
#   make check   what CI runs: lint and test
#   make matrix  every firmware boot, those that take over a minute too; its table goes into docs/hardware.md
#   make docs    write docs/troubleshooting.md from the rules
#   make faults  break boots on purpose, one thing at a time, and show what the station says of each
#   make bench   measure bootbeam beside dnsmasq, tftpd-hpa, atftpd, nginx; writes docs/performance.md (BENCH="tftp": a part)
#   make bench-guard  a few figures, and an error if one has collapsed to a tenth
#   make lint    format, lint and types only
#   make setup   system packages (apt) and the Python environment in .venv
#   make clean   remove what the targets made, the system packages excepted

PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
READY := $(VENV)/.ready
SYSTEM_PACKAGES ?= install
# Two at a time: half of what the tests do is wait for firmware and timers. One by one: make test WORKERS=
WORKERS ?= --numprocesses 2 --dist worksteal

# The lab makes network namespaces, which takes root. Compiled files would then be root's, in a person's checkout.
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
AS_ROOT := $(SUDO) $(if $(SUDO),env PYTHONDONTWRITEBYTECODE=1)
LEFT_BY_ROOT := .cache lab-logs .pytest_cache .hypothesis

# $(call in_lab,COMMAND): runs it as root, then gives the files it made back to who called.
define in_lab
	@status=0; $(AS_ROOT) $(1) || status=$$?; \
	if [ -n "$(SUDO)" ]; then \
	  for path in $(LEFT_BY_ROOT); do [ ! -e $$path ] || sudo chown -R "$$(id -u):$$(id -g)" $$path; done; \
	fi; \
	exit $$status
endef

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: docs help demo test check matrix faults bench bench-guard lint format setup packages clean

help:
	@sed -n 's/^#   //p' Makefile

demo: setup
	$(call in_lab,$(BIN)/python -m bootbeam demo)

test: setup
	$(call in_lab,$(BIN)/python -m pytest -m "not slow" $(WORKERS) $(PYTEST_ARGUMENTS))

matrix: setup
	$(call in_lab,$(BIN)/python -m bootbeam.lab.matrix $(PYTEST_ARGUMENTS))

faults: setup
	$(call in_lab,$(BIN)/python -m bootbeam.lab.fault_table $(WORKERS) $(PYTEST_ARGUMENTS))

bench: setup
	@scripts/install-packages gcc libc6-dev dnsmasq-base xorriso
	$(call in_lab,$(BIN)/python -m bootbeam.bench $(BENCH))

bench-guard: setup
	@scripts/install-packages gcc libc6-dev dnsmasq-base xorriso
	$(call in_lab,$(BIN)/python -m bootbeam.bench tftp http storm --quick --guard)

check: lint
	@$(MAKE) --no-print-directory test

lint: $(READY)
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

docs: $(READY)
	$(BIN)/python -m bootbeam.journal.verdict > docs/troubleshooting.md

format: $(READY)
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

setup: packages $(READY)

packages:
ifeq ($(SYSTEM_PACKAGES),install)
	@scripts/install-packages scripts/debian-packages.txt
endif

# Debian keeps the part of Python that fills a virtual environment in a package of its own.
# Reading the group of development tools from pyproject.toml takes pip 25.1; Debian 12 has 23.0.
$(READY): pyproject.toml hatch_build.py src/bootbeam/servers/tftp_turn.c
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "bootbeam needs Python 3.11 or newer, $(PYTHON) is $$($(PYTHON) --version). Another one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || scripts/install-packages python3-venv
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

clean:
	rm -rf $(VENV) .cache lab-logs src/bootbeam/servers/libbootbeam-tftp.so build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
