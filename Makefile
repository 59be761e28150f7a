# "make demo" shows the whole job; "make test" needs only Go.

GO       ?= go
FUZZTIME ?= 10s
# The race detector needs a C compiler on most systems. It does not watch what
# derives keys, where it would spend most of the time: a derivation hashes a
# million times. hci/crypto is tested once more with all of it watched.
UNWATCHED := hci/crypto internal/byteorder crypto/md5 crypto/internal/fips140/hmac crypto/internal/fips140/sha256 crypto/internal/fips140/sha512 crypto/internal/fips140/subtle
RACE     := $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)
UNWATCH  := $(if $(RACE),$(foreach p,$(UNWATCHED),-gcflags=$p=-race=0))
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
COMMIT   ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
LDFLAGS  := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)
TARGETS  := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

.PHONY: build install test quick interop lint fuzz bench demo picture cross release-snapshot clean

build: ## the binary, in bin/
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/hci

install: ## the binary, in GOBIN
	CGO_ENABLED=0 $(GO) install -trimpath -ldflags '$(LDFLAGS)' ./cmd/hci

test: ## unit, golden, script and race tests; needs only Go
	@[ -n "$(RACE)" ] || echo "no C compiler: the race detector is off"
	$(GO) test -timeout 30m $(RACE) $(UNWATCH) ./...
	$(GO) test $(RACE) -short ./crypto

quick: ## the fast tests, without the command line's and the race detector: under 40 seconds
	$(GO) test -vet=off -short $$($(GO) list ./... | grep -v '^hci/cmd/')

interop: ## against the real programs; lists those that are not installed
	sh .ci/interop

lint: ## vet, staticcheck, dead code, the architecture test, a stranger's imports
	@test -z "$$(gofmt -l .)" || { echo "not gofmt'd:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags interop,bench ./...
	$(GO) tool staticcheck -tags interop,bench ./...
	GO="$(GO)" sh .ci/deadcode
	$(GO) test -count=1 ./internal/architecture
	cd testdata/stranger && $(GO) vet -mod=mod ./... && $(GO) test -mod=mod ./...

cross: ## the binary for every system that is supported, compiled only
	@for t in $(TARGETS); do \
		echo "build $$t"; \
		CGO_ENABLED=0 GOOS=$${t%/*} GOARCH=$${t#*/} $(GO) build -o /dev/null ./cmd/hci || exit 1; \
		GOOS=$${t%/*} GOARCH=$${t#*/} $(GO) vet ./... || exit 1; \
	done

fuzz: ## every fuzz target for FUZZTIME
	FUZZTIME=$(FUZZTIME) sh .ci/fuzz

bench: build ## against the peers that are installed, in the same run
	HCI_BIN=$(CURDIR)/bin/hci $(GO) test -tags bench -count=1 -run '^TestBench' -v ./... | grep -E '^(bench|---|FAIL|panic|ok .*bench| +[a-z_]+\.go:[0-9]+: )' 
	$(GO) test -run '^$$' -bench . -benchmem ./crypto ./tfvars ./tfvars/module ./sync/...

demo: build ## the main job, end to end, offline
	sh testdata/demo/demo.sh $(CURDIR)/bin/hci

picture: build ## the README's picture of a terminal, from the program
	$(GO) run ./testdata/demo/picture bin/hci docs/terminal.svg

release-snapshot: ## what a release would be, in dist/, offline; needs goreleaser and cyclonedx-gomod, and docker buildx for the image
	goreleaser release --snapshot --clean --skip=publish,sign$$(docker buildx version >/dev/null 2>&1 || echo ,docker)

clean:
	rm -rf bin dist dist-files
