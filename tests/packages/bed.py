"""A booted machine to which our signed repository was added, and what tests ask of it."""

import csv
import io
import json
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import built
import root_image
from container import Container
from counter_truth import CounterTruth
from processes import wait_until

SERVICES = ("meterbill-agent.service", "meterbill-worker.service")
_APT = ("apt-get", "-q", "-y", "-o", "Dpkg::Use-Pty=0")


class Box(Container):
    """A machine as an operator has it."""

    def offer(self, repository, key=built.DIST / "meterbill-archive-keyring.asc"):
        """As docs/fleet.md tells it: the repository, and the one key that may sign it."""
        self.copy_in(repository, "/srv/meterbill")
        self.write("/etc/apt/keyrings/meterbill.asc", pathlib.Path(key).read_text("utf-8"))
        self.write("/etc/apt/sources.list.d/meterbill.sources", f"""Types: deb
URIs: file:/srv/meterbill
Suites: {root_image.mirror()[0]}
Components: main
Signed-By: /etc/apt/keyrings/meterbill.asc
""")

    def apt(self, *arguments, **options):
        return self.run(*_APT, *arguments, timeout_s=300, DEBIAN_FRONTEND="noninteractive",
                        **options)

    def update(self, **options):
        # Without this a source that cannot be had is a mere warning.
        return self.apt("-o", "APT::Update::Error-Mode=any", "update", **options)

    def install(self, *packages):
        self.update()
        # As an operator may, before the installation: a reading each second.
        self.write("/etc/meterbill/agent.conf.d/50-test.conf", "[agent]\ninterval = 1s\n")
        return self.apt("install", *(packages or ("meterbill-worker", "meterbill-agent")))

    def show(self, unit, what):
        return self.run("systemctl", "show", "--value", "-p", what, unit).stdout.strip()

    def is_active(self, unit):
        return self.show(unit, "ActiveState") == "active"

    def is_enabled(self, unit):
        return self.run("systemctl", "is-enabled", unit, check=False).stdout.strip() == "enabled"

    def is_installed(self, package):
        state = self.run("dpkg-query", "-W", "-f", "${db:Status-Status}", package, check=False)
        return state.stdout == "installed"

    def version(self, package):
        return self.run("dpkg-query", "-W", "-f", "${Version}", package).stdout

    def ready(self, port):
        asked = self.run("curl", "-fsS", "-m", "5", f"http://127.0.0.1:{port}/readyz", check=False)
        return asked.returncode == 0

    def wait_ready(self):
        for unit, port in zip(SERVICES, (5002, 5001)):
            wait_until(lambda u=unit: self.is_active(u), 60, f"{unit} active", poll_s=0.2)
            wait_until(lambda p=port: self.ready(p), 60, f"{unit} ready", poll_s=0.2)

    def billed(self):
        """The one machine of the bill; None before there is one."""
        bill = json.loads(self.run("meterbill", "bill", "show", "--json").stdout)
        machines = bill["machines"]
        assert len(machines) <= 1, machines
        return machines[0] if machines else None

    def cpu_us(self):
        """What the machine is billed for, in the base unit of the counter; 0 before the first."""
        machine = self.billed()
        lines = (machine["lines"] + machine["unpriced"]) if machine else []
        return sum(int(line["base_quantity"]) for line in lines
                   if (line["scope"], line["meter"]) == ("machine", "cpu"))

    def usage(self):
        """Rows (scope, labels, slot, meter, base units) of all slots of the one machine."""
        text = self.run("meterbill", "usage", "--by", "slot", "--csv").stdout
        return [row[1:6] for row in list(csv.reader(io.StringIO(text)))[1:]]


class InstalledAgent:
    """The agent of a box as CounterTruth sees one."""

    def __init__(self, box, scratch):
        self._box, self.scratch = box, scratch
        self.state_dir = box.path("/var/lib/meterbill-agent")

    def _pid(self):
        return self._box.show(SERVICES[0], "MainPID")

    def running(self):
        return self._pid() != "0"

    def is_frozen(self):
        return False

    def freeze(self):
        self._kill("STOP", "T")

    def thaw(self):
        self._kill("CONT", "SR")

    def _kill(self, signal, states):
        self._box.run("systemctl", "kill", "--kill-whom=main", f"--signal={signal}", SERVICES[0])
        wait_until(lambda: self._state() in states, 10, f"agent after {signal}")

    def _state(self):
        stat = self._box.run("cat", f"/proc/{self._pid()}/stat").stdout
        return stat.rpartition(")")[2].split()[0]

    def start(self):
        self._box.run("systemctl", "start", SERVICES[0])

    def stop(self):
        self._box.run("systemctl", "stop", SERVICES[0])
        return int(self._box.show(SERVICES[0], "ExecMainStatus"))


class BoxTest(unittest.TestCase):
    """One booted machine for all tests of a class, with nothing of ours on it."""

    @classmethod
    def setUpClass(cls):
        packages = built.packages()
        cls.scratch = pathlib.Path(tempfile.mkdtemp(prefix="meterbill-packages-"))
        cls.addClassCleanup(shutil.rmtree, cls.scratch, ignore_errors=True)
        image = root_image.prepare("deb", [packages[name] for name in built.NAMES])
        cls.box = cls.enterClassContext(Box(image))
        cls.box.offer(built.DIST / "apt")

    @classmethod
    def offer_later(cls, change=lambda name, tree: None):
        """A later version stands in the repository from now on."""
        debs = built.repack(cls.scratch, built.later_version(), change)
        cls.box.offer(built.sign_repository(cls.scratch / "later", debs))
        cls.box.update()

    def fails_to(self, command, *arguments, **options):
        done = command(*arguments, check=False, **options)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return done.stdout + done.stderr


__all__ = ["SERVICES", "Box", "BoxTest", "CounterTruth", "InstalledAgent", "wait_until"]
