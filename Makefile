# `make` alone explains the targets.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help setup book serve test lint figures bench clean

help:
	@echo "theorylab: an executable textbook, and the package behind it"
	@echo
	@echo "  make book     set up and build the website (opens at _build/html/index.html)"
	@echo "  make serve    build it and serve it on http://localhost:8000"
	@echo "  make test     set up and run all tests (builds the site first)"
	@echo "  make lint     style and docstrings only"
	@echo "  make figures  regenerate every figure of the book into _build/figures/"
	@echo "  make bench    compare speed with peers, in an environment of its own"
	@echo "  make clean    delete what was built (.venv stays)"

# Installs exactly what the lock names, once, and again only when it changes.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "theorylab needs Python 3.11 or newer; choose one with: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(READY)

book: setup
	theorylab book build

serve: book
	theorylab book serve

test: book lint
	pytest

lint: setup
	ruff check .
	ruff format --check .
	interrogate theorylab

figures: setup
	theorylab figures make --all --out _build/figures

bench: setup
	$(MAKE) -C benchmarks PYTHON=$(PYTHON)

clean:
	rm -rf _build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
