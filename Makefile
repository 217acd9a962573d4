PYTHON ?= python3
BIN := .venv/bin

.PHONY: help environment demo test lint frontend examples clean

help:
	@echo "make environment  set up .venv and ComfyUI inside this checkout"
	@echo "make demo         two cars in one town, on a headless ComfyUI (GRAPH=file for another graph)"
	@echo "make test         lint, then all tests; browser tests need Chromium"
	@echo "make lint         ruff and mypy"
	@echo "make frontend     checks and tests of the page's scripts in frontend/; needs Node.js 20.19 or newer"
	@echo "make examples     make the example graphs and the English texts anew; needs Chromium"
	@echo "make clean        remove what set-up, lint and tests made; output/ stays"
	@echo "COMFYUI_PATH=folder uses that ComfyUI instead of the pinned one, COMFYUI_PYTHON=file the Python that runs it."

environment:
	@$(PYTHON) -m development.environment

demo: environment
	@$(BIN)/python -m shared_world.development.demo $(GRAPH)

lint: environment
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint frontend
	$(BIN)/pytest -n logical --maxprocesses 4 --no-loadscope-reorder

frontend:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory frontend/node_modules/.package-lock.json \
	&& cd frontend && npm run check; else echo "skipped: checks and tests of frontend/, there is no npm on PATH"; fi

frontend/node_modules/.package-lock.json: frontend/package-lock.json
	cd frontend && npm ci
	@touch $@

examples: environment
	$(BIN)/python -m shared_world.development.make_locales
	$(BIN)/python -m shared_world.development.make_workflows

clean:
	rm -rf .venv .comfyui frontend/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
