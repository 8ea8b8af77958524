# Two targets matter: `make test` on a fresh Debian machine with Go, and
# `make lint`. Everything they need they install themselves.

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
BIN         := $(CURDIR)/.bin
VERSITYGW   := v1.8.0

.PHONY: services
services: .bin/versitygw ## install what the tests need and this machine lacks

.bin/versitygw:
	GOBIN=$(BIN) go install github.com/versity/versitygw/cmd/versitygw@$(VERSITYGW)
