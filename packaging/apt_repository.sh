#!/usr/bin/env bash
# Makes a signed apt repository of .deb files: FOLDER becomes what an `URIs:` of apt points at, and
# beside it lies the public key (FOLDER/../meterbill-archive-keyring.asc), for `Signed-By:`.
#
# Signed with METERBILL_SIGNING_KEY, a key of the caller's GnuPG by id or address. Without one, with
# a key made on the spot and kept in KEYS, so that the next version is trusted where this one was.
set -euo pipefail

(($# >= 3)) || { echo "usage: apt_repository.sh FOLDER KEYS DEB…" >&2; exit 64; }
folder=$1 keys=$2
shift 2

# shellcheck source=/dev/null
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
architecture=$(dpkg --print-architecture)
key=${METERBILL_SIGNING_KEY:-}
gpg=(gpg --batch --quiet)

if [[ -z $key ]]; then
  mkdir -p "$keys"
  chmod 700 "$keys"
  gpg+=(--homedir "$keys" --pinentry-mode loopback --passphrase '')
  # The agent that gpg starts would outlive us.
  trap 'gpgconf --homedir "$keys" --kill all' EXIT
  key='MeterBill packages'
  "${gpg[@]}" --list-secret-keys "$key" >/dev/null 2>&1 ||
    "${gpg[@]}" --quick-generate-key "$key" ed25519 sign never
fi

# Made aside and put in place whole: for a moment there is none, never one that is half old.
new=$folder.new
rm -rf -- "$new"
mkdir -p "$new/pool/main" "$new/dists/$suite/main/binary-$architecture"
cp -- "$@" "$new/pool/main/"
(
  cd -- "$new"
  index=dists/$suite/main/binary-$architecture/Packages
  apt-ftparchive packages pool/main >"$index"
  gzip -9nk "$index"
  release=$(apt-ftparchive -o "APT::FTPArchive::Release::Origin=MeterBill" \
    -o "APT::FTPArchive::Release::Label=MeterBill" \
    -o "APT::FTPArchive::Release::Suite=$suite" -o "APT::FTPArchive::Release::Codename=$suite" \
    -o "APT::FTPArchive::Release::Architectures=$architecture" \
    -o "APT::FTPArchive::Release::Components=main" release "dists/$suite")
  printf '%s\n' "$release" >"dists/$suite/Release"
)
release=$new/dists/$suite/Release
"${gpg[@]}" --local-user "$key" --clearsign --output "${release%Release}InRelease" "$release"
"${gpg[@]}" --local-user "$key" --armor --detach-sign --output "$release.gpg" "$release"
"${gpg[@]}" --armor --export "$key" >"$(dirname -- "$folder")/meterbill-archive-keyring.asc"
rm -rf -- "$folder"
mv -- "$new" "$folder"
