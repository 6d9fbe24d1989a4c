# Each target makes its own virtual environment and installs what it needs: nothing else has to be typed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test check bench format docs wheel clean

demo: $(INSTALLED)
	@$(BIN)/touchpoint analyze samples/calls --out out; status=$$?; \
	if [ $$status -eq 2 ]; then echo "(Exit code 2: see the calls named above; all others are judged.)"; \
	elif [ $$status -ne 0 ]; then exit $$status; fi

test: $(INSTALLED)
	$(BIN)/python -m pytest -n auto --dist loadfile

check: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

docs: $(INSTALLED)
	$(BIN)/python docs/generate.py

format: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(INSTALLED)
	$(BIN)/python bench/pipeline.py
	$(BIN)/python bench/transcript.py

wheel: $(INSTALLED)
	$(BIN)/python -m pip wheel --no-deps --wheel-dir dist .

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Touchpoint needs Python 3.11 or newer; set PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) out dist build .mypy_cache .pytest_cache .ruff_cache
