#!/usr/bin/env bash
# Installs versitygw, an S3 server: photos in a bucket are tested against it.
# Quiet and offline when it is there.
set -euo pipefail
cd "$(dirname "$0")/.."

version=v1.8.0
gateway=.tools/bin/versitygw
is_gateway() { [ -x "$1" ] && go version -m "$1" 2>/dev/null | grep -q "github.com/versity/versitygw[[:space:]]$version"; }

is_gateway "$gateway" && exit
mkdir -p .tools/bin
rm -f "$gateway"
there=$(command -v versitygw || echo "$(go env GOPATH)/bin/versitygw")
if is_gateway "$there"; then
    ln -s "$there" "$gateway"
    exit
fi
echo "need-versitygw: building versitygw $version (two minutes, once)" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
GOBIN="$PWD/.tools/bin" GOFLAGS= go install "github.com/versity/versitygw/cmd/versitygw@$version" >"$log" 2>&1 || {
    tail -20 "$log" >&2
    echo "need-versitygw: versitygw cannot be installed; the network is needed once" >&2
    exit 1
}
