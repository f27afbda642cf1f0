# What a person runs:
#   make build   the binary, bin/vanthu
#   make test    everything that must pass, after installing what it needs
#   make demo    the whole way of a document on this machine
# Long campaigns, each with a short version inside `make test`:
#   make crash   1,000 cycles of kill -9, power loss and storage failures (root)
#   make fuzz    an hour for every parser
#   make clients Thunderbird and mbsync against a running server, a move from Dovecot
#   make race    all tests under the race detector (needs a C compiler)
#   make bench   benchmarks

GO ?= go
FUZZTIME ?= 60m
CRASH ?= 1000

# Debian packages that the tests use: reading scans; mail programs and an old
# server that others wrote.
PACKAGES := tesseract-ocr tesseract-ocr-vie
CLIENT_PACKAGES := isync $(shell [ "$$(id -u)" != 0 ] || echo dovecot-imapd thunderbird thunderbird-l10n-vi xvfb xauth dbus-x11 fonts-noto-core)
# Further ones for the long campaigns.
CRASH_PACKAGES := e2fsprogs

# The parsers of what comes from outside, package:target: a minute each in `make test`.
HOSTILE := dispatch/document:FuzzFile dispatch/document:FuzzXML dispatch/document:FuzzOLE dispatch/document:FuzzAnswer \
	dispatch/recipients:FuzzResolve directory:FuzzImport mailsvc/imap:FuzzServedMessage

.PHONY: build test deps vet demo crash clients fuzz race bench

build:
	$(GO) build -trimpath -o bin/vanthu ./cmd/vanthu

test: deps vet
	VANTHU_REQUIRE_OCR=1 $(GO) test -timeout 15m ./...
	VANTHU_CRASH=50 $(GO) test -count=1 -timeout 15m -run '^TestCrash$$' ./cmd/vanthu/demo
	@$(call durable,50,15m)
	@$(call mailprograms)
	@for t in $(HOSTILE); do $(call fuzz,./$${t%:*},$${t#*:},60s) || exit 1; done
	$(GO) run ./cmd/vanthu demo --once

vet:
	@test -z "$$(gofmt -l cmd configs directory dispatch internal mailsvc)" || { gofmt -l cmd configs directory dispatch internal mailsvc; echo "not gofmt-ed"; exit 1; }
	$(GO) vet ./...

# A fuzz run that ends by its time limit may report that as a failure (a fault of
# the go command); only one that wrote a failing input has found something.
define fuzz
{ echo "== fuzz $(1) $(2) for $(3)"; out=$$($(GO) test -run '^$$' -fuzz "^$(2)\$$" -fuzztime $(3) -fuzzminimizetime 20x $(1) 2>&1) || \
	{ case "$$out" in *"Failing input written"*|*panic*|*"build failed"*) echo "$$out"; false;; *"context deadline exceeded"*) true;; *) echo "$$out"; false;; esac; }; }
endef

# mailprograms runs those that others wrote. Thunderbird finds a domain on the
# ports that a domain has, and Dovecot changes its user: both need root.
define mailprograms
if [ "$$(id -u)" = 0 ]; then tags='thunderbird mbsync dovecot'; \
else tags=mbsync; echo "without Thunderbird and Dovecot, which need root: sudo make clients"; fi; \
echo "== mail programs: $$tags"; $(GO) test -count=1 -timeout 10m -tags "$$tags" $(1) ./cmd/vanthu/clients
endef

# install puts missing packages in when it may, else says which they are.
define install
@missing=""; for p in $(1); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
if [ -z "$$missing" ]; then exit 0; fi; \
if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
else \
	echo "this needs these Debian packages:$$missing"; echo "install them with: sudo apt-get install$$missing"; exit 1; \
fi
endef

# durable runs cycles of the crash harness, on the stores and on the whole server over
# its sockets; power loss and full file
# systems need root and loop devices.
define durable
if [ "$$(id -u)" = 0 ] && [ -e /dev/loop-control ] && command -v mkfs.ext4 >/dev/null; then tags=crash; else \
	tags=; echo "NOT TESTED, needs root, loop devices and e2fsprogs: power loss, full file system"; fi; \
echo "== $(1) cycles of kill -9, failing calls, power loss, full disk"; \
VANTHU_CRASH_CYCLES=$(1) $(GO) test -count=1 -timeout $(2) -tags "$$tags" ./mailsvc/mailbox/crashtest && \
VANTHU_CRASH_CYCLES=$(1) $(GO) test -count=1 -timeout $(2) -run '^TestKilledServer$$' ./cmd/vanthu/clients
endef

deps:
	$(call install,$(PACKAGES) $(CLIENT_PACKAGES))

demo:
	$(GO) run ./cmd/vanthu demo

crash:
	$(call install,$(CRASH_PACKAGES))
	VANTHU_CRASH=$(CRASH) $(GO) test -count=1 -timeout 10h -run '^TestCrash$$' ./cmd/vanthu/demo
	@$(call durable,$(CRASH),10h)

clients:
	$(call install,$(CLIENT_PACKAGES))
	@$(call mailprograms,-v)

race:
	$(GO) test -race -timeout 30m ./...

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...

fuzz:
	@for p in $$($(GO) list ./...); do \
		for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do $(call fuzz,$$p,$$f,$(FUZZTIME)) || exit 1; done; \
	done
