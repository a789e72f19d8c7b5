# Everything a person does with this checkout. `make help` lists it.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STUDY ?=
QUICK ?=
export PYTHONUNBUFFERED := 1

.PHONY: help install install-zoo demo check test test-zoo stubs loadtest bench-transport bench-overload bench-memory bench-models bench-gate bench-study bench-radiomics bench-radiomics-beside bench-switching bench-shadow install-peers install-radiomics-peers clean

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 20

install: $(VENV)/.installed  ## Make .venv with the locked versions

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("aibox needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: install  ## Start a box, analyse a chest CT (STUDY=path, else a synthetic one), show, stop
	$(BIN)/aibox demo $(if $(STUDY),--study "$(STUDY)")

check: install  ## ruff, mypy --strict, import-linter, stub drift
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python protos/generate.py --check

test: install  ## All tests but those of the zoo, the end-to-end ones beside the others
	$(BIN)/python tests/side_by_side.py

stubs: install  ## Generate the gRPC stubs anew
	$(BIN)/python protos/generate.py

install-zoo: .venv-zoo/.installed  ## Make .venv-zoo: the same, with torch (large)

.venv-zoo/.installed: $(VENV)/.installed
	$(PYTHON) -m venv .venv-zoo
	.venv-zoo/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	.venv-zoo/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	.venv-zoo/bin/python -m pip install --quiet --disable-pip-version-check onnxscript==0.7.2
	.venv-zoo/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

test-zoo: .venv-zoo/.installed  ## Tests of the networks' training and export (installs torch)
	.venv-zoo/bin/python -m pytest tests/zoo

loadtest: install  ## locust, headless, against a fresh box; leaves an HTML report in bench/
	$(BIN)/python -m loadtests.run $(if $(QUICK),--quick)

bench-transport: install  ## CPU per request: the box, a bare server, Ray Serve's proxy, Triton
	$(BIN)/python -m loadtests.bench.transport $(if $(QUICK),--quick)

bench-overload: install  ## Goodput, refusals and STAT latency at three times capacity
	$(BIN)/python -m loadtests.bench.overload $(if $(QUICK),--quick)

bench-memory: install  ## Does a replica's memory stay flat: 200 loads and unloads, 5,000 inferences
	$(BIN)/python -m loadtests.bench.memory $(if $(QUICK),--quick)

bench-models: install-zoo  ## Five networks: torch, onnxruntime, OpenVINO FP32, BF16, INT8
	.venv-zoo/bin/python -m loadtests.bench.models_bench $(if $(QUICK),--quick)

bench-gate: install  ## Do the shipped INT8 variants pass on the patient held out, harmed ones not (DATA=folder)
	$(BIN)/python -m loadtests.bench.gate --data "$(DATA)"

bench-study: install-zoo  ## A whole study: torch against the box (STUDY=folder, else a synthetic one)
	.venv-zoo/bin/python -m loadtests.bench.study_bench $(if $(STUDY),--study "$(STUDY)") $(if $(QUICK),--quick)

bench-radiomics: install-radiomics-peers  ## Extraction against pyradiomics and MIRP, LassoCV against its rivals
	$(BIN)/python -m loadtests.bench.radiomics_extraction
	$(BIN)/python -m loadtests.bench.radiomics_lasso $(if $(QUICK),--quick)

bench-radiomics-beside: install  ## STAT and routine requests beside a full batch job
	$(BIN)/python -m loadtests.bench.radiomics_beside $(if $(QUICK),--quick)

bench-switching: install  ## A hundred switches and twenty rollbacks of a version under load
	$(BIN)/python -m loadtests.bench.switching $(if $(QUICK),--quick)

bench-shadow: install  ## STAT and routine work beside a shadow release, and without one
	$(BIN)/python -m loadtests.bench.shadow_cost $(if $(QUICK),--quick)

install-peers: install  ## The rival servers of bench-transport (large)
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check 'nvidia-pytriton==0.7.0' openvino==2026.4.1

install-radiomics-peers: .venv-radiomics/.installed  ## pyradiomics-bhklab, MIRP and celer, to compare with

.venv-radiomics/.installed: Makefile
	$(PYTHON) -m venv .venv-radiomics
	.venv-radiomics/bin/python -m pip install --quiet --disable-pip-version-check 'pyradiomics-bhklab==3.1.4' 'mirp==2.7.*' celer
	@touch $@

clean:  ## Remove what was built; keeps results and state
	rm -rf $(VENV) .venv-zoo .venv-peers .venv-radiomics bench .mypy_cache .ruff_cache .pytest_cache
