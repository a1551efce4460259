# What a person types. `make quickstart` and `make test` are the two commands of the README.

# CLI brings HTTP, Batch, Server, Observability, Exporters and PostgreSQL along.
TRAITS := CLI,Lint
SWIFT_BUILD := swift build --traits $(TRAITS)
PREFIX ?= /usr/local

# SwiftPM 6.3 writes the traits of a package in the order of a hash table into its commands: every call that gets another
# order (two of three) compiles everything once more. With this the order stays.
export SWIFT_DETERMINISTIC_HASHING = 1

.PHONY: help setup build quickstart failures table test test-tools lint format install docs docs-pages docs-open clean

help: ## List the commands.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install missing system packages, saying what and why.
	@scripts/setup

build: setup ## Build everything, debug.
	@$(SWIFT_BUILD)

quickstart: setup ## Build concerto and make 1,000 calls to a demo server that misbehaves.
	@echo "Building concerto (the first time takes some minutes) …"
	@$(SWIFT_BUILD) --product concerto
	@echo "$$ concerto batch Examples/quickstart.ndjson --demo-server -o results.ndjson"
	@"$$($(SWIFT_BUILD) --show-bin-path)/concerto" batch Examples/quickstart.ndjson --demo-server --overwrite -o results.ndjson
	@echo "The results are in results.ndjson; a line of JSON each. See also: make failures"

failures: setup ## The same with rows that can't succeed; ends with exit code 1 and a list of them.
	@$(SWIFT_BUILD) --product concerto
	-@"$$($(SWIFT_BUILD) --show-bin-path)/concerto" batch Examples/failures.ndjson --demo-server --overwrite -o results.ndjson

table: setup ## Call the demo server for each row of a table, and get a table back.
	@$(SWIFT_BUILD) --product concerto
	@echo "$$ concerto batch Examples/people.csv --demo-server --url '{server}/users/{id}?city={city}' --select answer=.name -o people-out.csv"
	@"$$($(SWIFT_BUILD) --show-bin-path)/concerto" batch Examples/people.csv --demo-server --overwrite \
	    --url '{server}/users/{id}?city={city}' --select answer=.name -o people-out.csv
	@head -4 people-out.csv

test: setup ## Build and run every test. No network beyond loopback.
	@$(SWIFT_BUILD) --build-tests
	@scripts/test-all --traits $(TRAITS) --skip-build
	@echo "Skipped: what others' programs say about our metrics and spans; they have to be installed: make test-tools"

test-tools: setup ## Let others judge: promtool, Prometheus, OpenTelemetry's own packages, Chromium, an LSP client.
	@$(SWIFT_BUILD) --build-tests
	@scripts/test-tools --traits $(TRAITS) --skip-build
	@scripts/check-lsp

docs: setup ## Build the documentation of all libraries into one site; warnings are errors.
	@DOCS_TRAITS=CLI scripts/docs

docs-pages: setup ## Run the programs of the pages in docs, and write these pages.
	@$(SWIFT_BUILD)
	@scripts/write-cookbook --run "$$($(SWIFT_BUILD) --show-bin-path)/Cookbook"
	@scripts/write-pages --run "$$($(SWIFT_BUILD) --show-bin-path)"

docs-open: ## Serve the site that `make docs` built, on http://127.0.0.1:8000.
	@scripts/serve-docs

lint: ## Check the format of all sources.
	@swift format lint --strict --recursive --parallel Package.swift Sources Tests Plugins $(wildcard Benchmarks) $(wildcard Examples/*/)

format: ## Format all sources.
	@swift format --in-place --recursive --parallel Package.swift Sources Tests Plugins $(wildcard Benchmarks) $(wildcard Examples/*/)

install: setup ## Build concerto in release and copy it to PREFIX/bin (default /usr/local), with completion and man page.
	@PKG_CONFIG_PATH="$$(scripts/static-libs .build/static-libs)" \
	    $(SWIFT_BUILD) -c release --product concerto --static-swift-stdlib -Xlinker -s
	@install -d "$(PREFIX)/bin" "$(PREFIX)/share/bash-completion/completions" "$(PREFIX)/share/zsh/site-functions" \
	    "$(PREFIX)/share/fish/vendor_completions.d" "$(PREFIX)/share/man/man1"
	@install "$$($(SWIFT_BUILD) -c release --show-bin-path)/concerto" "$(PREFIX)/bin/concerto"
	@"$(PREFIX)/bin/concerto" --generate-completion-script bash > "$(PREFIX)/share/bash-completion/completions/concerto"
	@"$(PREFIX)/bin/concerto" --generate-completion-script zsh > "$(PREFIX)/share/zsh/site-functions/_concerto"
	@"$(PREFIX)/bin/concerto" --generate-completion-script fish > "$(PREFIX)/share/fish/vendor_completions.d/concerto.fish"
	@scripts/man-page "$(PREFIX)/bin/concerto" > "$(PREFIX)/share/man/man1/concerto.1"
	@echo "installed $(PREFIX)/bin/concerto"

clean: ## Remove what was built.
	@swift package clean
