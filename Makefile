# Each target works alone from a fresh clone: it makes .venv from the lock first.
# Verbs: demo, test, lint, bench; see also `make help`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
SHELL := /bin/bash

.PHONY: help demo test coverage system lint format bench bench-screen bench-hooks bench-page fuzz chaos faults bench-segmentation bench-calibration bench-registry weights profiles lock clean
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "osteocds needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Making $(VENV) from requirements.lock (a few minutes the first time) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[dev]'
	@touch $@

demo: $(READY) ## a real chest CT becomes a card, a table and FHIR Observations
	@$(BIN)/osteocds demo --out build/demo

# More than cores: tests of whole processes wait most of the time. One thread each for the networks: threads that wait
# for a core that another process has spin, which took three times the time.
TEST_PROCESSES ?= $(shell echo $$(( ($$(nproc) * 3 + 1) / 2 )))
# Freed memory stays with the process: large arrays that go back to the kernel each time cost a quarter of the processor.
PYTEST = OMP_NUM_THREADS=1 MALLOC_TRIM_THRESHOLD_=2000000000 MALLOC_MMAP_THRESHOLD_=2000000000 $(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder
test: $(READY) test-servers ## every test, system tests with real servers included
	$(PYTEST)

coverage: $(READY) test-servers ## every test, and which lines and branches they reach; a fifth slower
	@$(BIN)/coverage erase
	$(PYTEST) --cov --cov-report=term

.PHONY: test-servers
test-servers: $(READY)
	@bash tests/system/install-servers
	@bash fhir_profiles/install-tools $(BIN)/python
	@bash tests/system/install-ehr $(BIN)/python
	@bash tests/system/install-browser
	@bash tests/docker/install-tools $(BIN)/python

lint: $(READY) ## ruff, mypy, import contracts, licences, lock
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/check_licences.py

format: $(READY) ## let ruff format the tree
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY) ## measure assess and waiting hooks; results go to tests/benchmarks/results
	$(BIN)/python -m tests.benchmarks.run

bench-hooks: $(READY) ## known results, irrelevant orders and discovery at 100 requests/s, idle and beside a measurement; ten minutes (ONLY=first)
	@bash tests/system/install-servers
	$(BIN)/python -m tests.benchmarks.hooks $(if $(ONLY),--only $(ONLY))

bench-page: $(READY) ## time and weight of the report page; a minute
	$(BIN)/python -m tests.benchmarks.report_page

REQUESTS ?= 5000
FILES ?= 2000
fuzz: $(READY) ## bother the hooks with 5,000 requests and the archive side with 2,000 damaged CT; stops at the first that breaks something (REQUESTS=N FILES=N SEED=N)
	$(BIN)/python -m tests.benchmarks.fuzz_dicom --files $(FILES) $(if $(SEED),--seed $(SEED))
	$(BIN)/python -m tests.benchmarks.fuzz --requests $(REQUESTS) $(if $(SEED),--seed $(SEED))

ORDERS ?= 200
CHAOS_MINUTES ?= 10
chaos: $(READY) ## 200 orders while workers, service and PostgreSQL are killed at random; half an hour (ORDERS=N CHAOS_MINUTES=N)
	@bash tests/system/install-servers
	$(BIN)/python -m tests.benchmarks.chaos --orders $(ORDERS) --minutes $(CHAOS_MINUTES)

STUDIES ?= 24
bench-screen: $(READY) ## studies an hour with one and two workers on real CT, seconds of each stage, memory, bytes; ten minutes (STUDIES=N DATA=DIR)
	@bash tests/system/install-servers
	$(BIN)/python -m tests.benchmarks.screen --studies $(STUDIES) $(if $(DATA),--data $(DATA))

faults: $(READY) ## real processes killed, PostgreSQL away for 30 s, disks full; results go to tests/benchmarks/results; minutes (OUTAGE_S=N)
	@bash tests/system/install-servers
	$(BIN)/python -m tests.benchmarks.faults $(if $(OUTAGE_S),--outage-s $(OUTAGE_S))

DATA ?= $(wildcard ../shared/ct)
bench-segmentation: $(READY) ## the segmenter on real and simulated CT: tables, JSON, pictures (DATA=DIR FOLDS="DIR DIR" ONLY=real,speed)
	$(BIN)/python -m tests.benchmarks.segmentation $(if $(DATA),--data $(DATA)) $(if $(FOLDS),--folds $(FOLDS)) $(if $(ONLY),--only $(ONLY))

CASES ?= 531
bench-calibration: $(READY) ## from HU to mg/cm3, methods side by side: tables, JSON, figures; hours, but resumable (CASES=24 ONLY=without-images)
	$(BIN)/python -m tests.benchmarks.calibration --cases $(CASES) $(if $(ONLY),--only $(ONLY))

ASSESSMENTS ?= 100000
bench-registry: $(READY) ## searches and exports over 100,000 assessments, on SQLite and PostgreSQL (ASSESSMENTS=N ONLY=sqlite)
	@bash tests/system/install-servers
	$(BIN)/python -m tests.benchmarks.registry --assessments $(ASSESSMENTS) $(if $(ONLY),--only $(ONLY))

RUN ?= build/training
MINUTES ?= 24
weights: SEED ?= 20
TRAIN = $(BIN)/python -m models.vertebra_segmentation.train --data $(RUN)/data --simulated $(RUN)/patients --patients 320 --warped 30 --minutes $(MINUTES) --seed $(SEED)
weights: $(READY) ## train both networks anew: an hour on two cores, minutes on a GPU (DATA=DIR RUN=DIR); a stopped run continues
	@mkdir -p $(RUN)/data
	@for each in $(DATA)/*/; do ln -sfn "$$(realpath "$$each")" $(RUN)/data/; done
	$(TRAIN) --only-simulated --out $(RUN)/simulated
	$(TRAIN) --start-from $(RUN)/simulated --out $(RUN)/final $(if $(LEAVE_OUT),--leave-out $(LEAVE_OUT))

profiles: $(READY) ## build the FHIR profiles anew from FSH and code tables (needs npm and ../shared)
	@bash fhir_profiles/install-tools $(BIN)/python
	$(BIN)/python -m fhir_profiles.generate

lock: ## write requirements.lock anew from pyproject.toml
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet torch==2.13.0
	build/lock/bin/python -m pip install --quiet --editable '.[dev]'
	build/lock/bin/python -m pip freeze --exclude-editable | sed -E 's/^(torch==[0-9.]+)\+.*/\1/' > requirements.lock

clean: ## remove the environment and caches
	rm -rf $(VENV) build dist .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis
