# shellcheck shell=bash disable=SC2034
# What a package says it was built from. Sourced.

# Sets `commit` and `commit_time_s` (seconds since 1970), of the tree that is the current folder.
commit_of_tree() {
  read -r commit commit_time_s < <(git -c safe.directory='*' log -1 --abbrev=12 --format='%h %ct')
  [[ -z $(git -c safe.directory='*' status --porcelain) ]] || commit+=-dirty
}

# The same, but as it was given when there is no git to ask, as for CMake.
find_commit() {
  commit=${METERBILL_COMMIT:-} commit_time_s=${METERBILL_COMMIT_TIME_S:-}
  [[ -z $commit || -z $commit_time_s ]] || return 0
  commit_of_tree
}

# Of the project, three numbers.
version() { sed -n 's/^project(meterbill VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt; }
