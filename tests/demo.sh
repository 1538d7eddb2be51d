#!/bin/sh
# Installs what is missing, builds, and runs the main job on simulated cards and real documents (`paraphe demo`).
# Arguments go to `paraphe demo`, for example: sh tests/demo.sh --output /tmp/demo
set -eu
cd "$(dirname "$0")/.."

sh tests/install.sh build
if ! command -v cargo >/dev/null 2>&1; then
    echo "demo: cargo is missing; install the Rust toolchain (https://rustup.rs), then run this again" >&2
    exit 1
fi
echo "demo: building (a few minutes the first time)"
cargo build --quiet --locked -p paraphe --features softcard
exec "${CARGO_TARGET_DIR:-target}/debug/paraphe" demo "$@"
