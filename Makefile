PYTHON ?= python3
BIN := .venv/bin

.PHONY: help environment demo test lint examples clean

help:
	@echo "make environment  set up .venv and ComfyUI inside this checkout"
	@echo "make demo         two cars in one town, on a headless ComfyUI (GRAPH=file for another graph)"
	@echo "make test         lint, then all tests; browser tests need Chromium"
	@echo "make lint         ruff and mypy"
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

test: lint
	$(BIN)/pytest

examples: environment
	$(BIN)/python -m shared_world.development.make_locales
	$(BIN)/python -m shared_world.development.make_workflows

clean:
	rm -rf .venv .comfyui .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
