#!/usr/bin/env bash
# Builds a release and measures it beside nginx; with --litellm as the first argument, beside LiteLLM, too. Further
# arguments go to bench/run.py.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup.sh bench
if [ "${1:-}" = --litellm ]; then
  tools/setup.sh bench-peers
fi
cargo build --release --locked --bin lockgate --bin load
built="${CARGO_TARGET_DIR:-target}/release"
exec python3 bench/run.py --binary "$built/lockgate" --runner "$built/load" "$@"
