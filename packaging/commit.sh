# shellcheck shell=bash disable=SC2034
# What a package says it was built from. Sourced.

# Sets `commit` and `commit_time_s` (seconds since 1970), of the tree that is the current folder.
commit_of_tree() {
  read -r commit commit_time_s < <(git -c safe.directory='*' log -1 --abbrev=12 --format='%h %ct')
  [[ -z $(git -c safe.directory='*' status --porcelain) ]] || commit+=-dirty
}
