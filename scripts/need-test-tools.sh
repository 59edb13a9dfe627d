#!/usr/bin/env bash
# Installs what the tests need beside Go and Node: a C compiler (race
# detector), redis-server, a browser with Chinese fonts, golangci-lint,
# stripe-mock, versitygw and the npm packages. Quiet and offline when everything is there.
set -euo pipefail
cd "$(dirname "$0")/.."

lint_version=v2.15.0
lint=.tools/bin/golangci-lint

quietly() { # command: its output is shown only if it fails
    local log status=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 || status=$?
    [ "$status" -eq 0 ] || tail -20 "$log" >&2
    rm -f "$log"
    return "$status"
}

missing=()
command -v gcc >/dev/null || missing+=(gcc libc6-dev)
command -v redis-server >/dev/null || missing+=(redis-server)
[ -n "${CHROMIUM:-}" ] || command -v chromium >/dev/null || missing+=(chromium)
[ -n "$(find /usr/share/fonts -iname '*NotoSansCJK*' -print -quit 2>/dev/null)" ] || missing+=(fonts-noto-cjk)

if [ ${#missing[@]} -gt 0 ]; then
    root=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
            echo "need-test-tools: the tests need packages that only root can install: apt-get install ${missing[*]}" >&2
            exit 1
        fi
        root=(sudo -n)
    fi
    if ! command -v apt-get >/dev/null; then
        echo "need-test-tools: this is not a Debian: install ${missing[*]} in its own way" >&2
        exit 1
    fi
    echo "need-test-tools: installing ${missing[*]}" >&2
    apt() { quietly "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q "$@"; }
    install=(install --no-install-recommends "${missing[@]}")
    apt "${install[@]}" 2>/dev/null || { apt update && apt "${install[@]}"; } || {
        echo "need-test-tools: apt-get could not install ${missing[*]}" >&2
        exit 1
    }
fi

is_lint() { [ -x "$1" ] && "$1" version 2>/dev/null | grep -q "version ${lint_version#v} "; }
if ! is_lint "$lint"; then
    mkdir -p .tools/bin
    rm -f "$lint"
    there=$(command -v golangci-lint || echo "$(go env GOPATH)/bin/golangci-lint")
    if is_lint "$there"; then
        ln -s "$there" "$lint"
    else
        echo "need-test-tools: building golangci-lint $lint_version (two minutes, once)" >&2
        quietly env GOBIN="$PWD/.tools/bin" GOFLAGS= go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$lint_version" || {
            echo "need-test-tools: golangci-lint cannot be installed; the network is needed once" >&2
            exit 1
        }
    fi
fi

scripts/need-node.sh
scripts/need-stripe-mock.sh
scripts/need-versitygw.sh
scripts/need-postgres.sh >/dev/null
# Machines without PostgreSQL take the npm package: it is tested on all others, too.
env -u LIFECIRCLE_POSTGRES_BIN POSTGRES_TREE=.tools/postgres-npm scripts/need-postgres.sh --npm >/dev/null
