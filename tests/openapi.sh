#!/bin/sh
# schemathesis (PyPI) against a running agent, by the agent's own OpenAPI document, which the types of protocol/js must agree with too.
#   sh tests/openapi.sh [EXAMPLES]   random requests for each operation, beside those at the bounds of its document: 200 unless given; CI takes none
# The programs must be built and the packages installed: sh tests/all.sh does both.
set -eu
cd "$(dirname "$0")/.."

# The client's types are made from the same document.
python3 protocol/js/make-types.py --check

# Where root is not there, a user namespace makes its user root inside.
as_root=""
[ "$(id -u)" -eq 0 ] || as_root=--map-root-user
# shellcheck disable=SC2086  # nothing, or one word
exec unshare --mount --net $as_root python3 tests/door/openapi.py \
    "$(realpath "${CARGO_TARGET_DIR:-target}")/judges/bin/schemathesis" "${1:-200}"
