# shellcheck shell=bash disable=SC2154  # lists of packages are assigned in ./dev
# `./dev package KIND`: sourced by ./dev, whose functions it uses.

# shellcheck source-path=SCRIPTDIR source=commit.sh
. packaging/commit.sh

# Where the package is made; its sources lie in build/deb/source, so that its products land beside.
readonly deb_build=build/deb

# One kind of package a function package_KIND.
package_kinds() { compgen -A function package_ | sed 's/^package_//' | grep -Fxv kinds; }

# The tree as it is now, without what is built in it.
copy_sources() { # FOLDER
  rm -rf -- "$1"
  mkdir -p "$1"
  git -c safe.directory='*' ls-files -z -c -o --exclude-standard |
    while IFS= read -r -d '' file; do
      [[ ! -e $file ]] || printf '%s\0' "$file"  # one deleted and not yet committed is listed
    done | tar --null --files-from=- -c | tar -x -C "$1"
}

# Compilations are found again by ccache, which stands before the compiler on PATH.
build_debs() {
  local source=$deb_build/source
  find "$deb_build" -maxdepth 1 -type f -delete 2>/dev/null || true
  copy_sources "$source"
  cp -R packaging/deb "$source/debian"
  local commit commit_time_s
  commit_of_tree
  (
    cd "$source" || exit
    # debhelper gives the build a home of its own, where an empty cache would be.
    CCACHE_DIR=$(ccache --get-config cache_dir)
    export CCACHE_DIR CCACHE_BASEDIR=$PWD PATH=/usr/lib/ccache:$PATH
    export METERBILL_COMMIT=$commit METERBILL_COMMIT_TIME_S=$commit_time_s
    nice -n 5 dpkg-buildpackage --build=binary --unsigned-changes --no-pre-clean -j"$(jobs)"
  )
}

package_deb() {
  need "${packages_build[@]}" "${packages_deb[@]}"
  build_debs
  mkdir -p dist
  rm -f -- dist/*.deb
  cp -- "$deb_build"/*.deb dist/
  packaging/apt_repository.sh dist/apt "$deb_build/keys" dist/*.deb
  say "dist: $(cd dist && echo *.deb), and the signed apt repository dist/apt"
}

package_rpm() {
  need "${packages_build[@]}" "${packages_rpm[@]}"
  METERBILL_JOBS=$(jobs) packaging/package_rpm.sh
  say "dist: $(cd dist && echo *.rpm)"
}

package_msi() {
  need "${packages_build[@]}" "${packages_msi[@]}"
  METERBILL_JOBS=$(jobs) packaging/package_msi.sh
  say "dist: $(cd dist && echo *.msi)"
}
