# Two targets matter: `make test` on a fresh Debian machine with Go, and
# `make lint`; `make bench` and `make torture` take longer. What they need and the machine lacks, they install: servers
# through apt, tools into .bin.

SHELL         := /bin/bash
.SHELLFLAGS   := -eu -o pipefail -c
BIN           := $(CURDIR)/.bin
VERSITYGW     := v1.8.0
TEMPORAL      := v1.5.1
GOLANGCI_LINT := v2.15.0
GOVULNCHECK   := latest

.PHONY: help
help: ## list the targets
	@grep -E '^[a-z./-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

.PHONY: test
test: services ## run every test of every module with -race, on real services
	@.ci/test

.PHONY: services
services: .bin/versitygw .bin/temporal ## install what the tests need and this machine lacks
	@.ci/install

.bin/versitygw:
	GOBIN=$(BIN) go install github.com/versity/versitygw/cmd/versitygw@$(VERSITYGW)

.bin/temporal:
	GOBIN=$(BIN) go install github.com/temporalio/cli/cmd/temporal@$(TEMPORAL)

.PHONY: bench
bench: services ## measure every claim; SHORT=1 only shows that everything runs
	@go build -C examples/bench -o $(BIN)/figures ./cmd/figures
	@$(BIN)/figures -commands $(if $(SHORT),-short) | bash | tee /dev/stderr | $(BIN)/figures $(if $(SHORT),-short)

.PHONY: torture
torture: services ## kill, race, cut and soak everything; BUDGET=10m SEED=1
	@go -C examples/torture run ./cmd/torture -budget $(or $(BUDGET),5m) $(if $(SEED),-seed $(SEED))

.PHONY: lint
lint: ## formatting, vet, golangci-lint, go.mod, known vulnerabilities
	@.ci/lint

.bin/golangci-lint:
	GOBIN=$(BIN) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT)

.bin/govulncheck:
	GOBIN=$(BIN) go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK)
