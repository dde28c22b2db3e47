# `make run` shows a leaderboard, and `make test` runs all checks. The other targets are parts of these, or for maintainers.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check -q
export PIP_CONSTRAINT := constraints.txt

# The lints read the files that git tracks, and not what `make run` or people leave here. An unpacked source
# distribution has no git, so the lints read all of it.
tracked = $(if $(wildcard .git),git ls-files -z -- '$(1)',find . -path './.*' -prune -o -type f -name '$(1)' -print0)

.PHONY: run test lint types layers spelling questions workflows scripts pytest test-thorough docs release-check pictures baseline clean help

help: ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: $(VENV)/.installed ## score the embedded model and the baselines on the curated questions, and write a report
	$(BIN)/qa-eval run
	$(BIN)/qa-eval report --out report

test: lint types layers spelling questions workflows scripts docs pytest ## run every check that a pull request must pass

lint: $(VENV)/.installed-test ## check errors, style and formatting with ruff
	$(call tracked,*.py) | xargs -0 $(BIN)/ruff check --force-exclude
	$(call tracked,*.py) | xargs -0 $(BIN)/ruff format --check --force-exclude

types: $(VENV)/.installed-test ## check types with mypy --strict
	$(BIN)/mypy

layers: $(VENV)/.installed-test ## check that imports between rooms point downwards, with import-linter
	$(BIN)/lint-imports --no-logo

spelling: $(VENV)/.installed-test ## check spelling with codespell
	$(call tracked,*) | xargs -0 $(BIN)/codespell

questions: $(VENV)/.installed-test ## check the curated question set
	$(BIN)/qa-eval questions check

WORKFLOWS := .github/workflows/*.yml qa_eval/authoring/new_collection/template/questions.yml
workflows: $(VENV)/.installed-test ## check the structure and safety of workflows and issue templates
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/question.yml .github/ISSUE_TEMPLATE/bug.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	@if [ -x $(BIN)/actionlint ]; then echo actionlint; $(BIN)/actionlint -no-color -shellcheck= -pyflakes= $(WORKFLOWS); \
	else echo "actionlint: skipped, because it is not available for this machine"; fi
	$(BIN)/zizmor --offline --quiet --no-progress --config zizmor.yml $(WORKFLOWS) action.yml

# biome is installed once, into the virtual environment. Its version is here because constraints.txt is for Python.
BIOME := @biomejs/biome@2.6.8
BIOME_AT := $(VENV)/biome/node_modules/.bin/biome
scripts: $(VENV)/.installed-test ## check the script of the report with biome
	@if ! command -v npm >/dev/null; then \
	  echo "scripts: skipped, because npm is needed to install biome"; \
	else \
	  test -x $(BIOME_AT) || npm install --silent --no-audit --no-fund --no-save --prefix $(VENV)/biome $(BIOME); \
	  $(BIOME_AT) check --error-on-warnings; \
	fi

pytest: $(VENV)/.installed-test ## run the tests on all cores
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

test-thorough: $(VENV)/.installed-test ## run the tests with ten times as many random examples
	HYPOTHESIS_PROFILE=thorough $(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

docs: $(VENV)/.installed-test ## build the documentation site in build/site/; warnings are errors
	$(BIN)/python -m qa_eval.metrics.guide > docs/reference/metrics.md
	$(BIN)/python docs/build_pages.py build/pages
	$(BIN)/zensical build --config-file mkdocs.yml --clean --strict

# The wheel runs in a new environment and from another folder, which shows that it holds everything it needs.
release-check: $(VENV)/.installed-test ## build wheel and sdist, check them, and run the installed wheel
	$(PIP) install -e '.[release]'
	rm -rf dist build/release
	$(BIN)/python -m build --outdir dist .
	$(BIN)/twine check --strict dist/*
	$(BIN)/python -m tests.support.distribution dist
	$(PYTHON) -m venv build/release
	build/release/bin/python -m pip --disable-pip-version-check -q install dist/*.whl
	cd build/release && bin/qa-eval run --limit 2 --out results && bin/qa-eval report results/* --out report

pictures: $(VENV)/.installed-test ## make the pictures of README and site from the committed run; needs chromium
	$(BIN)/python -m tests.support.pictures docs/pictures

baseline: $(VENV)/.installed ## make the committed results again
	$(BIN)/qa-eval run --name baseline --deterministic --no-cache --overwrite --compress

clean: ## remove the environment and all caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The installation is editable, so that a checkout uses its own questions and articles.
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -e .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(PIP) install -e '.[test]'
	@touch $@
