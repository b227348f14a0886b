#!/bin/sh
# What systemd's rpm packages call when units come, change and go: the commands of their helper that
# our scriptlets use.
command=$1
shift
case $command in
  install-system-units)
    systemctl --no-reload preset "$@"
    ;;
  remove-system-units)
    systemctl --no-reload disable --now "$@"
    ;;
  mark-restart-system-units)
    for unit in "$@"; do
      systemctl set-property "$unit" Markers=+needs-restart
    done
    ;;
  *)
    echo "systemd-update-helper: what is $command?" >&2
    exit 64
    ;;
esac
