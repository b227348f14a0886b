"""SIGKILL at a chosen system call of a running program: the way to hit the moment between the start
of a batch and its commit without a hook in the program.

strace is attached to the process and told to deliver SIGKILL when it enters the n-th write to (or
sync of) its SQLite write-ahead log. SQLite in WAL mode writes there when a transaction commits and
nowhere else, so
  - a kill on entering `pwrite64` falls inside a transaction of which not all pages are written: it
  must leave no trace;
  - a kill on entering `fdatasync` falls after the last page and before durability: nothing has been
  acknowledged yet, and
    the transaction may stand or be gone, but never in part.
Both are after the start of the batch and before its commit is known. strace's log is the proof: it
names the call that was entered and not left.
"""

import pathlib
import re

from strace import Strace

WRITE, SYNC = "pwrite64", "fdatasync"


class KillPoint(Strace):
    """The target dies by itself as soon as it comes to the call; `hit` says whether it did."""

    def __init__(self, pid, wal_paths, call, when, scratch):
        self.call = call
        options = ["-e", f"trace={WRITE},{SYNC},fsync"]
        for path in wal_paths:
            options += ["-P", path]
        options += ["-e", f"inject={call}:signal=KILL:when={when}"]
        super().__init__(
            pid, pathlib.Path(scratch) / f"strace-{pid}-{call}-{when}.log", options
        )

    def is_done(self):
        return self.hit()

    def hit(self):
        """True once the log shows the call entered and not left, the process killed there, and a
        transaction under way: for a sync, that pages were written since the one before (a
        checkpoint syncs as well, and is no batch).
        """
        text = self.log()
        calls = re.findall(
            r"^\d+ +(\w+)\([^\n]*?(\) += \?|<unfinished \.\.\.>|$)", text, re.MULTILINE
        )
        if (
            not calls
            or calls[-1][0] != self.call
            or not calls[-1][1]
            or "+++ killed by SIGKILL +++" not in text
        ):
            return False
        return self.call == WRITE or (len(calls) > 1 and calls[-2][0] == WRITE)


def wal_paths(state_dir):
    """The write-ahead logs below a program's state directory."""
    return sorted(pathlib.Path(state_dir).rglob("*-wal"))
