#!/usr/bin/env bash
# Installs what a stage (build, test, bench, bench-peers, ollama) needs and is not there yet, or says what is missing; a second
# run only compares fingerprints.
set -euo pipefail
cd "$(dirname "$0")/.."
stage="${1:-test}"
export DEBIAN_FRONTEND=noninteractive PIP_DISABLE_PIP_VERSION_CHECK=1

die() { echo "setup: $*" >&2; exit 1; }

have() { # PACKAGE[=COMMAND]: the command is on the path, or the package is installed
  command -v "${1#*=}" >/dev/null || [ "$(dpkg-query -W -f='${db:Status-Status}' "${1%%=*}" 2>/dev/null)" = installed ]
}

packages() { # STAGE
  local word missing=() from=()
  for word in $(sed -n "s/^$1 //p" tools/packages.txt); do
    have "$word" || { missing+=("${word#*=}"); from+=("${word%%=*}"); }
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
    die "missing: ${missing[*]}. Install what is missing (Debian: sudo apt-get install ${from[*]}) and try again."
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${from[@]}" >/dev/null
}

rust() { # the one thing that is not installed here: distributions' own is often too old
  local needed version where="Install it from https://rust-lang.org/tools/install and try again."
  needed="$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)"
  command -v cargo >/dev/null || die "missing: cargo, of Rust $needed or newer. $where"
  version="$(rustc --version | cut -d ' ' -f 2)"
  [ "$(printf '%s\n' "$needed" "$version" | sort -V | head -n 1)" = "$needed" ] ||
    die "Rust $version is too old: $needed or newer is needed. $where"
}

fingerprint() { # VERSION FILE...
  { echo "$1"; cat "${@:2}"; } | sha256sum
}

python_venv() { # VENV REQUIREMENTS
  local venv="$1" requirements="$2" now
  now="$(fingerprint "$(python3 --version)" "$requirements")"
  [ "$(cat "$venv/fingerprint" 2>/dev/null)" != "$now" ] || return 0
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --requirement "$requirements"
  echo "$now" >"$venv/fingerprint"
}

node_modules() { # FOLDER; no package runs anything of its own while it is installed
  local sdk="$1" version now
  version="$(node --version)"
  [ "$(printf '%s\n' v20 "$version" | sort -V | head -n 1)" = v20 ] ||
    die "Node $version is too old for the SDKs: 20 or newer is needed."
  now="$(fingerprint "$version" "$sdk/package.json" "$sdk/package-lock.json")"
  [ "$(cat "$sdk/node_modules/.fingerprint" 2>/dev/null)" != "$now" ] || return 0
  npm --prefix "$sdk" ci --silent --ignore-scripts --no-audit --no-fund
  echo "$now" >"$sdk/node_modules/.fingerprint"
}

vector_redis() { # a Redis that has vectors (8 or newer): the system's, or that of a newer Debian beside libraries of its own
  local here="$PWD/.local/redis" release=trixie archive loader libraries version
  [ ! -x "$here/redis-server" ] || return 0
  rm -rf "$here"
  mkdir -p "$here"
  version="$(redis-server --version | sed 's/.* v=\([0-9]*\).*/\1/')"
  if [ "$version" -ge 8 ]; then
    ln -s "$(command -v redis-server)" "$here/redis-server"
    return 0
  fi
  command -v apt-get >/dev/null || die "redis-server is older than 8, which some tests need. Install a newer one and try again."
  mkdir -p "$here/lists/partial" "$here/archives/partial" "$here/packages"
  archive="$(apt-get indextargets --format '$(REPO_URI)' | grep -v security | head -n 1)"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive $release main" >"$here/sources.list"
  local apt=(apt-get -qq -o "Dir::Etc::SourceList=$here/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State=$here" -o Dir::State::status=/dev/null -o "Dir::Cache=$here" -o "APT::Sandbox::User=$(id -un)")
  "${apt[@]}" update
  (cd "$here/packages" && "${apt[@]}" download redis-server redis-tools libatomic1 libc6 libcap2 libgcc-s1 libjemalloc2 \
    liblzf1 libssl3t64 libstdc++6 libsystemd0 libzstd1 zlib1g)
  for package in "$here"/packages/*.deb; do dpkg -x "$package" "$here/root"; done
  loader="$(find "$here/root/usr/lib" -name 'ld-linux*.so*' | head -n 1)"
  libraries="$(dirname "$(find "$here/root/usr/lib" -name libc.so.6 | head -n 1)")"
  printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' "$loader" "$libraries" "$here/root/usr/bin/redis-server" \
    >"$here/starter"
  chmod +x "$here/starter"
  "$here/starter" --version >/dev/null
  rm -rf "$here/packages" "$here/lists" "$here/archives" "$here"/*.bin
  mv "$here/starter" "$here/redis-server"
}

litellm() { # the incumbent, to be measured; a failure is for the benchmark to tell
  local venv=.local/venv-litellm requirements=bench/litellm.txt now
  now="$(fingerprint "$(python3 --version)" "$requirements")"
  [ "$(cat "$venv/fingerprint" 2>/dev/null)" != "$now" ] || return 0
  rm -rf "$venv"
  python3 -m venv "$venv"
  if "$venv/bin/pip" install --quiet --requirement "$requirements"; then
    echo "$now" >"$venv/fingerprint"
  else
    rm -rf "$venv"
  fi
}

real_ollama() { # a real one, if there is none: built from its Go module, which lacks three headers of others
  local venv=.local/venv-ollama here="$PWD/.local/ollama" requirements=tests/ollama/requirements.txt now
  now="$(fingerprint "$(python3 --version)" "$requirements" tests/sdk/python/requirements.txt)"
  if [ "$(cat "$venv/fingerprint" 2>/dev/null)" != "$now" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --requirement "$requirements"
    echo "$now" >"$venv/fingerprint"
  fi
  if command -v ollama >/dev/null || [ -x "$here/bin/ollama" ]; then return 0; fi
  packages ollama-build
  mkdir -p "$here/include"
  "$venv/bin/pip" download --quiet --no-deps --no-binary :all: --dest "$here" miniaudio==1.71
  tar -xzf "$here/miniaudio-1.71.tar.gz" -C "$here/include" --strip-components=1
  CGO_CPPFLAGS="-I$here/include" GOBIN="$here/bin" go install github.com/ollama/ollama@v0.17.4
}

packages build
rust
packages "$stage"
case "$stage" in
  test)
    python_venv .local/venv tests/sdk/python/requirements.txt
    python_venv .local/venv-frameworks tests/sdk/python/frameworks/requirements.txt
    node_modules tests/sdk/node
    node_modules tests/sdk/agents
    vector_redis
    ;;
  bench-peers) litellm ;;
  ollama) real_ollama ;;
esac
