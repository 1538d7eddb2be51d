#!/bin/sh
# Runs each fuzz target of tests/fuzz for some seconds (60 unless told), one after the other. Needs cargo-fuzz (installed once) and a compiler
# that takes sanitizers, which stable does with RUSTC_BOOTSTRAP. What it learns goes to tests/fuzz/corpus, a finding to tests/fuzz/artifacts.
# usage: sh tests/fuzz.sh [seconds [target...]]
set -eu
cd "$(dirname "$0")/fuzz"
export RUSTC_BOOTSTRAP=1
seconds=${1:-60}
[ $# -eq 0 ] || shift
if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "fuzz: installing cargo-fuzz" >&2
    env -u CARGO_TARGET_DIR cargo install cargo-fuzz --version 0.13.2 --locked
fi
target_dir=${CARGO_TARGET_DIR:-target}
cargo fuzz build --fuzz-dir . --target-dir "$target_dir"
[ $# -gt 0 ] || set -- $(cargo fuzz list --fuzz-dir .)
for target; do
    mkdir -p "corpus/$target"
    echo "fuzz: $target for $seconds s"
    cargo fuzz run --fuzz-dir . --target-dir "$target_dir" "$target" "corpus/$target" "corpus-seeds/$target" -- \
        -max_total_time="$seconds" -max_len=16384 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
done
