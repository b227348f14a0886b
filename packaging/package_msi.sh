#!/usr/bin/env bash
# Fills dist/ with the packages for Windows, one for each service: `./dev package msi`. All is made
# on Debian, by mingw-w64 and wixl; docs/windows.md.
set -euo pipefail

tree=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
cd -- "$tree"
# shellcheck source-path=SCRIPTDIR source=commit.sh
. packaging/commit.sh

readonly built=$tree/build/windows/bin
readonly build=$tree/build/msi
readonly stage=$build/stage
readonly products=(agent worker)
readonly binutils=x86_64-w64-mingw32
jobs=${METERBILL_JOBS:-$(nproc)}
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$tree}

# What is in our programs and not ours: Debian's package with its licence | its name.
readonly bundled="
gcc-mingw-w64-base       | gcc-runtime
libboost1.81-dev         | boost
libfmt-dev               | fmt
libhowardhinnant-date-dev| date
librdkafka-dev           | librdkafka
libsimdjson-dev          | simdjson
libsqlite3-dev           | sqlite
libssl-dev               | openssl
libtomlplusplus-dev      | tomlplusplus
libzstd-dev              | zstd
mingw-w64-common         | mingw-w64
tzdata                   | tzdata
zlib1g-dev               | zlib"

compile() {
  packaging/static_dependencies.sh windows >/dev/null  # prints where they are
  cmake --preset windows -DMETERBILL_TESTS=OFF \
    -DMETERBILL_COMMIT="$commit" -DMETERBILL_COMMIT_TIME_S="$commit_time_s"
  nice -n 5 cmake --build --preset windows -j "$jobs" --target programs
}

# What helps a debugger goes into a file beside; the program names it.
strip_programs() {
  local program name
  rm -rf -- "${build:?}/bin" "$build/debug"
  mkdir -p "$build/bin" "$build/debug"
  for program in "$built"/meterbill{,-agent,-worker}.exe; do
    name=${program##*/}
    "$binutils-objcopy" --only-keep-debug "$program" "$build/debug/$name.debug"
    "$binutils-strip" -o "$build/bin/$name" "$program"
    "$binutils-objcopy" --add-gnu-debuglink="$build/debug/$name.debug" "$build/bin/$name"
  done
  # Once, before they go into both packages: two signatures of a program are two programs.
  packaging/msi/sign.sh "$build"/bin/*.exe
}

# One folder a product, as its files will lie below Program Files\MeterBill.
lay_out() {
  local product at package name
  rm -rf -- "$stage"
  for product in "${products[@]}"; do
    at=$stage/$product
    install -D -m 644 -t "$at/bin" "$build/bin/meterbill-$product.exe" "$build/bin/meterbill.exe"
    install -D -m 644 -t "$at/bin/tzdata" "$built"/tzdata/*
    install -D -m 644 LICENSE "$at/LICENSE.txt"
    install -D -m 644 -t "$at/docs" README.md docs/*.md
    install -D -m 644 windows-service/README.md "$at/docs/windows-service.md"
    install -D -m 644 -t "$at/docs/decisions" docs/decisions/*.md
    install -D -m 644 "windows-service/$product.conf" "$at/etc/$product.conf.default"
    while IFS='|' read -r package name; do
      [[ -n $package ]] || continue
      read -r package name <<<"$package $name"
      install -D -m 644 "/usr/share/doc/$package/copyright" "$at/licenses/$name.txt"
    done <<<"$bundled"
  done
  install -m 644 etc/prices.toml "$stage/worker/etc/prices.toml.default"
}

# Packs a layout, ours or one that a test changed, as a version.
pack() { # LAYOUT VERSION FOLDER
  local product package wxs into
  mkdir -p "$3"
  into=$(cd -- "$3" && pwd)
  rm -f -- "$into"/*.msi
  for product in "${products[@]}"; do
    package=$into/meterbill-$product-$2-x64.msi wxs=$build/$product.wxs
    packaging/msi/fill.py "$product" "$1/$product" "$2" >"$wxs"
    # It looks for files from where it is. What it leaves out it says on standard error, and exits
    # 0.
    if ! (cd -- "$1/$product" && wixl -a x64 -o "$package" "$wxs") 2>"$build/wixl.log" ||
      [[ -s $build/wixl.log ]]; then
      cat -- "$build/wixl.log" >&2
      exit 1
    fi
    packaging/msi/finish.py "$product" "$1/$product" "$package"
    packaging/msi/lint.py "$package"
    packaging/msi/sign.sh "$package"
  done
}

need_tools() {
  local tool
  for tool in wixl msiinfo msibuild osslsigncode "$binutils-g++-posix" "$binutils-windmc" ccache \
    ninja python3; do
    command -v "$tool" >/dev/null && continue
    printf 'package_msi: there is no %s; ./dev package msi installs it\n' "$tool" >&2
    exit 69
  done
}

main() {
  need_tools
  case "$#:${1:-}" in
    0:)
      find_commit
      compile
      strip_programs
      lay_out
      pack "$stage" "$(version)" dist
      rm -rf -- dist/windows-debug
      cp -R -- "$build/debug" dist/windows-debug
      ;;
    4:repack) pack "$2" "$3" "$4" ;;
    *)
      echo "usage: package_msi.sh [repack LAYOUT VERSION FOLDER]" >&2
      exit 64
      ;;
  esac
}

main "$@"
