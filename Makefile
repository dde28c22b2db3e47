# Two commands: `make run` shows a leaderboard, `make test` checks everything. The rest serves these.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check -q
export PIP_CONSTRAINT := constraints.txt

# What the lints read: the files that git tracks. What `make run` and people leave here is not read. An unpacked
# source distribution has no git, and is read whole.
tracked = $(if $(wildcard .git),git ls-files -z -- '$(1)',find . -path './.*' -prune -o -type f -name '$(1)' -print0)

.PHONY: run test lint types layers spelling questions workflows scripts pytest test-thorough docs baseline clean help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: $(VENV)/.installed ## benchmark the embedded model and the baselines on the curated questions
	$(BIN)/qa-eval run
	$(BIN)/qa-eval report --out report

test: lint types layers spelling questions workflows scripts pytest ## everything a pull request must pass

lint: $(VENV)/.installed-test ## ruff: errors, style, formatting
	$(call tracked,*.py) | xargs -0 $(BIN)/ruff check --force-exclude
	$(call tracked,*.py) | xargs -0 $(BIN)/ruff format --check --force-exclude

types: $(VENV)/.installed-test ## mypy --strict
	$(BIN)/mypy

layers: $(VENV)/.installed-test ## the layering of the modules
	$(BIN)/lint-imports --no-logo

spelling: $(VENV)/.installed-test ## codespell
	$(call tracked,*) | xargs -0 $(BIN)/codespell

questions: $(VENV)/.installed-test ## the question set's own checks
	$(BIN)/qa-eval questions check

WORKFLOWS := .github/workflows/*.yml qa_eval/authoring/new_collection/template/questions.yml
workflows: $(VENV)/.installed-test ## shape and safety of the workflows and templates
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/question.yml .github/ISSUE_TEMPLATE/bug.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	@if [ -x $(BIN)/actionlint ]; then echo actionlint; $(BIN)/actionlint -no-color -shellcheck= -pyflakes= $(WORKFLOWS); \
	else echo "actionlint: there is none for this machine; skipped"; fi
	$(BIN)/zizmor --offline --quiet --no-progress --config zizmor.yml $(WORKFLOWS) action.yml

# Installed once, beside the Python tools; the version stands here as others do in constraints.txt.
BIOME := @biomejs/biome@2.6.8
BIOME_AT := $(VENV)/biome/node_modules/.bin/biome
scripts: $(VENV)/.installed-test ## biome: the script of the report
	@if ! command -v npm >/dev/null; then \
	  echo "scripts: skipped, there is no npm here to install biome with"; \
	else \
	  test -x $(BIOME_AT) || npm install --silent --no-audit --no-fund --no-save --prefix $(VENV)/biome $(BIOME); \
	  $(BIOME_AT) check --error-on-warnings; \
	fi

pytest: $(VENV)/.installed-test ## the tests, on all cores
	$(BIN)/pytest -n auto --dist loadfile

test-thorough: $(VENV)/.installed-test ## the tests, with ten times as many random examples
	HYPOTHESIS_PROFILE=thorough $(BIN)/pytest -n auto --dist loadfile

docs: $(VENV)/.installed ## docs/metrics.md, from the entries of the metrics
	$(BIN)/python -m qa_eval.metrics.guide > docs/metrics.md

baseline: $(VENV)/.installed ## make the committed results anew
	$(BIN)/qa-eval run --name baseline --deterministic --no-cache --overwrite

clean: ## remove the environment and all caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Installed editable, so that a checkout answers with its own questions and articles.
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -e .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(PIP) install -e '.[test]'
	@touch $@
