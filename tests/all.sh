#!/bin/sh
# Installs what is missing and runs every check and test. Each step says one line; its whole output is in a log that
# is named, and shown in part, when the step fails. The last lines are the test runner's own summary.
set -eu
cd "$(dirname "$0")/.."

target="${CARGO_TARGET_DIR:-target}"
logs="$target/test-logs"
mkdir -p "$logs"

step() { # step NAME COMMAND...
    name=$1
    shift
    started=$(date +%s)
    if ! "$@" >"$logs/$name.log" 2>&1; then
        tail -n 40 "$logs/$name.log" >&2
        echo "all: step '$name' failed; its whole output is in $logs/$name.log" >&2
        exit 1
    fi
    echo "all: $name ($(($(date +%s) - started)) s)"
}

if ! command -v cargo >/dev/null 2>&1; then
    echo "all: cargo is missing; install the Rust toolchain (https://rustup.rs), then run this again" >&2
    exit 1
fi
sh tests/install.sh tests
if ! cargo nextest --version >/dev/null 2>&1; then
    step install-nextest cargo install --locked cargo-nextest
fi
# A system pcscd has no part in the tests: every test starts a private one.

# The same for every command, so that nothing is compiled twice: simulated cards, and every store of a record server.
features=paraphe/softcard,paraphe-stores/postgres

step format cargo fmt --all --check
step clippy cargo clippy --quiet --locked --workspace --all-targets --features "$features" -- -D warnings
step doc env RUSTDOCFLAGS="-D warnings" cargo doc --quiet --locked --workspace --no-deps --features "$features"
# What users install has no simulated card in it. Built first, apart, so that the tests can look at it, and without a warning.
step build-product cargo build --quiet --locked -p paraphe
if grep -q '^warning' "$logs/build-product.log"; then
    cat "$logs/build-product.log" >&2
    echo "all: what users install is not built without a warning" >&2
    exit 1
fi
step keep-product cp "$target/debug/paraphe" "$target/debug/paraphe-product"
step build cargo build --quiet --locked --workspace --features "$features"
# A signing card that nobody here wrote, for one test. Its 180 crates have a target directory of their own and are built once.
step build-foreign-card cargo build --quiet --locked --manifest-path tests/foreign-card/Cargo.toml --target-dir "$target/foreign-card"
step test-foreign-card cargo test --quiet --locked --manifest-path tests/foreign-card/Cargo.toml --target-dir "$target/foreign-card"
step doc-tests cargo test --quiet --locked --workspace --features "$features" --doc
step benches-once cargo test --quiet --locked --workspace --features "$features" --bench '*'
exec cargo nextest run --locked --workspace --features "$features" --no-fail-fast
