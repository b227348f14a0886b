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

import os
import pathlib
import re
import signal

import processes

WRITE, SYNC = "pwrite64", "fdatasync"


class KillPoint:
    """Attached on construction. The target dies by itself as soon as it comes to the call; `hit`
    says whether it did."""

    def __init__(self, pid, wal_paths, call, when, scratch):
        self.call, self._target = call, pid
        self.log_path = pathlib.Path(scratch) / f"strace-{pid}-{call}-{when}.log"
        argv = ["strace", "-f", "-qq", "-o", self.log_path, "-e", f"trace={WRITE},{SYNC},fsync"]
        for path in wal_paths:
            argv += ["-P", path]
        argv += ["-e", f"inject={call}:signal=KILL:when={when}", "-p", str(pid)]
        self._strace = processes.Process(argv, f"{self.log_path}.err")
        try:
            processes.wait_until(self._attached, 20, f"strace on {pid}")
        except BaseException:
            self.detach()
            raise

    def _attached(self):
        if not self._strace.running():
            if self.hit():
                return True
            raise RuntimeError(f"strace ended: {self._strace.log_tail()}")
        try:
            tasks = os.listdir(f"/proc/{self._target}/task")
            tracers = [
                re.search(
                    r"TracerPid:\s*(\d+)",
                    pathlib.Path(f"/proc/{self._target}/task/{t}/status").read_text(),
                )[1]
                for t in tasks
            ]
        except FileNotFoundError:
            return True
        return all(tracer != "0" for tracer in tracers)

    def hit(self):
        """True once the log shows the call entered and not left, the process killed there, and a
        transaction under way: for a sync, that pages were written since the one before (a
        checkpoint syncs as well, and is no batch).
        """
        text = self.log_path.read_text(errors="replace") if self.log_path.exists() else ""
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

    def finish(self):
        """After the target's end: waits for the log to be whole."""
        self._strace.wait(20)

    def detach(self):
        """Lets the target go on as if nothing had been; needed only when it never came to the
        call."""
        self._strace.signal(signal.SIGINT)
        self.finish()


def wal_paths(state_dir):
    """The write-ahead logs below a program's state directory."""
    return sorted(pathlib.Path(state_dir).rglob("*-wal"))
