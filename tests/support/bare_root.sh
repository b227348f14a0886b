#!/usr/bin/env bash
# Runs a command in a copy of this tree on a bare Debian 12: `debootstrap --variant=minbase` and
# nothing else, so that what ./dev forgets to install is missing.
#
#   tests/support/bare_root.sh [--reuse] [--cold] COMMAND…
#
#   --reuse  goes on in the root of the last call, with what was installed there
#   --cold   without the caches that runs share (packages, compilations, jars)
#
# Needs root and debootstrap. The roots live in METERBILL_BARE_ROOT, or in meterbill/bare-root of
# the user's cache folder; the last one stays there to be looked at. All mounts are made in a mount
# namespace of their own, and processes in a process namespace: both end with this script, however
# it ends.
set -euo pipefail

self=$(realpath -- "${BASH_SOURCE[0]}")
tree=$(dirname -- "$(dirname -- "$(dirname -- "$self")")")
cache=${METERBILL_BARE_ROOT:-${XDG_CACHE_HOME:-$HOME/.cache}/meterbill/bare-root}
readonly release=bookworm inside=/srv/meterbill

die() { # STATUS MESSAGE
  printf 'bare_root: %s\n' "$2" >&2
  exit "$1"
}

# "URI CODENAME COMPONENT" of each Debian archive that this machine itself installs from. Addresses
# are asked for, never written down: behind a mirror or a proxy, its answer is the right one.
archives() {
  # shellcheck disable=SC2016  # these are names that apt-get replaces
  apt-get indextargets --format '$(ORIGIN)|$(CREATED_BY)|$(REPO_URI) $(CODENAME) $(COMPONENT)' |
    sed -n "s/^Debian|Packages|\\(.* $release\\)/\\1/p" | sort -u
}

# How this machine reaches the network: apt's transport settings, name resolution, its own CAs. The
# hooks in its apt.conf.d name programs that a bare root does not have, so they stay behind.
copy_network() { # ROOT
  local root=$1 file
  apt-config dump | grep -E '^Acquire::(https?|Check|ForceIPv|Max|Queue)' \
    >"$root/etc/apt/apt.conf.d/10network" || true
  archives | sed 's/^/deb /' >"$root/etc/apt/sources.list"
  for file in /etc/resolv.conf /etc/hosts; do
    cp -L -- "$file" "$root$file"
  done
  mkdir -p "$root/usr/local/share/ca-certificates"
  cp -L -- /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/" \
    2>/dev/null || true
}

make_pristine() {
  local uri
  uri=$(archives | awk -v release="$release" '$2 == release { print $1; exit }')
  [[ -n $uri ]] || die 69 "apt knows no $release archive: run apt-get update"
  rm -rf -- "$cache/pristine.new"
  unshare --mount --propagation private \
    debootstrap --variant=minbase "$release" "$cache/pristine.new" "$uri"
  rm -f -- "$cache/pristine.new/var/cache/apt/archives"/*.deb
  mv -- "$cache/pristine.new" "$cache/pristine"
}

make_root() {
  rm -rf --one-file-system -- "$cache/root"
  cp -a --reflink=auto -- "$cache/pristine" "$cache/root"
  copy_network "$cache/root"
  # Nothing that is installed may start a service: the machine outside has its own.
  printf '#!/bin/sh\nexit 101\n' >"$cache/root/usr/sbin/policy-rc.d"
  chmod +x "$cache/root/usr/sbin/policy-rc.d"
}

# The tree as git sees it, uncommitted changes included; of what is there, only build results stay.
# Every file is new, so that no object made from another state of it passes for up to date.
copy_tree() {
  local target=$cache/root$inside
  mkdir -p "$target"
  find "$target" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf -- {} +
  git -C "$tree" -c safe.directory='*' ls-files -z -c -o --exclude-standard --deduplicate |
    (cd -- "$tree" && while IFS= read -r -d '' file; do
      [[ ! -e $file ]] || printf '%s\0' "$file"
    done) |
    tar -C "$tree" --null --no-recursion -T - -cf - |
    tar -C "$target" --no-same-owner --touch -xf -
}

# Second stage, inside the namespaces: mounts, then the command.
enter() { # COMMAND…
  local root=$cache/root folder name
  # What is "/" inside must be a mount, else nothing there can be mounted privately.
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
  if [[ -z ${METERBILL_BARE_COLD:-} ]]; then
    while read -r name folder; do
      mkdir -p "$cache/shared/$name" "$root$folder"
      mount --bind "$cache/shared/$name" "$root$folder"
    done <<'END'
packages /var/cache/apt/archives
ccache /srv/home/.cache/ccache
jars /srv/home/.m2
END
    mkdir -p "$root/var/cache/apt/archives/partial"
  fi
  mkdir -p "$root/srv/home"
  local -a environment=(
    HOME=/srv/home PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb)
  for name in http_proxy https_proxy no_proxy METERBILL_JOBS; do
    [[ -z ${!name:-} ]] || environment+=("$name=${!name}")
  done
  exec env -i "${environment[@]}" chroot "$root" env --chdir="$inside" "$@"
}

main() {
  local reuse=false
  while (($#)); do
    case $1 in
      --reuse) reuse=true ;;
      --cold) export METERBILL_BARE_COLD=1 ;;
      --*) die 64 "unknown option $1" ;;
      *) break ;;
    esac
    shift
  done
  (($#)) || die 64 "usage: tests/support/bare_root.sh [--reuse] [--cold] COMMAND…"
  ((EUID == 0)) || die 69 "making a root needs root: run it with sudo"
  command -v debootstrap >/dev/null || die 69 "run: apt-get install debootstrap"
  mkdir -p "$cache"
  exec 9>"$cache/lock"
  flock -n 9 || die 75 "another run uses $cache; name another folder in METERBILL_BARE_ROOT"

  [[ -d $cache/pristine ]] || make_pristine
  if ! $reuse || [[ ! -d $cache/root ]]; then
    make_root
  fi
  copy_tree
  METERBILL_BARE_STAGE=2 METERBILL_BARE_ROOT=$cache \
    unshare --mount --pid --fork --kill-child --propagation private "$self" "$@" 9>&-
}

if [[ ${METERBILL_BARE_STAGE:-} == 2 ]]; then
  enter "$@"
else
  main "$@"
fi
