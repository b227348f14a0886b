#!/usr/bin/env bash
# Fills dist/ with the RPM packages of this tree: `./dev package rpm`. They are one build for all
# distributions with a glibc that is new enough (docs/packages.md): libraries are in the programs.
set -euo pipefail

tree=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
cd -- "$tree"
# shellcheck source-path=SCRIPTDIR source=hardening.sh
. packaging/hardening.sh
# shellcheck source-path=SCRIPTDIR source=commit.sh
. packaging/commit.sh

readonly build=$tree/build/rpm
readonly stage=$build/stage
readonly components=(cli agent worker)
jobs=${METERBILL_JOBS:-$(nproc)}
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$tree}

# What is in our programs and not ours: Debian's package | its name | in which of them.
readonly bundled="
libboost1.81-dev         | boost      | cli agent worker
libfmt-dev               | fmt        | cli agent worker
libgoogle-perftools-dev  | gperftools | worker
libhowardhinnant-date-dev| date       | cli worker
librdkafka-dev           | librdkafka | cli agent worker
libsimdjson-dev          | simdjson   | cli worker
libsqlite3-dev           | sqlite     | cli agent worker
libssl-dev               | openssl    | cli agent worker
libtomlplusplus-dev      | tomlplusplus | cli worker
libzstd-dev              | zstd       | cli agent worker
zlib1g-dev               | zlib       | cli agent worker"

compile() {
  local prefix
  prefix=$(packaging/static_dependencies.sh)
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/usr \
    -DCMAKE_CXX_COMPILER=g++ -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
    -DCMAKE_CXX_FLAGS="$hardened_cxx" -DCMAKE_EXE_LINKER_FLAGS="$hardened_link" \
    -DMETERBILL_TESTS=OFF -DMETERBILL_STATIC=ON -DMETERBILL_STATIC_PREFIX="$prefix" \
    -DMETERBILL_ZSH_DIR=share/zsh/site-functions \
    -DMETERBILL_COMMIT="$commit" -DMETERBILL_COMMIT_TIME_S="$commit_time_s"
  nice -n 5 cmake --build "$build" -j "$jobs" --target programs
}

# One folder a package, as its files will lie on the machine.
lay_out() {
  local component package name where version licences=$stage/cli/usr/share/licenses/meterbill
  rm -rf -- "$stage"
  for component in "${components[@]}"; do
    DESTDIR=$stage/$component cmake --install "$build" --component "$component"
    : >"$stage/$component.bundled"
  done
  # rpmbuild does it where it is made for such distributions; Debian's does not.
  find "$stage" -path '*/usr/share/man/*' -type f -exec gzip -9n {} +
  install -D -m 644 -t "$stage/cli/usr/share/doc/meterbill" README.md
  install -D -m 644 -t "$stage/cli/usr/share/doc/meterbill/docs" docs/*.md
  install -D -m 644 -t "$stage/cli/usr/share/doc/meterbill/docs/decisions" docs/decisions/*.md
  install -D -m 644 -t "$licences" LICENSE
  while IFS='|' read -r package name where; do
    [[ -n $package ]] || continue
    read -r package name <<<"$package $name"
    install -D -m 644 "/usr/share/doc/$package/copyright" "$licences/libraries/$name"
    # shellcheck disable=SC2016  # dpkg's field
    version=$(dpkg-query -W -f '${source:Upstream-Version}' "$package")
    for component in $where; do
      # Debian's mark that it left files of the upstream archive out is no part of the version.
      echo "Provides: bundled($name) = ${version%[.+]d*s*}" >>"$stage/$component.bundled"
    done
  done <<<"$bundled"
  for component in "${components[@]}"; do
    list_files "$stage/$component" >"$stage/$component.files"
  done
}

# The %files of a package: everything in its folder, and of the folders those that are ours alone.
list_files() { # FOLDER
  find "$1" -mindepth 1 -printf '%y /%P\n' | LC_ALL=C sort -k 2 | awk '
    $1 == "d" && $2 ~ "/meterbill/(examples|docs|docs/decisions)$" { print "%dir " $2; next }
    $1 == "d" { if ($2 ~ "/etc/meterbill/.") print "%dir " $2; next }
    $2 ~ "^/etc/" { print "%config(noreplace) " $2; next }
    $2 ~ "^/usr/share/man/" { print $2 "*"; next }  # however they are compressed in the end
    $2 ~ "^/usr/share/doc/" { print "%doc " $2; next }
    $2 ~ "^/usr/share/licenses/" { print "%license " $2; next }
    { print $2 }'
}

# Packs a layout, ours or one that a test changed, as a version.
pack() { # LAYOUT VERSION FOLDER
  local at=$build/rpmbuild
  rm -rf -- "$at"
  SOURCE_DATE_EPOCH=$commit_time_s rpmbuild -bb --quiet --load=packaging/rpm/macros \
    --define "_topdir $at" --define "meterbill_stage $1" --define "meterbill_version $2" \
    packaging/rpm/meterbill.spec
  mkdir -p "$3"
  rm -f -- "$3"/*.rpm
  mv -- "$at"/RPMS/*/*.rpm "$3"
}

need_tools() {
  local tool
  for tool in rpmbuild find-debuginfo eu-strip ccache ninja; do
    command -v "$tool" >/dev/null && continue
    printf 'package_rpm: there is no %s: apt-get install %s\n' "$tool" \
      "rpm debugedit elfutils ccache ninja-build dpkg-dev" >&2
    exit 69
  done
}

main() {
  need_tools
  find_commit
  case "$#:${1:-}" in
    0:)
      compile
      lay_out
      pack "$stage" "$(version)" dist
      ;;
    4:repack) pack "$2" "$3" "$4" ;;
    *)
      echo "usage: package_rpm.sh [repack LAYOUT VERSION FOLDER]" >&2
      exit 64
      ;;
  esac
}

main "$@"
