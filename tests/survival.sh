#!/bin/sh
# Kills a batch of 200 at random points, as many batches as told (50), each three times, and fills the disk of another. The same
# seed plans the same moments. Its last lines are the figures.
# usage: sh tests/survival.sh [runs [seed]]
set -eu
cd "$(dirname "$0")/.."
export PARAPHE_SURVIVAL_RUNS="${1:-50}" PARAPHE_SURVIVAL_SEED="${2:-1}"
# As the whole suite compiles, so that nothing is compiled a second time.
features=paraphe/softcard,paraphe-stores/postgres
cargo build --quiet --locked --workspace --features "$features"
cargo test --quiet --locked --workspace --features "$features" --test scenarios -- batch_survival:: --nocapture --test-threads 1 2>&1 |
    grep -oE "survival: .*|.*panicked.*|^test result.*|^error.*" || { echo "survival: the run failed" >&2; exit 1; }
