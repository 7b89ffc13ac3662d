# Everything that make installs goes into .tools, which git ignores.
SHELL := /bin/bash
TOOLS := $(CURDIR)/.tools

.DEFAULT_GOAL := help
.PHONY: help
help: ## Show the targets
	@awk -F':.*## ' '/^[a-z%-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: ## Run the whole API on this machine: make run ARGS="-addr 127.0.0.1:9000"
	@go run ./functions/local $(ARGS)
