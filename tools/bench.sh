#!/usr/bin/env bash
# Builds a release and measures it: see tools/bench.py. Arguments are passed on.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup.sh bench
cargo build --release --locked --bin lockgate
exec python3 tools/bench.py --binary "${CARGO_TARGET_DIR:-target}/release/lockgate" "$@"
