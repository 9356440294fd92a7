# What a person types.  Everything is made in ./.venv and ./var; nothing outside this folder changes, except that
# `make test`, run by root on Debian, installs chromium and node when they are missing.
# Another interpreter: make run PYTHON=python3.13

.PHONY: help run test check soak reset screenshots lock

help:
	@echo "make run          start the service with the demo world on http://127.0.0.1:8000 (Ctrl-C stops it)"
	@echo "make test         everything that CI runs: lint, types, contracts, all tests"
	@echo "make check        lint, types and import contracts only"
	@echo "make soak         the long counts: properties with thousands of examples"
	@echo "make reset        delete the demo world and its database"
	@echo "make screenshots  take the pictures of the README again"
	@echo "make lock         write the requirements files again (UPGRADE=1: newest releases)"

run:
	@PYTHON="$(PYTHON)" tools/install run
	@exec .venv/bin/python -m coldtrace serve --demo-world

test:
	@PYTHON="$(PYTHON)" tools/install dev
	@tools/chromium
	@tools/npm_files
	@tools/check all

check:
	@PYTHON="$(PYTHON)" tools/install dev
	@tools/check lint

soak:
	@PYTHON="$(PYTHON)" tools/install dev
	@tools/chromium
	@tools/npm_files
	@tools/soak

reset:
	@PYTHON="$(PYTHON)" tools/install run
	@exec .venv/bin/python -m coldtrace reset --yes

screenshots:
	@PYTHON="$(PYTHON)" tools/install dev
	@tools/chromium
	@exec .venv/bin/python tools/screenshots.py

lock:
	@PYTHON="$(PYTHON)" UPGRADE="$(UPGRADE)" tools/lock
