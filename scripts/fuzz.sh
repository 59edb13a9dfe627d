#!/usr/bin/env bash
# Runs every fuzz target for FUZZTIME (default 20s), one after the other.
# Arguments are packages, all by default.
# A find is made smaller for a second at most: the default, a minute, may use
# up all of FUZZTIME.
set -euo pipefail
cd "$(dirname "$0")/.."

for package in $(go list "${@:-./...}"); do
    for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
        echo "fuzz: $package $target"
        go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-20s}" -fuzzminimizetime 1s "$package"
    done
done
