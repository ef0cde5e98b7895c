# Two commands for a fresh machine: `make demo` and `make test`. Each sets up what it needs.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
WORKERS ?= logical
PANEL ?= runs/panel.zarr

# A file's tests stay in one worker (tests/conftest.py: those of the cluster, too); the flow comes first, because it takes longest.
SPREAD = --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder

.PHONY: demo check test test-rest storm lint study clean

demo: $(VENV)/installed
	$(RUN)/alphanet demo

# Four tiers of tests: CONTRIBUTING.md says what belongs where.
check: $(VENV)/installed-dev lint
	@tests=$$($(RUN)/python tests/changed.py) && if [ -n "$$tests" ]; then \
	  echo "pytest $$tests" && $(RUN)/pytest $$tests; fi

test: $(VENV)/installed-dev lint
	$(RUN)/pytest tests/flow tests/unit $(SPREAD) --durations=20

# Three at a time on any machine: one has the cluster's jobs, which mostly wait.
test-rest: WORKERS = 3
test-rest: $(VENV)/installed-dev
	$(RUN)/pytest tests/slurm tests/rest tests/golden -m "not long" $(SPREAD) --durations=20

# Eight tests kill something, 25 times each: 200 kills, whatever the examples before have found. Then
# what takes too long for CI.
storm: $(VENV)/installed-dev
	@HYPOTHESIS_PROFILE=explore $(RUN)/pytest tests/unit tests/rest -m hypothesis $(SPREAD) --timeout=7200; \
	  found=$$?; \
	  KILLS=$${KILLS:-25} $(RUN)/pytest tests/rest -m kill $(SPREAD) --timeout=7200 && \
	  $(RUN)/pytest tests/rest tests/slurm -m "long and not kill" $(SPREAD) && exit $$found

lint: $(VENV)/installed-dev
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/lint-imports
	$(RUN)/mypy
	$(RUN)/shellcheck --external-sources slurm/*.sh .ci/run

$(VENV)/installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(RUN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(RUN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# The study on the panel of a real market, with further words: make study WORDS='rolling.seeds=[0]'
study: $(VENV)/installed
	$(RUN)/python -m benchmarks.study $(PANEL) $(WORDS)

clean:
	rm -rf $(VENV) runs
