#!/usr/bin/env bash
# Builds the static libraries that Debian has none of, or none that fits, from Debian's own sources,
# into build/static/TARGET-HASH, and prints build/static/TARGET, a link to it: a path that stays, so
# that ccache finds what did not change. When it is there, nothing is done. Versions are those of
# the -dev packages that `./dev build` uses: what was tested is what is shipped.
set -euo pipefail

tree=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source-path=SCRIPTDIR source=hardening.sh
. "$tree/packaging/hardening.sh"

# One row a library, in the order in which they need one another: name | -dev package that names
# source and version. A target builds those that `libraries_TARGET` lists; build_NAME does it.
# Linux takes OpenSSL, SQLite, zlib, zstd, Boost and tcmalloc from Debian's packages as they are,
# with its security patches. Its librdkafka.a wants Cyrus SASL; the others it has as shared
# libraries only.
readonly table="
rdkafka  | librdkafka-dev
fmt      | libfmt-dev
simdjson | libsimdjson-dev
date     | libhowardhinnant-date-dev"
# shellcheck disable=SC2034  # named by main
readonly libraries_linux="rdkafka fmt simdjson date"

readonly exit_usage=64 exit_unavailable=69

die() { # STATUS MESSAGE
  printf 'static_dependencies: %s\n' "$2" >&2
  exit "$1"
}

# --- where the sources are ----------------------------------------------------------------------

dev_package() { # NAME
  awk -F '|' -v name="$1" '{ gsub(/ /, "") } $1 == name { print $2 }' <<<"$table"
}

source_version() { # NAME: "SOURCE-PACKAGE VERSION"
  local package
  package=$(dev_package "$1")
  # shellcheck disable=SC2016  # dpkg's fields
  dpkg-query -W -f '${source:Package} ${source:Version}' "$package" 2>/dev/null ||
    die $exit_unavailable "$package is not installed; ./dev build installs it"
}

# An apt of its own: the same archives as the machine's, their sources, and nothing below /etc.
readonly apt_home=$tree/build/static/apt
private_apt() { # COMMAND…
  local command=$1
  shift
  "$command" -q -o Dir::Etc::sourcelist="$apt_home/sources.list" \
    -o Dir::Etc::sourceparts="$apt_home/parts" -o Dir::State::lists="$apt_home/lists" \
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root \
    -o Acquire::Retries=3 "$@"
}

make_private_apt() {
  mkdir -p "$apt_home/parts" "$apt_home/lists/partial"
  apt-get indextargets \
    --format "\$(CREATED_BY)|\$(ORIGIN)|\$(REPO_URI)|\$(CODENAME)|\$(COMPONENT)" |
    awk -F '|' '$1 == "Packages" && $2 == "Debian" {
      print "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]", $3, $4, $5 }' |
    sort -u >"$apt_home/sources.list"
  [[ -s $apt_home/sources.list ]] ||
    die $exit_unavailable "apt knows no Debian archive; as root run: apt-get update"
  private_apt apt-get update >&2
}

# Unpacks what the named library is made of, with Debian's patches, and prints the folder.
unpack() { # NAME
  local source version into=$work/$1
  read -r source version <<<"$(source_version "$1")"
  rm -rf -- "$into"
  mkdir -p "$into"
  (cd "$into" && private_apt apt-get source "$source=$version") >&2 ||
    die $exit_unavailable "the archive has no source of $source $version any more; upgrade \
$(dev_package "$1") and try again"
  find "$into" -mindepth 1 -maxdepth 1 -type d
}

# --- how each is built --------------------------------------------------------------------------

jobs=${METERBILL_JOBS:-$(nproc)}

with_cmake() { # SOURCE-FOLDER OPTION…
  local from=$1
  shift
  cmake -S "$from" -B "$from/build-static" -G Ninja -DCMAKE_BUILD_TYPE=None \
    -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_C_FLAGS="$hardened_c" -DCMAKE_CXX_FLAGS="$hardened_cxx" \
    -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
    -DBUILD_SHARED_LIBS=OFF "$@"
  cmake --build "$from/build-static" -j "$jobs"
  cmake --install "$from/build-static"
}

# Without Cyrus SASL there is no GSSAPI (Kerberos); PLAIN, SCRAM and OAUTHBEARER are its own, but
# its CMake rules know them together only. With a static OpenSSL it looks itself for the machine's
# certificates where the distributions have them: OpenSSL only looks where Debian does.
build_rdkafka() { # SOURCE-FOLDER
  with_cmake "$1" -DRDKAFKA_BUILD_STATIC=ON -DRDKAFKA_BUILD_EXAMPLES=OFF -DRDKAFKA_BUILD_TESTS=OFF \
    -DWITH_SSL=ON -DOPENSSL_USE_STATIC_LIBS=TRUE -DWITH_ZSTD=ON -DWITH_ZLIB=ON -DWITH_CURL=OFF \
    -DENABLE_LZ4_EXT=OFF -DWITH_SASL=OFF -DWITH_SASL_SCRAM=ON -DWITH_SASL_OAUTHBEARER=ON
}

build_fmt() { with_cmake "$1" -DFMT_DOC=OFF -DFMT_TEST=OFF; }

build_simdjson() { with_cmake "$1" -DSIMDJSON_DEVELOPER_MODE=OFF; }

# As Debian: time zones are the machine's.
build_date() {
  with_cmake "$1" -DBUILD_TZ_LIB=ON -DUSE_SYSTEM_TZ_DB=ON -DENABLE_DATE_TESTING=OFF
}

# --- all of them --------------------------------------------------------------------------------

# Another compiler, version or rule makes another folder.
folder() { # TARGET LIBRARY…
  local target=$1 name
  shift
  {
    cd "$tree/packaging"
    grep -hv "^ *\(#\|//\)" static_dependencies.sh hardening.sh oldest_libstdcxx.h
    g++ -dumpfullversion
    for name in "$@"; do source_version "$name"; echo; done
  } | sha256sum | printf '%s/build/static/%s-%s\n' "$tree" "$target" "$(head -c 12)"
}

main() {
  local target=${1:-linux} name list
  list=libraries_$target
  [[ -n ${!list:-} ]] || die $exit_usage "no target '$target'; there is: linux"
  local -a names
  read -ra names <<<"${!list}"
  local apt_is_fresh=0
  prefix=$(folder "$target" "${names[@]}")
  work=$tree/build/static/work
  mkdir -p "$prefix/built"
  # Two at once would build into one folder.
  exec 9>"$tree/build/static/lock"
  flock 9
  for name in "${names[@]}"; do
    [[ ! -e $prefix/built/$name ]] || continue
    # Its index of before may name what is no longer there.
    ((apt_is_fresh)) || { make_private_apt && apt_is_fresh=1; }
    printf 'static_dependencies: %s, into %s\n' "$(source_version "$name")" "$prefix" >&2
    local from
    from=$(unpack "$name")
    (set -e; "build_$name" "$from") >"$work/$name.log" 2>&1 ||
      { tail -40 "$work/$name.log" >&2; die 1 "$name does not build; see $work/$name.log"; }
    source_version "$name" >"$prefix/built/$name"
    rm -rf -- "${work:?}/$name"
  done
  ln -sfn -- "${prefix##*/}" "$tree/build/static/$target"
  printf '%s\n' "$tree/build/static/$target"
}

main "$@"
