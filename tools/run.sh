#!/usr/bin/env bash
# Builds a release and becomes the gateway. Flags are passed on; without any it listens on port 4000.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup.sh build
tools/ui.sh
cargo build --release --locked --bin lockgate
exec "${CARGO_TARGET_DIR:-target}/release/lockgate" "$@"
