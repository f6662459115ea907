# The README's and CONTRIBUTING's commands under short names. `make` lists them.

UV = .uv/bin/uv
RUN = $(UV) run --directory backend

.DEFAULT_GOAL := help
.PHONY: help up down test run test-here bench check format ci

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: .env ## Run the board with Docker
	docker compose up --detach --wait

down: ## Stop the board; its data stays
	docker compose down

test: ## Run the tests with Docker
	docker compose run --rm tests

run: $(UV) ## Run the board without Docker
	$(RUN) statusboard up

test-here: $(UV) ## Run the tests without Docker
	$(RUN) pytest

bench: ## Check whether something became slower
	docker compose run --rm bench benchmarks.http --quick

check: $(UV) backend/node_modules ## Check lint, types and format
	$(RUN) ruff check .
	$(RUN) ruff check --config pyproject.toml ../.ci ../docker
	$(RUN) ruff format --check .
	$(RUN) ruff format --check --config pyproject.toml ../.ci ../docker
	$(RUN) mypy --strict app
	$(RUN) --group page npm run types

format: $(UV) ## Format the code
	$(RUN) ruff check --fix .
	$(RUN) ruff format .
	$(RUN) ruff format --config pyproject.toml ../.ci ../docker

ci: ## Run everything that CI runs
	.ci/run

.env:
	umask 077; random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }; sed "s/change-me/$$(random)/; s/^#\(POSTGRES_PASSWORD=\).*/\1$$(random)/" .env.example >.env

backend/node_modules: $(UV) backend/package-lock.json
	$(RUN) --group page npm ci --no-audit --no-fund

$(UV):
	python3 -m venv .uv && .uv/bin/pip install uv
