#!/usr/bin/env bash
# Builds the web client into static/dist when something of it is newer, and
# lays the plotting library where circleload embeds it.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/need-node.sh static

plots=cmd/circleload/report/assets
mkdir -p "$plots"
for file in uPlot.iife.min.js uPlot.min.css; do
    cmp -s "static/node_modules/uplot/dist/$file" "$plots/$file" || cp "static/node_modules/uplot/dist/$file" "$plots/$file"
done

stamp=.tools/stamps/web
sources=(static/src static/public static/scripts static/build static/index.html static/package-lock.json openapi.yaml)
for config in static/*.json static/*.js static/*.ts; do
    [ ! -e "$config" ] || sources+=("$config")
done
if [ -e "$stamp" ] && [ -e static/dist/index.html ]; then
    existing=()
    for s in "${sources[@]}"; do [ ! -e "$s" ] || existing+=("$s"); done
    # schema.d.ts is written by the build itself.
    [ -n "$(find "${existing[@]}" -newer "$stamp" ! -name schema.d.ts -print -quit)" ] || exit 0
fi
mkdir -p "$(dirname "$stamp")" static/dist
touch "$stamp.began" # what changes during the build is built next time
(cd static && npm run --silent build -- --logLevel warn)
mv "$stamp.began" "$stamp"
echo "web: built static/dist" >&2
