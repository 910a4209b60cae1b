# Every target sets up what it needs in .venv; a change of pyproject.toml installs again.
#   make UV=           pip even where uv is found            make test ARGS="-k matmul -x"    options for pytest
#   make PYTHON=...    this interpreter                      make test JOBS=8                 processes

VENV   := .venv
PY     := $(VENV)/bin/python
JOBS   ?= 2
ARGS   ?=
UV     ?= $(shell command -v uv 2>/dev/null)
# A name on the PATH proves little (pyenv's shims): take the first that starts, is new enough and can make environments.
PROBE  := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
            if $$p -c "$(PROBE)" >/dev/null 2>&1; then echo $$p; break; fi; done)

ifeq ($(UV),)
INSTALL = $(PY) -m pip install --quiet --disable-pip-version-check
else
INSTALL = $(UV) pip install --quiet --python $(PY)
endif

.PHONY: help demo test thorough lint clean
.NOTPARALLEL:   # two installs into one environment must not run at once; pytest brings its own processes

help:
	@echo "make demo | test | thorough | lint | clean"

demo: $(VENV)/.ready-run
	$(PY) -m wrt.examples.demo

test: $(VENV)/.ready-test
	$(PY) -m pytest -n $(JOBS) $(ARGS)

thorough: $(VENV)/.ready-test
	WRT_PROFILE=thorough $(PY) -m pytest -n $(JOBS) $(ARGS)

lint: $(VENV)/.ready-lint
	$(PY) -m ruff check
	$(PY) -m mypy

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.ready-run:  EXTRAS :=
$(VENV)/.ready-test: EXTRAS := [test]
$(VENV)/.ready-lint: EXTRAS := [lint]
$(VENV)/.ready-run $(VENV)/.ready-test $(VENV)/.ready-lint: pyproject.toml | $(PY)
	@echo "installing wrt$(EXTRAS) into $(VENV) (once; a minute or so)"
	@$(INSTALL) --editable '.$(EXTRAS)'
	@$(PY) -m compileall -q src  # bytecode at once, also where PYTHONDONTWRITEBYTECODE is set: the first import is then not slow
	@touch $@

$(PY):
ifeq ($(UV),)
	@test -n "$(PYTHON)" || { echo "no Python >= 3.11 with venv found: install one, or name it with make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }
else
	rm -rf $(VENV)
	$(UV) venv --quiet --seed --python '$(or $(PYTHON),>=3.11)' $(VENV)
endif
