#!/bin/sh
# Two hundred pages of two sites at one simulated card, as slow as a real one, through the agent's HTTPS door, as long as told (300 s). Its last
# lines are the figures: turns, memory, and the agent's own share of a request as a histogram.
# usage: sh tests/load.sh [seconds]
set -eu
cd "$(dirname "$0")/.."
export PARAPHE_LOAD_SECONDS="${1:-300}" PARAPHE_LOAD_CARD_MS="${PARAPHE_LOAD_CARD_MS:-10}" PARAPHE_LOAD_STRICT=1
# The agent's own share is measured as users have it: in a release build.
cargo test --quiet --locked --release -p paraphe --features softcard --test program -- load:: --nocapture --test-threads 1 2>&1 |
    grep -oE "load: .*|.*panicked.*|^test result.*|^error.*" || { echo "load: the run failed" >&2; exit 1; }
