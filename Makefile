# What a person runs:
#   make build   the binary, bin/vanthu
#   make test    everything that must pass, after installing what it needs
#   make demo    the whole way of a document on this machine
# Long campaigns, each with a short version inside `make test`:
#   make crash   kill -9 and storage failures
#   make fuzz    an hour for every parser (FUZZTIME=60m)
#   make race    all tests under the race detector (needs a C compiler)
#   make bench   benchmarks

GO ?= go
FUZZTIME ?= 60m
CRASH ?= 1000

# Debian packages that the tests use: reading scans.
PACKAGES := tesseract-ocr tesseract-ocr-vie

.PHONY: build test deps vet demo crash fuzz race bench

build:
	$(GO) build -trimpath -o bin/vanthu ./cmd/vanthu

test: deps vet
	VANTHU_REQUIRE_OCR=1 $(GO) test -timeout 15m ./...
	$(GO) run ./cmd/vanthu demo --once

vet:
	@test -z "$$(gofmt -l cmd configs directory dispatch internal mailsvc)" || { gofmt -l cmd configs directory dispatch internal mailsvc; echo "not gofmt-ed"; exit 1; }
	$(GO) vet ./...

# deps installs the missing packages when it may, else says which they are.
deps:
	@missing=""; for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else \
		echo "make test needs these Debian packages:$$missing"; echo "install them with: sudo apt-get install$$missing"; exit 1; \
	fi

demo:
	$(GO) run ./cmd/vanthu demo

crash:
	VANTHU_CRASH=$(CRASH) $(GO) test -count=1 -timeout 10h -run 'Crash|Power|Full' ./...

race:
	$(GO) test -race -timeout 30m ./...

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...

fuzz:
	@for p in $$($(GO) list ./...); do \
		for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
			echo "== $$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$p || exit 1; \
		done; \
	done
