#!/usr/bin/env bash
# Signs programs and packages for Windows in place, and looks whether the signature holds:
#   sign.sh FILE…
# METERBILL_SIGN_PKCS12         certificate and key; without it nothing is signed
# METERBILL_SIGN_PASSWORD_FILE  its password, in a file: on a command line all users would see it
# METERBILL_SIGN_TIMESTAMP_URL  who confirms when it was (RFC 3161): with it, a signature holds
#                               longer than its certificate
# METERBILL_SIGN_CA_FILE        who vouches for the certificate; else those whom this machine trusts
set -euo pipefail

readonly exit_usage=64 exit_no_input=66

die() { # STATUS MESSAGE
  printf 'sign: %s\n' "$2" >&2
  exit "$1"
}

sign() { # FILE
  local -a how=(-pkcs12 "$METERBILL_SIGN_PKCS12" -readpass "$METERBILL_SIGN_PASSWORD_FILE"
    -h sha256 -n "MeterBill")
  [[ -z ${METERBILL_SIGN_TIMESTAMP_URL:-} ]] || how+=(-ts "$METERBILL_SIGN_TIMESTAMP_URL")
  rm -f -- "$1.signed"
  osslsigncode sign "${how[@]}" -in "$1" -out "$1.signed" >"$1.log" 2>&1 ||
    { cat -- "$1.log" >&2; die 1 "$1 was not signed"; }
  mv -- "$1.signed" "$1"
}

verify() { # FILE
  osslsigncode verify "${trusted[@]}" -in "$1" >"$1.log" 2>&1 ||
    { cat -- "$1.log" >&2; die 1 "the signature of $1 does not hold"; }
  rm -- "$1.log"
}

main() {
  (($#)) || die $exit_usage "usage: sign.sh FILE…"
  [[ -n ${METERBILL_SIGN_PKCS12:-} ]] || return 0
  local file
  local -a trusted=()
  for file in "$METERBILL_SIGN_PKCS12" "${METERBILL_SIGN_PASSWORD_FILE:-}" "$@"; do
    [[ -r $file ]] ||
      die $exit_no_input "cannot read '$file' (METERBILL_SIGN_PASSWORD_FILE names a file, too)"
  done
  [[ -z ${METERBILL_SIGN_CA_FILE:-} ]] ||
    trusted=(-CAfile "$METERBILL_SIGN_CA_FILE" -TSA-CAfile "$METERBILL_SIGN_CA_FILE")
  for file in "$@"; do
    sign "$file"
    verify "$file"
  done
}

main "$@"
