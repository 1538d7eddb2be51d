#!/bin/sh
# Runs C2SP's x509-limbo through the path validation of `certs`: sh tests/limbo.sh FILE
# FILE is limbo.json of https://github.com/C2SP/x509-limbo (Apache-2.0). No package has it, so it is not fetched here; CI runs the
# paths that certs/tests/certificates/shapes.rs makes. What differs from the suite, and why, is certs/tests/limbo/differences.txt.
set -eu
if [ $# -ne 1 ] || [ ! -r "$1" ]; then
    echo "usage: sh tests/limbo.sh FILE    (limbo.json of C2SP/x509-limbo)" >&2
    exit 2
fi
file=$(realpath "$1")
cd "$(dirname "$0")/.."
PARAPHE_LIMBO=$file exec cargo test --quiet --locked -p paraphe-certs --test certificates -- limbo:: --ignored --nocapture
