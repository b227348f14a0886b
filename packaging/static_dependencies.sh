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
# libraries only. Windows has nothing: mingw-w64 makes all of them.
readonly table="
zlib     | zlib1g-dev
zstd     | libzstd-dev
openssl  | libssl-dev
sqlite   | libsqlite3-dev
boost    | libboost1.81-dev
rdkafka  | librdkafka-dev
fmt      | libfmt-dev
simdjson | libsimdjson-dev
date     | libhowardhinnant-date-dev
gtest    | libgtest-dev
tzdata   | tzdata"
# shellcheck disable=SC2034  # named by main
readonly libraries_linux="rdkafka fmt simdjson date"
# shellcheck disable=SC2034
readonly libraries_windows="zlib zstd openssl sqlite boost rdkafka fmt simdjson date gtest tzdata"

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

# The archive of security updates comes last: it no longer has all that its index names, and of two
# archives with the same version apt asks the first.
make_private_apt() {
  mkdir -p "$apt_home/parts" "$apt_home/lists/partial"
  apt-get indextargets \
    --format "\$(CREATED_BY)|\$(ORIGIN)|\$(REPO_URI)|\$(CODENAME)|\$(COMPONENT)" |
    awk -F '|' '$1 == "Packages" && $2 == "Debian" {
      print "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]", $3, $4, $5 }' |
    sort -ru >"$apt_home/sources.list"
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
  [[ $1 != tzdata ]] || { printf '%s\n' "$into"; return; }  # made of what is installed
  if [[ " $without_patches " == *" $1 "* ]]; then
    (cd "$into" && private_apt apt-get source --tar-only "$source=$version" &&
      tar -xf ./*.orig.tar.?z) >&2
  else
    (cd "$into" && private_apt apt-get source "$source=$version") >&2
  fi || die $exit_unavailable "the archive has no source of $source $version any more; upgrade \
$(dev_package "$1") and try again"
  find "$into" -mindepth 1 -maxdepth 1 -type d
}

# --- how each is built --------------------------------------------------------------------------

jobs=${METERBILL_JOBS:-$(nproc)}

# A target is a compiler with its flags; headers of this machine's packages that are for any
# compiler are found through links.
target_linux() {
  cc=gcc cxx=g++
  c_flags=$hardened_c cxx_flags=$hardened_cxx
  target_options=()
  without_patches=
  machine_headers=()
}

# Debian's patches of OpenSSL are for Debian itself; the archive of security updates at times lacks
# them when it already has the program.
target_windows() {
  cc=$windows_compiler-gcc-posix cxx=$windows_compiler-g++-posix
  c_flags=$hardened_windows cxx_flags=$hardened_windows
  target_options=(-DCMAKE_TOOLCHAIN_FILE="$tree/cmake/mingw.cmake")
  without_patches=openssl
  machine_headers=(/usr/include/boost /usr/include/toml++)
}

with_cmake() { # SOURCE-FOLDER OPTION…
  local from=$1
  shift
  cmake -S "$from" -B "$from/build-static" -G Ninja -DCMAKE_BUILD_TYPE=None \
    "${target_options[@]}" \
    -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_C_FLAGS="$c_flags" -DCMAKE_CXX_FLAGS="$cxx_flags" \
    -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
    -DBUILD_SHARED_LIBS=OFF "$@"
  cmake --build "$from/build-static" -j "$jobs"
  cmake --install "$from/build-static"
}

# Not its CMake rules: they want a file for Windows that Debian's source leaves out.
build_zlib() ( # SOURCE-FOLDER
  cd -- "$1"
  CHOST=$windows_compiler CC="ccache $cc" AR=$windows_compiler-ar RANLIB=$windows_compiler-ranlib \
    CFLAGS=$c_flags ./configure --static --prefix="$prefix"
  make -j "$jobs" libz.a
  cp -- libz.a "$prefix/lib/"
  cp -- zlib.h zconf.h "$prefix/include/"
)

build_zstd() { # SOURCE-FOLDER
  with_cmake "$1/build/cmake" -DZSTD_BUILD_PROGRAMS=OFF -DZSTD_BUILD_SHARED=OFF \
    -DZSTD_BUILD_TESTS=OFF
}

# For Windows only. Its certificates are Windows' own (docs/windows.md); a configuration file that
# anyone could put on drive C: is never read.
build_openssl() ( # SOURCE-FOLDER
  cd -- "$1"
  ./Configure mingw64 --prefix="$prefix" --libdir=lib \
    --openssldir='C:/Windows/System32/no-openssl' \
    no-shared no-tests no-dynamic-engine no-capieng no-padlockeng no-module no-legacy \
    no-autoload-config \
    --cross-compile-prefix= CC="ccache $cc" RC="$windows_compiler-windres" \
    AR="$windows_compiler-ar" RANLIB="$windows_compiler-ranlib" CFLAGS="$c_flags"
  make -j "$jobs" build_libs
  make install_dev
)

# The amalgamation, made by SQLite's own rules, with the options of Debian's that we use.
build_sqlite() ( # SOURCE-FOLDER
  mkdir -p -- "$1/amalgamation"
  cd -- "$1/amalgamation"
  ../configure --disable-tcl --disable-readline
  make sqlite3.c
  # shellcheck disable=SC2086
  ccache "$cc" $c_flags -DSQLITE_THREADSAFE=1 -DSQLITE_ENABLE_DBSTAT_VTAB -DSQLITE_DQS=0 \
    -c sqlite3.c -o sqlite3.o
  "$windows_compiler-ar" rcs "$prefix/lib/libsqlite3.a" sqlite3.o
  cp -- sqlite3.h "$prefix/include/"
)

# What of it is more than headers.
build_boost() ( # SOURCE-FOLDER
  cd -- "$1"
  local library unit
  for library in program_options container url json; do
    local -a objects=()
    while IFS= read -r unit; do
      # shellcheck disable=SC2086
      ccache "$cxx" -std=c++20 $cxx_flags -DBOOST_ALL_NO_LIB -DBOOST_URL_SOURCE \
        -DBOOST_JSON_SOURCE \
        -I"$prefix/include" -Ilibs/"$library"/src -c "$unit" -o "${unit%.cpp}.o"
      objects+=("${unit%.cpp}.o")
    done < <(find "libs/$library/src" -name '*.cpp' | sort)
    "$windows_compiler-ar" rcs "$prefix/lib/libboost_$library.a" "${objects[@]}"
  done
)

# Without Cyrus SASL there is no GSSAPI (Kerberos); PLAIN, SCRAM and OAUTHBEARER are its own, but
# its CMake rules know them together only. With a static OpenSSL it looks itself for the machine's
# certificates where the distributions have them: OpenSSL only looks where Debian does.
build_rdkafka() { # SOURCE-FOLDER
  with_cmake "$1" -DRDKAFKA_BUILD_STATIC=ON -DRDKAFKA_BUILD_EXAMPLES=OFF -DRDKAFKA_BUILD_TESTS=OFF \
    -DWITHOUT_WIN32_CONFIG=ON \
    -DWITH_SSL=ON -DOPENSSL_USE_STATIC_LIBS=TRUE -DWITH_ZSTD=ON -DWITH_ZLIB=ON -DWITH_CURL=OFF \
    -DENABLE_LZ4_EXT=OFF -DWITH_SASL=OFF -DWITH_SASL_SCRAM=ON -DWITH_SASL_OAUTHBEARER=ON
}

build_fmt() { with_cmake "$1" -DFMT_DOC=OFF -DFMT_TEST=OFF; }

build_simdjson() { with_cmake "$1" -DSIMDJSON_DEVELOPER_MODE=OFF; }

# As Debian: time zones are the machine's. Windows has none that it reads: they come with us.
build_date() {
  with_cmake "$1" -DBUILD_TZ_LIB=ON -DENABLE_DATE_TESTING=OFF \
    -DUSE_SYSTEM_TZ_DB="$([[ $cc == gcc ]] && echo ON || echo OFF)" -DMANUAL_TZ_DB=ON
}

build_gtest() { with_cmake "$1"; }

# What Windows has neither of: the time zones as text, made of this machine's, and Unicode's table
# of Windows' names for them, without which the date library reads nothing.
build_tzdata() ( # SOURCE-FOLDER
  mkdir -p -- "$prefix/share/tzdata"
  cd -- "$1"
  "$tree/packaging/tzdata_text.py" "$prefix/share/tzdata"
  apt-get -q -o APT::Sandbox::User=root download unicode-cldr-core
  dpkg-deb --fsys-tarfile unicode-cldr-core_*.deb |
    tar -xO ./usr/share/unicode/cldr/common/supplemental/windowsZones.xml \
      >"$prefix/share/tzdata/windowsZones.xml"
)

# --- all of them --------------------------------------------------------------------------------

# Another compiler, version or rule makes another folder.
folder() { # TARGET LIBRARY…
  local target=$1 name
  shift
  {
    cd "$tree/packaging"
    grep -hv "^ *\(#\|//\)" static_dependencies.sh tzdata_text.py hardening.sh \
      oldest_libstdcxx.h ../cmake/mingw.cmake
    "$cxx" -dumpfullversion
    for name in "$@"; do source_version "$name"; echo; done
  } | sha256sum | printf '%s/build/static/%s-%s\n' "$tree" "$target" "$(head -c 12)"
}

main() {
  local target=${1:-linux} name list
  list=libraries_$target
  [[ -n ${!list:-} ]] || die $exit_usage "no target '$target'; there are: linux windows"
  "target_$target"
  local -a names
  read -ra names <<<"${!list}"
  local apt_is_fresh=0
  prefix=$(folder "$target" "${names[@]}")
  work=$tree/build/static/work
  mkdir -p "$prefix"/{built,include,lib}
  # Two at once would build into one folder.
  exec 9>"$tree/build/static/lock"
  flock 9
  ((${#machine_headers[@]} == 0)) || ln -sfn -t "$prefix/include" -- "${machine_headers[@]}"
  for name in "${names[@]}"; do
    [[ ! -e $prefix/built/$name ]] || continue
    # Its index of before may name what is no longer there.
    ((apt_is_fresh)) || { make_private_apt && apt_is_fresh=1; }
    printf 'static_dependencies: %s, into %s\n' "$(source_version "$name")" "$prefix" >&2
    local from
    from=$(unpack "$name")
    # Not in a condition, where bash ignores errexit all the way down.
    local code
    set +e
    (set -e; "build_$name" "$from") >"$work/$name.log" 2>&1
    code=$?
    set -e
    ((code == 0)) ||
      { tail -40 "$work/$name.log" >&2; die 1 "$name does not build; see $work/$name.log"; }
    source_version "$name" >"$prefix/built/$name"
    rm -rf -- "${work:?}/$name"
  done
  ln -sfn -- "${prefix##*/}" "$tree/build/static/$target"
  printf '%s\n' "$tree/build/static/$target"
}

main "$@"
