# `make` alone prints what can be done.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

# Go asks git for the version to stamp. Where git may not answer (a checkout
# of another user, say), building without a stamp beats not building.
ifneq ($(shell git status --porcelain >/dev/null 2>&1 && echo ok),ok)
export GOFLAGS := $(GOFLAGS) -buildvcs=false
endif

ARGS       ?=
PKGS       ?= ./...
ROUNDS     ?= 100
CHAOS      ?= TestPromise|TestAPhone|TestChaos
BENCH      ?= Posts|Likes|Tips|LogAppends|Page|Deliver
BENCHTIME  ?= 2s
COUNT      ?= 5
FANOUT     ?= Fanout|Idle|Storm
FUZZTIME   ?= 20s
export FUZZTIME

# The folder of PostgreSQL's binaries, if it is not one that is found anyway.
WITH_POSTGRES = bin=$$(scripts/need-postgres.sh) && { [ -z "$$bin" ] || export LIFECIRCLE_POSTGRES_BIN="$$bin"; }

.PHONY: help run build web gen test test-web test-go lint vuln bench bench-web fanout chaos fuzz screenshots tools clean

help: ## print this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: web build ## everything a fresh machine needs, then the server with a demo world (ARGS="--listen ...")
	@$(WITH_POSTGRES); exec bin/lifecircle serve --demo $(ARGS)

build: static/dist/.gitkeep ## the programs, into bin/
	@mkdir -p bin && go build -o bin/ ./cmd/...

web: ## the web client, into static/dist, when its source is newer
	@scripts/web.sh

gen: static/dist/.gitkeep ## openapi.yaml from the routes
	@go run ./internal/httpapi/openapigen openapi.yaml

test: ## install what the tests need, then run them all: web, lint, Go, browser
	@$(MAKE) tools
	@$(MAKE) test-web
	@$(MAKE) lint
	@$(MAKE) test-go
	@$(MAKE) vuln

test-web: web ## check the types of the web client and run its unit tests
	@cd static && npm run --silent check && npm run --silent test

test-go: web build ## Go tests with the race detector, end-to-end tests included (PKGS=./hub/...)
	@$(WITH_POSTGRES); go test -race -timeout 15m $(PKGS)

lint: .tools/bin/golangci-lint static/dist/.gitkeep ## golangci-lint with .golangci.yml
	@.tools/bin/golangci-lint run ./...

vuln: ## known vulnerabilities of our dependencies, where the database can be reached
	@scripts/vuln.sh

bench: build ## benchmarks with medians, see docs/benchmarks.md (BENCH=regexp BENCHTIME=2s COUNT=5)
	@$(WITH_POSTGRES); go test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -count $(COUNT) -timeout 1h ./internal/bench ./hub | tee bin/bench.txt
	@go tool benchstat bin/bench.txt
	@$(MAKE) fanout

fanout: ## a part of bench: deliveries, idle sockets and storms beside bare loops (FANOUT=regexp ARGS="-fanout.rounds 5")
	@mkdir -p bin && go test -run '^$$' -bench '$(FANOUT)' -benchtime 1x -timeout 1h ./internal/bench/fanout $(ARGS) | tee bin/fanout.txt

bench-web: tools web build ## frames and memory of the feed in a real browser (ARGS="--seconds 20 --rate 50 --minutes 0")
	@$(WITH_POSTGRES); cd static && node scripts/bench-feed.mjs --program ../bin/lifecircle $(ARGS)

chaos: web build tools ## the promises at their full figures, then kill -9 of everything ROUNDS=100 times (CHAOS=regexp picks some)
	@$(WITH_POSTGRES); go test -run '$(CHAOS)' -timeout 45m -count 1 -v ./internal/e2e -chaos.full -chaos.rounds=$(ROUNDS)

fuzz: static/dist/.gitkeep ## every fuzz target for FUZZTIME=20s
	@$(WITH_POSTGRES); scripts/fuzz.sh $(PKGS)

screenshots: tools web build ## docs/screenshots/*.png of a demo world made for them (ARGS="--only home,tip")
	@$(WITH_POSTGRES); cd static && node scripts/screenshots.mjs --program ../bin/lifecircle $(ARGS)

tools: ## install what the tests need and is missing
	@scripts/need-test-tools.sh

clean: ## remove what was built; tools and data stay
	@rm -rf bin .tools/stamps && find static/dist -mindepth 1 ! -name .gitkeep -delete

.tools/bin/golangci-lint:
	@scripts/need-test-tools.sh

static/dist/.gitkeep:
	@mkdir -p static/dist && touch $@
