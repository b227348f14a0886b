#!/usr/bin/env bash
# Builds the programs of the older version that ours must get along with, and says where they are.
# That version is a commit, for none is released yet; a clone without it (a shallow one) exits 69.
set -euo pipefail

tree=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
cd -- "$tree"
commit=$(<tests/versions/older_commit)
readonly at=$tree/build/older-$commit

git -c safe.directory='*' cat-file -e "$commit^{commit}" 2>/dev/null || {
  echo "this clone has no commit $commit: git fetch --unshallow" >&2
  exit 69
}
if [[ ! -d $at/source ]]; then
  rm -rf -- "$tree"/build/older-*
  mkdir -p "$at/source.new"
  git -c safe.directory='*' archive "$commit" | tar -x -C "$at/source.new"
  mv -- "$at/source.new" "$at/source"
fi
# Quick to compile: how fast it runs is not asked.
export CCACHE_BASEDIR=$at/source
cmake -S "$at/source" -B "$at/build" -G Ninja -DCMAKE_CXX_COMPILER=g++ \
  -DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O1 \
  -DMETERBILL_TESTS=OFF >&2
nice -n 5 cmake --build "$at/build" -j "${METERBILL_JOBS:-$(nproc)}" \
  --target meterbill meterbill-agent meterbill-worker >&2
echo "$at/build/bin"
