"""A Debian with its own systemd in a container without network: booted, entered, powered off.

Whatever ends the test ends the container: it is stopped by the id of the process that holds it,
and the kernel ends that process when the test itself is killed.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from processes import Timeout, wait_until
from root_image import FOLDER

# systemd's word for it, as a signal to init.
_POWER_OFF = signal.SIGRTMIN + 4
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Failed(AssertionError):
    """A command in the container did not do what it should."""


class Container:
    """A copy of a root file system. `with Container(root) as box:` boots it and clears it away."""

    def __init__(self, image):
        FOLDER.mkdir(parents=True, exist_ok=True)
        self._scratch = pathlib.Path(tempfile.mkdtemp(prefix="box-", dir=FOLDER))
        self.root = self._scratch / "root"
        self._holder, self.init = None, None
        try:
            # Hard links would let one container change the others' files.
            subprocess.run(["cp", "-a", "--reflink=auto", image, self.root], check=True)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        try:
            self.boot()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def boot(self):
        with open(self._scratch / "console.log", "ab") as console:
            self._holder = subprocess.Popen(
                # Init outlives a systemd-nspawn that is killed, but not the name space around both.
                ["setpriv", "--pdeathsig", "KILL", "--",
                 "unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--",
                 "systemd-nspawn", "--quiet", "--directory", self.root, "--hostname=box",
                 "--register=no", "--keep-unit", "--boot", "--console=read-only",
                 "--private-network", "--link-journal=no", "--resolv-conf=off", "--timezone=off"],
                stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT,
                start_new_session=True)  # Ctrl+C is for the test, which then powers off
        # The number that we know it by.
        self.init = wait_until(self._find_init, 30, "the container's init")
        wait_until(self._is_up, 90, "the container's systemd", poll_s=0.2)

    def _find_init(self):
        """The process that is number 1 in there; an intermediate one may stand between."""
        if self._holder.poll() is not None:
            raise Failed(f"systemd-nspawn ended:\n{self.console()}")
        below = [self._holder.pid]
        for pid in below:
            with contextlib.suppress(OSError):
                folder = pathlib.Path(f"/proc/{pid}")
                status = (folder / "status").read_text("ascii")
                numbers = status.partition("NSpid:")[2].split("\n")[0].split()
                name = (folder / "comm").read_text("ascii").strip()
                # Its number for us, in the space around systemd-nspawn, and in there.
                if len(numbers) == 3 and numbers[2] == "1" and name == "systemd":
                    return pid
                children = folder / "task" / str(pid) / "children"
                below += [int(child) for child in children.read_text("ascii").split()]
        return None

    def _is_up(self):
        state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
        if state == "degraded":
            failed = self.run("systemctl", "--failed", "--no-legend", check=False).stdout
            raise Failed(f"the container booted with failed units:\n{failed}")
        return state == "running"

    def console(self):
        return (self._scratch / "console.log").read_text("utf-8", "replace")[-4000:]

    def run(self, *command, check=True, timeout_s=120, text=None, **environment):
        """As root in there; `text` is its standard input. Fails when it does not exit 0."""
        with self.start(*command, **environment) as process:
            try:
                out, err = process.communicate(text, timeout_s)
            except BaseException:
                process.kill()
                raise
        if check and process.returncode:
            raise Failed(f"{' '.join(map(str, command))}: exit {process.returncode}\n{out}\n{err}")
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def start(self, *command, **environment):
        """The same without waiting for its end. It ends with the container."""
        variables = {"PATH": _PATH, "LC_ALL": "C.UTF-8", "HOME": "/root", **environment}
        return subprocess.Popen(
            ["nsenter", "--target", str(self.init), "--mount", "--uts", "--ipc", "--net", "--pid",
             "--", "env", "-i", *(f"{name}={value}" for name, value in variables.items()),
             *map(str, command)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def path(self, inside):
        """Where a file of the container is for us; not for links with absolute targets, nor for
        what is mounted in there (/run, /proc, /tmp)."""
        return self.root / str(inside).lstrip("/")

    def write(self, inside, text):
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def copy_in(self, outside, inside):
        """A file, or a folder in place of what stood there."""
        path = self.path(inside)
        if pathlib.Path(outside).is_dir():
            shutil.rmtree(path, ignore_errors=True)
            shutil.copytree(outside, path)
        else:
            shutil.copy(outside, path)

    def power_off(self, timeout_s=40):
        """Orderly: services stop as on a machine that is shut down."""
        if self._holder is None:
            return
        if self._holder.poll() is None:
            if self.init:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.init, _POWER_OFF)
            else:  # it came no further
                self._holder.kill()
            try:
                self._holder.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self._holder.kill()
                self._holder.wait(10)
                raise Timeout(f"the container did not power off:\n{self.console()}") from None
        self._holder = self.init = None

    def close(self):
        """Leaves nothing running and nothing on disk, however far the boot came."""
        try:
            self.power_off()
        finally:
            if self._holder and self._holder.poll() is None:
                self._holder.kill()
                self._holder.wait(10)
            for _ in range(50):  # the kernel may still be clearing its mounts away
                shutil.rmtree(self._scratch, ignore_errors=True)
                if not self._scratch.exists():
                    break
                time.sleep(0.1)
