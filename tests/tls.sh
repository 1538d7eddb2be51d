#!/bin/sh
# Scans the HTTPS port of a running agent with testssl.sh (Debian), which is installed where it is missing. What it reports, and why, is in docs/doors.md.
# usage: sh tests/tls.sh [port]
set -eu
port="${1:-47443}"
if ! command -v testssl >/dev/null 2>&1; then
    as_root=""
    [ "$(id -u)" -eq 0 ] || as_root=sudo
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends testssl.sh >/dev/null
fi
exec testssl --warnings off --color 0 --quiet -p -P -S -s -f -U -E --ip one "127.0.0.1:$port"
