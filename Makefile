# Two commands for a fresh machine: `make demo` and `make test`. Both set up .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Where torch comes from: nothing for PyPI, or `--index-url` of the CPU or CUDA builds that pytorch.org names.
TORCH_FROM ?=
# Clean clips for `make bench`; without any, scenes of the program's own.
CLIPS ?=
# NAME, or NAME=PACKAGE where the Debian package is called something else.
TOOLS := ffmpeg mediainfo mediaconch mkvinfo=mkvtoolnix xmllint=libxml2-utils exiftool=libimage-exiftool-perl \
	tiffinfo=libtiff-tools dciodvfy=dicom3tools nifti_tool=nifti-bin

.PHONY: help demo test test-diffusion lint bench tools clean

help:
	@echo "make demo   set up, make a damaged reel, restore it, say which report to open"
	@echo "make test   set up, then the whole test suite"
	@echo "make test-diffusion   add diffusers (260 MB), then the tests that run models of its layout"
	@echo "make lint   ruff and mypy"
	@echo "make bench  speed and quality tables (long)"

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt $(TORCH_FROM) torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(VENV)/ready
	$(BIN)/lacuna demo demo

test: $(VENV)/ready tools
	$(BIN)/python -m pytest -q

# A large extra that one filler needs, and only for models of the user's own: `make test` skips its tests by name.
test-diffusion: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[diffusion]'
	$(BIN)/python -m pytest -q tests/nets/test_pipeline.py

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/mypy restore cli.py

bench: $(VENV)/ready
	$(BIN)/lacuna bench speed
	$(BIN)/lacuna bench quality $(CLIPS)

# Second opinions for the tests: installed where that is possible without asking, skipped by name where not.
tools:
	@for tool in $(TOOLS); do command -v $${tool%=*} >/dev/null 2>&1 || missing="$$missing $${tool#*=}"; done; \
	if [ -n "$$missing" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "installing$$missing for the tests"; \
		(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing) \
			>/dev/null 2>&1 || echo "could not install$$missing; the tests that use them will be skipped"; \
	elif [ -n "$$missing" ]; then echo "not found:$$missing; the tests that use them will be skipped"; fi

clean:
	rm -rf $(VENV) demo build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
