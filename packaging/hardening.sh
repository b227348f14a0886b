# shellcheck shell=bash disable=SC2034
# What the programs of our RPM packages and the libraries in them are compiled and linked with, so
# that they are hardened and run where libstdc++ is older than here. Sourced, with $tree set.
readonly hardened_c="-O2 -g -fstack-protector-strong -fstack-clash-protection -fcf-protection \
-D_FORTIFY_SOURCE=2 -fPIE -ffile-prefix-map=${tree:?}=/usr/src/debug/meterbill"
readonly hardened_cxx="$hardened_c -include ${tree:?}/packaging/oldest_libstdcxx.h"
readonly hardened_link="-pie -Wl,-z,relro -Wl,-z,now"
