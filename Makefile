# make run   the pipeline on config.yaml (CONFIG=configs/kepler.yaml for another survey)
# make retry fetches again what an archive could not give, if it has been left alone long enough (CONFIG as for run)
# make test  linters, type checks and tests
PYTHON ?= python3.11
CONFIG ?=
CORES ?= all
BIN := .venv/bin
SNAKEMAKE := $(BIN)/snakemake $(if $(CONFIG),--configfile $(CONFIG))

.PHONY: run plan retry test lint bench unlock lock docs

run: .venv/installed
	$(SNAKEMAKE) --cores $(CORES)

# Exact job counts: the checkpoint (labels and shard lists) is brought up to date first, the rest is a dry run.
plan: .venv/installed
	$(SNAKEMAKE) --cores $(CORES) --quiet all -- shard_catalog
	$(SNAKEMAKE) --dry-run --quiet rules

# The shards with `transient` targets whose wait is over are fetched again, and what follows from them is made anew.
retry: .venv/installed
	@due=$$($(BIN)/lightmill retry $(or $(CONFIG),config.yaml)) || exit 1; \
	if [ -n "$$due" ]; then set -x; $(SNAKEMAKE) --cores $(CORES) --forcerun $$due; fi

test: lint
	$(BIN)/pytest --numprocesses 2 --dist loadgroup

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint

bench: .venv/installed
	$(BIN)/python -m benchmarks

# After a run was killed and its lock stayed behind. Make sure first that no other run works in this folder: two at once
# would write over each other. (The jobs of a head that was killed outright live on for a while; wait for them.)
unlock: .venv/installed
	$(SNAKEMAKE) --unlock

# docs/config.md and configs/schema.json, from the configuration's own descriptions.
docs: .venv/installed
	$(BIN)/lightmill config --schema configs/schema.json --table docs/config.md

# torch first and by its exact version: a build of that version that is already at hand is then taken as it is, and
# nothing that follows asks for another.
.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet "$$(grep '^torch==' requirements.lock)"
	$(BIN)/pip install --quiet --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# Renew the lock file from pyproject.toml, in an environment of its own.
lock:
	rm -rf .venv-lock
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet "$$(grep -o 'torch==[0-9.]*' pyproject.toml)"
	.venv-lock/bin/pip install --quiet --editable '.[dev]'
	.venv-lock/bin/pip freeze --all --exclude lightmill --exclude pip | sed 's/^\(torch==[0-9.]*\)+.*/\1/' > requirements.lock
	rm -rf .venv-lock
