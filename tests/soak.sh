#!/bin/sh
# Random faults across random operations on simulated cards: two faults an operation, as many operations in this process as
# told (1000) and a quarter as many through a private pcscd. The same seed plans the same faults. Its last lines are the figures.
# usage: sh tests/soak.sh [operations [seed]]
set -eu
cd "$(dirname "$0")/.."
export PARAPHE_SOAK_OPERATIONS="${1:-1000}" PARAPHE_SOAK_SEED="${2:-1}"
cargo build --quiet --locked -p paraphe-reader-driver
cargo test --quiet --locked -p paraphe --features softcard --test soak -- --nocapture --test-threads 1 2>&1 |
    grep -oE "soak: .*|.*panicked.*|^[a-z/]* took .*|^test result.*|^error.*" || { echo "soak: the run failed" >&2; exit 1; }
