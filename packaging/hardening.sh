# shellcheck shell=bash disable=SC2034
# What the programs of our RPM packages and the libraries in them are compiled and linked with, so
# that they are hardened and run where libstdc++ is older than here. Sourced, with $tree set.
readonly hardened_c="-O2 -g -fstack-protector-strong -fstack-clash-protection -fcf-protection \
-D_FORTIFY_SOURCE=2 -fPIE -ffile-prefix-map=${tree:?}=/usr/src/debug/meterbill"
readonly hardened_cxx="$hardened_c -include ${tree:?}/packaging/oldest_libstdcxx.h"
readonly hardened_link="-pie -Wl,-z,relro -Wl,-z,now"

# The same for Windows, from version 10 and Server 2016 on; what the linker of mingw-w64 does
# (addresses that change, no data that runs) it does by itself.
readonly windows_compiler=x86_64-w64-mingw32
readonly hardened_windows="-O2 -g -fstack-protector-strong -D_WIN32_WINNT=0x0A00 \
-DWINVER=0x0A00 -ffile-prefix-map=${tree:?}=meterbill"
