#!/usr/bin/env bash
# Everything there is to check, cheapest first; stops at the first part that fails, so that its report comes last.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup.sh test
tools/ui.sh
npm --prefix ui run --silent check
cargo fmt --all --check
cargo clippy --workspace --all-targets --locked -- -D warnings
cargo test --workspace --locked
.local/venv/bin/python tools/sdk.py
npm --prefix ui test --silent
# The rest is about what people run: a release, built as `make run` builds it.
cargo build --release --locked --bin lockgate --bin load
python3 tools/first_call.py
python3 bench/promise.py
