#!/usr/bin/env bash
# Builds a release and measures it beside nginx; with --litellm as the first argument, beside LiteLLM, too; with --books,
# beside itself without keys and books; with --cache, beside itself without the cache; with --translation, one dialect beside
# others. Further arguments go to the script.
set -euo pipefail
cd "$(dirname "$0")/.."
script=bench/run.py
if [ "${1:-}" = --books ]; then
  script=bench/books.py
  shift
elif [ "${1:-}" = --cache ]; then
  script=bench/cache.py
  shift
elif [ "${1:-}" = --translation ]; then
  script=bench/translation.py
  shift
else
  tools/setup.sh bench
fi
if [ "${1:-}" = --litellm ]; then
  tools/setup.sh bench-peers
fi
cargo build --release --locked --bin lockgate --bin load
built="${CARGO_TARGET_DIR:-target}/release"
exec python3 "$script" --binary "$built/lockgate" --runner "$built/load" "$@"
