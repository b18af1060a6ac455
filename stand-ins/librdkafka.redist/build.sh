#!/usr/bin/env bash
# Builds librdkafka.so from the sources that the npm package of Confluent's JavaScript client carries.
# usage: build.sh <version> <target folder>
set -euo pipefail

version=$1
target=$2
package=@confluentinc/kafka-javascript@1.10.1
package_sha256=ada7d703bb1d3237e2292bfabf438d663b6160c9f1ac2a2406b5dc4257c81b66
log=$target.log

fail() {
  echo "librdkafka could not be built: $1"
  exit 1
}

# Runs a step with its output in the log, and shows the end of that log when it fails.
step() {
  local what=$1
  shift
  echo "  $what"
  if ! "$@" >>"$log" 2>&1; then
    tail -n 15 "$log"
    fail "$what failed; the whole log is in $log"
  fi
}

# Names of the programs in "$@" that this machine lacks; g++ is not needed, the C++ binding is not built.
missing_of() {
  local program
  for program in "$@"; do
    command -v "$program" >/dev/null || printf '%s ' "$program"
  done
}

ensure_tools() {
  local missing
  missing=$(missing_of gcc make npm)
  [[ -z $missing ]] && return

  local install
  if command -v apt-get >/dev/null; then
    install="apt-get install -y --no-install-recommends ${missing/gcc/gcc libc6-dev}"
  elif command -v dnf >/dev/null; then
    install="dnf install -y $missing"
  elif command -v apk >/dev/null; then
    install="apk add ${missing/gcc/gcc musl-dev}"
  else
    fail "these programs are missing: $missing"
  fi

  if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
    fail "programs that it needs are missing. Install them with: sudo $install"
  fi
  step "apt-get update" apt-get update
  DEBIAN_FRONTEND=noninteractive step "$install" $install
}

mkdir -p "$(dirname "$target")" 2>/dev/null || fail "cannot write to $(dirname "$target")"

# One build at a time; whoever waited finds the work done.
exec 9>"$target.lock"
if ! flock --nonblock 9; then
  echo "Another build is making librdkafka $version, waiting for it"
  flock 9
fi
[[ -e $target/librdkafka.so ]] && exit 0

echo "Building librdkafka $version once, about a minute:"
: >"$log"
# Kept apart until it is complete, so that an interrupted build leaves nothing that looks finished.
work=$target.partial
rm -rf "$work"
mkdir "$work"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

ensure_tools
cd "$work"
step "fetching $package" npm pack "$package" --pack-destination .
sha256sum --check --status <<<"$package_sha256  $(echo *.tgz)" || fail "$package is not the file that was expected"
tar -xzf ./*.tgz package/deps/librdkafka
cd package/deps/librdkafka
step "configuring" env CXX=gcc ./configure --no-download --disable-gssapi --disable-curl --disable-sasl --disable-debug-symbols
step "compiling" make -C src -j"$(nproc)" librdkafka.so.1

mkdir "$work/done"
cp src/librdkafka.so.1 "$work/done/librdkafka.so"
cp LICENSES.txt "$work/done/"
rm -rf "$target"
mv "$work/done" "$target"
