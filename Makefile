# Two commands: `make reports` and `make test`. Both make the environment first, if it is not there.
PYTHON ?= python3
AS_AT ?= 2024-07-31
LOCK := requirements/lock.txt

ifeq ($(CONDA_DEFAULT_ENV),sendwaits)
BIN := $(CONDA_PREFIX)/bin
READY := $(CONDA_PREFIX)/conda-meta/history
else
BIN := .venv/bin
READY := .venv/ready
endif

.PHONY: help reports test test-long bench bench-forecast mutants notebooks docs lock clean

help:
	@echo "make reports    make the reports of the sample workspace and say where they are"
	@echo "make test       everything that CI runs"
	@echo "make test-long  the long fault and calibration suites"
	@echo "make bench      the benchmarks, as ratios; make bench-forecast for the forecasts' bars"
	@echo "make mutants    plant faults one at a time in a copy of the package: the tests must find each"
	@echo "make notebooks  run the notebooks on the sample and keep their outputs"
	@echo "make docs       write the generated pages of docs/ anew"
	@echo "make lock       write $(LOCK) anew from pyproject.toml"

.venv/ready: $(LOCK) pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed')"
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

reports: $(READY)
	$(BIN)/sendwaits report . --as-at $(AS_AT)

test: $(READY)
	$(BIN)/python -m ruff format --check --quiet .
	$(BIN)/python -m ruff check --quiet .
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not long" tests
	$(BIN)/python -m pytest -q -p no:cacheprovider --nbval notebooks
	$(BIN)/python -m mypy

test-long: $(READY)
	$(BIN)/python -m pytest -q -m long tests

bench: $(READY)
	for name in clean census disclosure batch growth verdicts; do $(BIN)/python benchmarks/$$name.py || exit 1; done

bench-forecast: $(READY)
	$(BIN)/python benchmarks/series.py
	$(BIN)/python benchmarks/queues.py

mutants: $(READY)
	$(BIN)/python tests/mutants.py

notebooks: $(READY)
	$(BIN)/python tests/execute_notebooks.py

docs: $(READY)
	$(BIN)/python -m sendwaits.intake.schema > docs/data-dictionary.md
	$(BIN)/python -m sendwaits.measure.dictionary > docs/measures.md

lock: $(READY)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/python -m uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --quiet --extra test pyproject.toml -o $(LOCK)

clean:
	rm -rf .venv reports data/processed
