"""strace on a running program, from the moment on which all of its threads are watched."""

import os
import pathlib
import re
import signal

import processes


class Strace:
    """Attached on construction; its log is `log_path`. `options` are strace's own."""

    def __init__(self, pid, log_path, options):
        self.log_path, self._target = pathlib.Path(log_path), pid
        argv = ["strace", "-f", "-qq", "-o", self.log_path, *options, "-p", str(pid)]
        self._strace = processes.Process(argv, f"{self.log_path}.err")
        try:
            processes.wait_until(self._attached, 20, f"strace on {pid}")
        except BaseException:
            self.detach()
            raise

    def _attached(self):
        if not self._strace.running():
            if self.is_done():
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

    def is_done(self):
        """True if it was right for strace to have ended already."""
        return False

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def finish(self):
        """After the target's end: waits for the log to be whole."""
        self._strace.wait(20)

    def detach(self):
        """Lets the target go on as if nothing had been; the log is whole then."""
        self._strace.signal(signal.SIGINT)
        self.finish()
