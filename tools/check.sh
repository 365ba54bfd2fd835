#!/usr/bin/env bash
# Format, lints and unit tests: what to run before every commit.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup.sh build
cargo fmt --all --check
cargo clippy --workspace --all-targets --locked -- -D warnings
cargo test --workspace --lib --bins --locked "$@"
