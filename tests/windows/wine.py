"""A Windows without a Windows: a Wine prefix of its own, set up, used, and ended by its own server.

`with Prefix(scratch) as windows:` boots it. Wine needs no display for what has no windows.
"""

import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from processes import PATIENCE, Timeout, wait_until

# Wine offers to install these and asks in a window; menus would be made for our user.
_WITHOUT = "mscoree,mshtml=;winemenubuilder.exe=d"


class Failed(AssertionError):
    """A command in there did not do what it should."""


class Done:
    """What a command left: exit code, standard output and error, with plain ends of lines."""

    def __init__(self, code, out, err):
        self.code = code
        self.out, self.err = (text.decode("utf-8", "replace").replace("\r\n", "\n")
                              for text in (out, err))


class Prefix:
    def __init__(self, scratch):
        self._scratch = pathlib.Path(scratch)
        self.root = self._scratch / "wine"
        self._session = None
        self._logs = 0
        self._environment = {
            **{name: value for name, value in os.environ.items()
               if not name.startswith(("WINE", "METERBILL_")) and name != "DISPLAY"},
            "WINEPREFIX": str(self.root), "WINEARCH": "win64",
            "WINEDEBUG": "-all,err+eventlog,warn+eventlog",  # what services log, in events.log
            "WINEDLLOVERRIDES": _WITHOUT, "HOME": str(self._scratch), "LC_ALL": "C.UTF-8"}

    def __enter__(self):
        try:
            self.run("wineboot", "-i", timeout_s=180)
            # The one that it is by itself is Windows 7.
            self.run("winecfg", "-v", "win10")
            # The first installation must not meet what is still being set up.
            self._server("-w")
            self.boot()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def _start(self, words, **options):
        return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", "wine", *map(str, words)],
                                env=self._environment, cwd=self._scratch, **options)

    def _server(self, option, timeout_s=60):
        subprocess.run(["wineserver", option], env=self._environment, check=False,
                       timeout=timeout_s * PATIENCE)

    def boot(self):
        """Somebody logs in: what starts by itself starts. Without a session Wine ends services."""
        with open(self._scratch / "events.log", "ab") as events:
            self._session = self._start(["cmd.exe", "/q"], stdin=subprocess.PIPE,
                                        stdout=subprocess.DEVNULL, stderr=events)

    def shut_down(self):
        """The session ends, and Wine tells its services to stop."""
        if self._session:
            with contextlib.suppress(BrokenPipeError):
                self._session.communicate(b"exit\r\n", timeout=30 * PATIENCE)
            self._session = None
        self._server("-w", 120)

    def close(self):
        """Whatever still runs in this prefix ends; others are left alone."""
        self._server("-k")
        if self._session:
            self._session.stdin.close()
            self._session.wait(30)
            self._session = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._server("-w", 30)

    def run(self, program, *words, check=True, timeout_s=90, text=None):
        """A program with its output; `text` is its standard input. Fails when it does not exit 0,
        unless told not to."""
        # Files, not pipes: what it starts in the background would hold their other end.
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, \
                tempfile.TemporaryFile() as err:
            given.write((text or "").encode())
            given.seek(0)
            process = self._start([program, *words], stdin=given, stdout=out, stderr=err)
            try:
                process.wait(timeout_s * PATIENCE)
            except subprocess.TimeoutExpired as late:
                process.kill()
                process.wait()
                raise Timeout(f"{program} {' '.join(map(str, words))}: {late}") from None
            for file in (out, err):
                file.seek(0)
            done = Done(process.returncode, out.read(), err.read())
        if check and done.code:
            raise Failed(f"{program} {' '.join(map(str, words))}: exit {done.code}\n"
                         f"{done.out}{done.err}")
        return done

    def msiexec(self, *words, check=True):
        """Without a window and with a log, which is what it returns as `log`."""
        self._logs += 1
        log = self._scratch / f"msiexec-{self._logs}.log"
        done = self.run("msiexec", *words, "/qn", "/l*v", self.inside(log), check=False,
                        timeout_s=240)
        done.log = log.read_text("utf-8", "replace") if log.exists() else ""
        if check and done.code:
            raise Failed(f"msiexec {' '.join(map(str, words))}: exit {done.code}\n"
                         f"{done.log[-3000:]}")
        return done

    def path(self, inside):
        """Where a file of drive C: is for us."""
        drive, _, rest = str(inside).partition(":\\")
        assert drive.lower() == "c", inside
        return self.root.joinpath("drive_c", *rest.split("\\"))

    @staticmethod
    def inside(path):
        """What a file of ours is called in there."""
        return "Z:" + str(path).replace("/", "\\")

    def write(self, inside, text):
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\r\n")

    def service_state(self, name):
        """RUNNING, STOPPED, …; None when there is none of that name."""
        told = self.run("sc", "query", name, check=False).out
        for line in told.splitlines():
            words = line.split()
            if words[:2] == ["STATE", ":"]:
                return words[3]
        return None

    def wait_service(self, name, state, timeout_s=60):
        wait_until(lambda: self.service_state(name) == state, timeout_s, f"{name} {state}",
                   poll_s=0.3)

    def registry(self, key):
        """{name: (type, value)} of a key; None when there is none."""
        told = self.run("reg", "query", key, check=False)
        if told.code:
            return None
        fields = (line.strip().split("    ") for line in told.out.splitlines()
                  if line.startswith("    "))
        return {field[0]: (field[1], field[2] if len(field) > 2 else "") for field in fields}


__all__ = ["Done", "Failed", "Prefix", "Timeout", "wait_until"]
