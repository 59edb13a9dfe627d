#!/usr/bin/env bash
# Installs stripe-mock, which holds Stripe's OpenAPI document: the shapes of
# our requests are tested against it. Quiet and offline when it is there.
set -euo pipefail
cd "$(dirname "$0")/.."

version=v0.203.0
mock=.tools/bin/stripe-mock
is_mock() { [ -x "$1" ] && go version -m "$1" 2>/dev/null | grep -q "github.com/stripe/stripe-mock[[:space:]]$version"; }

is_mock "$mock" && exit
mkdir -p .tools/bin
rm -f "$mock"
there=$(command -v stripe-mock || echo "$(go env GOPATH)/bin/stripe-mock")
if is_mock "$there"; then
    ln -s "$there" "$mock"
    exit
fi
echo "need-stripe-mock: building stripe-mock $version" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
GOBIN="$PWD/.tools/bin" GOFLAGS= go install "github.com/stripe/stripe-mock@$version" >"$log" 2>&1 || {
    tail -20 "$log" >&2
    echo "need-stripe-mock: stripe-mock cannot be installed; the network is needed once" >&2
    exit 1
}
