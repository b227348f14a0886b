"""Child processes, ports, scratch directories and waiting, as all test support uses them.

Processes are stopped by the id they were started with, never by name; `setpriv --pdeathsig` makes
the kernel end them when the test itself is killed, so a broken run leaves nothing behind.
"""

import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time


# A machine that many share may let a disk wait for a minute: giving up is there to end what hangs,
# and says nothing about speed.
PATIENCE = 4 if os.environ.get("CI") else 1


class Timeout(AssertionError):
    """What was waited for did not happen; an assertion, so that unittest reports a failure and not
    an error."""


def wait_until(predicate, timeout_s, what="the condition", poll_s=0.02):
    """Calls `predicate` until it returns something true, and returns that. Raises Timeout naming
    `what`."""
    timeout_s *= PATIENCE
    end = time.monotonic() + timeout_s
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() >= end:
            raise Timeout(f"{what}: not within {timeout_s} s")
        time.sleep(poll_s)


_given_ports = set()


def free_port():
    """A loopback TCP port nobody uses, never the same twice: it may be listened on much later.
    Taken below the range of outgoing connections, so that nobody takes it by chance while the
    server that owns it is down for a restart."""
    for _ in range(200):
        port = random.randrange(15000, 32000)
        if port in _given_ports:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            _given_ports.add(port)
            return port
    raise RuntimeError("no free loopback port found in 200 tries")


def scratch_dir(name):
    """A new directory for one test. Keep it for looking at by setting METERBILL_KEEP=1."""
    return pathlib.Path(tempfile.mkdtemp(prefix=f"meterbill-{name}-"))


def remove_scratch(path):
    if os.environ.get("METERBILL_KEEP"):
        print(f"kept {path}")
    else:
        # Never an error: it hides what a test found out.
        shutil.rmtree(path, onerror=lambda _, at, error: print(f"not removed: {at}: {error[1]}"))


class Process:
    """A started program with its output in a file. Not for sharing between threads."""

    def __init__(self, argv, log_path, env=None, cwd=None, stdin=subprocess.DEVNULL):
        self.argv = [str(a) for a in argv]
        self.log_path = pathlib.Path(log_path)
        with open(self.log_path, "ab") as log:
            self._child = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *self.argv],
                stdin=stdin,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=cwd,
            )
        self.pid = self._child.pid

    def exit_code(self):
        """None while it runs; minus the signal's number when a signal ended it."""
        return self._child.poll()

    def running(self):
        return self.exit_code() is None

    def signal(self, number):
        if self.running():
            os.kill(self.pid, number)

    def freeze(self):
        """Returns when it does nothing any more."""
        self.signal(signal.SIGSTOP)
        wait_until(lambda: not self.running() or self.is_frozen(), 10, f"{self.argv[0]} frozen")

    def thaw(self):
        self.signal(signal.SIGCONT)

    def is_frozen(self):
        """Whether every thread stands still."""
        try:
            tasks = pathlib.Path(f"/proc/{self.pid}/task").glob("*/stat")
            stats = [task.read_text("utf-8") for task in tasks]
        except OSError:  # A thread that is just ending.
            return False
        return bool(stats) and all(stat.rpartition(")")[2].split()[0] == "T" for stat in stats)

    def kill(self):
        """SIGKILL, and wait until the kernel has cleared it away: not before what it wrote is on
        the disk."""
        self.signal(signal.SIGKILL)
        return self._child.wait(60 * PATIENCE)

    def stop(self, timeout_s=20):
        """SIGTERM; SIGKILL when that takes too long. Returns the exit code."""
        if self.running():
            self.thaw()
            self.signal(signal.SIGTERM)
            try:
                self._child.wait(timeout_s)
            except subprocess.TimeoutExpired:
                return self.kill()
        return self._child.wait(30)

    def wait(self, timeout_s):
        return self._child.wait(timeout_s)

    def log_tail(self, bytes_max=4000):
        data = self.log_path.read_bytes() if self.log_path.exists() else b""
        return data[-bytes_max:].decode("utf-8", "replace")


def running_in(folder):
    """Command lines of the programs that run in, or were started for, a folder."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
            cwd = os.readlink(process / "cwd")
        except OSError:
            continue
        if any(str(folder) in text for text in (*words, cwd)):
            found.append(" ".join(words)[:200])
    return found
