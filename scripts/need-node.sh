#!/usr/bin/env bash
# Installs the npm packages of each folder that has a package-lock.json, when
# the lock is not the one that was installed last. Folders may be given.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -eq 0 ]; then
    mapfile -t locks < <(find . -path '*/node_modules' -prune -o -path './.*' -prune -o -name package-lock.json -print | sort)
    set -- "${locks[@]%/package-lock.json}"
fi
for dir in "$@"; do
    installed="$dir/node_modules/.installed-lock.json"
    cmp -s "$dir/package-lock.json" "$installed" && continue
    echo "need-node: npm ci in ${dir#./}" >&2
    (cd "$dir" && npm ci --no-audit --no-fund --loglevel=error) || {
        echo "need-node: npm could not install the packages of ${dir#./}; the network is needed once" >&2
        exit 1
    }
    cp "$dir/package-lock.json" "$installed"
done
