#!/usr/bin/env bash
# Builds the admin UI into ui/dist/app, from where cargo embeds it; a second run only compares fingerprints. Without npm
# there is none: the gateway then says so under /ui.
set -euo pipefail
cd "$(dirname "$0")/../ui"
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1

if ! command -v npm >/dev/null; then
  echo "ui: npm is missing, so this build has no admin UI (Node 20 or newer brings it)" >&2
  exit 0
fi

fingerprint() { # PATH...
  { node --version; find "$@" -type f -print0 | sort -z | xargs -0 sha256sum; } | sha256sum
}

installed="$(fingerprint package.json package-lock.json)"
if [ "$(cat node_modules/.fingerprint 2>/dev/null)" != "$installed" ]; then
  npm ci --silent
  echo "$installed" >node_modules/.fingerprint
fi
built="$(fingerprint src public tools index.html vite.config.ts package-lock.json)"
if [ "$(cat dist/fingerprint 2>/dev/null)" != "$built" ]; then
  npm run --silent build
  echo "$built" >dist/fingerprint
fi
