# `make` alone lists the commands by group. Everything runs from .venv, which `make setup` makes.
.DEFAULT_GOAL := help
.PHONY: help setup demo up down status reset test test-kill test-broken test-containers check drill policy format bench bench-full lock schemas jars
SHELL := /bin/sh
BIN := .venv/bin
# Images and shells like to switch it off; then each interpreter compiles anew all that it imports.
unexport PYTHONDONTWRITEBYTECODE
ROOMS := contracts shared services demo bench tests
READY := .venv/ready
# Each has servers of its own and takes whole files, since a file shares one installation: more on
# a machine with cores to spare, and 0 for all in one process.
WORKERS := 4

help:
	@awk 'BEGIN { FS = ":.*## " } \
	    /^##@ / { printf "%s%s\n", (n++ ? "\n" : ""), substr($$0, 5) } \
	    /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\nEvery command of the program itself: %s/expunge --help\n' $(BIN)

##@ Begin
setup: $(READY) ## Install everything into .venv (once; later it costs nothing)

$(READY): requirements.lock pyproject.toml scripts/setup.sh
	@scripts/setup.sh
	@touch $@

##@ Run
demo: $(READY) ## Sign up, be erased, verify the certificate: the whole story on a system of its own
	@$(BIN)/python -m demo

up: $(READY) ## Keep the system running at http://localhost:8000 (mails at /dev/inbox)
	@$(BIN)/expunge up

down: $(READY) ## Stop what `make up` started
	@$(BIN)/expunge down

status: $(READY) ## Say what runs
	@$(BIN)/expunge status

reset: $(READY) ## Delete all data, keys and logs of `make up` (asks first)
	@$(BIN)/expunge reset

##@ Check
test: $(READY) ## Run the tests on a real Kafka and a real PostgreSQL
	@$(BIN)/pytest --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder

test-kill: $(READY) ## Repeat the kill tests with many seeds
	@EXPUNGE_KILL_ROUNDS=$${EXPUNGE_KILL_ROUNDS:-10} $(BIN)/pytest -m kill --timeout 1800

test-broken: $(READY) ## Break each rule of the policy and see its tests fail (one: RULE=R-EV-06)
	@$(BIN)/python -m tests.broken $(RULE)

test-containers: $(READY) ## The same tests on PostgreSQL 17 and Kafka in containers
	@STACK=containers $(BIN)/pytest

check: $(READY) ## Look at the code without running it: style, types, import rules
	@$(BIN)/ruff check $(ROOMS)
	@$(BIN)/ruff format --check $(ROOMS)
	@$(BIN)/mypy $(ROOMS)
	@$(BIN)/lint-imports

drill: $(READY) ## Rehearse a restore on servers of its own: nobody who was erased may come back
	@$(BIN)/expunge restore-drill

policy: $(READY) ## Show every rule of the policy with its lines, code and tests
	@$(BIN)/expunge policy

##@ Measure
bench: $(READY) ## Measure against the raw limit, under 2 minutes
	@$(BIN)/python -m bench

bench-full: $(READY) ## The same with all sizes, under 20 minutes
	@$(BIN)/python -m bench --full

##@ Maintain
format: $(READY) ## Format the code
	@$(BIN)/ruff check --fix-only $(ROOMS)
	@$(BIN)/ruff format $(ROOMS)

lock: $(READY) ## Resolve the dependencies anew into requirements.lock
	@scripts/lock.sh

schemas: $(READY) ## Write contracts/schemas/ anew from the messages
	@$(BIN)/python -m contracts.schema_files

jars: $(READY) ## Resolve the broker's jars anew into shared/stack/jars.sha256
	@$(BIN)/python -m shared.stack.jars > .expunge/jars.sha256
	@mv .expunge/jars.sha256 shared/stack/jars.sha256
