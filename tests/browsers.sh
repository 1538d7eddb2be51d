#!/bin/sh
# Real Chromium and Firefox ESR, as Debian ships them, at the example page of a record web site (tests/web-site), with the agent's own
# policies: pair, read the cards, create a record, log in, sign a lot. Each in namespaces of its own, with a network that has this machine
# in it and nothing else, and an /etc that is thrown away.
#   sh tests/browsers.sh [chromium|firefox...]
# Screenshots and logs: target/browsers. The programs must be built and the packages installed: sh tests/all.sh does both.
set -eu
cd "$(dirname "$0")/.."

pictures="${CARGO_TARGET_DIR:-target}/browsers"
mkdir -p "$pictures"
[ $# -gt 0 ] || set -- chromium firefox

# Where root is not there, a user namespace makes its user root inside.
as_root=""
[ "$(id -u)" -eq 0 ] || as_root=--map-root-user

for browser in "$@"; do
    # shellcheck disable=SC2086  # nothing, or one word
    unshare --mount --net $as_root python3 tests/door/browsers.py "$pictures" "$browser"
done
