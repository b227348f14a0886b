"""A Windows machine with our packages, and what tests ask of it."""

import contextlib
import csv
import http.client
import io
import json
import pathlib
import socket
import subprocess
import urllib.error
import urllib.request

import msi_files
import wine
from msi_files import NAMES, SERVICES
from wine import wait_until

import recount

PROGRAMS = "C:\\Program Files\\MeterBill"
DATA = "C:\\ProgramData\\MeterBill"
EVENT_SOURCES = r"HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application"
PORTS = {"agent": 5002, "worker": 5001}
SERVER = f"http://127.0.0.1:{PORTS['worker']}"
_REMOVABLE = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"


class Machine(wine.Prefix):
    def __init__(self, scratch):
        super().__init__(scratch)
        self._param_change = pathlib.Path(scratch) / "param_change.exe"
        subprocess.run(["x86_64-w64-mingw32-gcc-posix", "-Wall", "-Wextra", "-Werror", "-o",
                        self._param_change, pathlib.Path(__file__).with_name("param_change.c")],
                       check=True)

    def configure(self, name, text):
        """As an operator or a policy would, in a file of its own."""
        self.write(f"{DATA}\\{name}.conf.d\\50-test.conf", text)

    def install(self, packages, **options):
        for package in packages.values():
            done = self.msiexec("/i", self.inside(package), **options)
        return done

    def meterbill(self, *words, **options):
        return self.run(f"{PROGRAMS}\\bin\\meterbill.exe", *words, **options)

    def param_change(self, name):
        return self.run(self.inside(self._param_change), SERVICES[name], check=False).code == 0

    def kill(self, name):
        """As a crash. Wine's service manager notices nothing, and starts it again when told so."""
        self.run("taskkill", "/f", "/im", f"meterbill-{name}.exe")
        wait_until(lambda: not self.answers(name), 30, f"the end of {name}")

    def net(self, verb, name):
        self.run("net", verb, SERVICES[name])
        self.wait_service(SERVICES[name], {"start": "RUNNING", "stop": "STOPPED"}[verb])

    @staticmethod
    def answers(name):
        with contextlib.suppress(OSError), \
                socket.create_connection(("127.0.0.1", PORTS[name]), 5):
            return True
        return False

    @staticmethod
    def get(name, path):
        """Parsed; None when nobody answers, or with another status than 200."""
        with contextlib.suppress(OSError, urllib.error.URLError, http.client.HTTPException):
            with urllib.request.urlopen(f"http://127.0.0.1:{PORTS[name]}{path}", timeout=5) as told:
                # Money stays the text that it is.
                return json.loads(told.read(), parse_float=str, parse_int=str)
        return None

    def wait_ready(self):
        for name in NAMES:
            self.wait_service(SERVICES[name], "RUNNING")
            wait_until(lambda n=name: self.get(n, "/readyz"), 60, f"{name} ready", poll_s=0.3)

    def cost(self, machine):
        answer = self.get("worker", f"/api/cost/{machine}")
        return answer and answer["total_cost"]

    def coverage(self, machine):
        (billed,) = [row for row in self.get("worker", "/api/v1/bill")["machines"]
                     if row["machine"] == machine]
        return {kind: int(value) for kind, value in billed["coverage"].items()
                if kind.endswith("_us")}

    def usage(self, machine):
        text = self.meterbill("usage", "--by", "slot", "--csv", "--server", SERVER).out
        rows = list(csv.reader(io.StringIO(text)))[1:]
        return sorted(tuple(row[1:6]) for row in rows if row[0] == machine)

    def check_bill(self, test, machine, records):
        """Cost and usage of the machine are what the recount makes of these records: an agent that
        is stopped has sent them all."""
        counted = recount.recount(records)
        period, _, _ = counted.book.period(recount.slot_of(counted.now_us))
        cost = counted.bill(machine, period)["total_cost"]
        wait_until(lambda: self.cost(machine) == cost, 30, f"a bill of {cost}", poll_s=0.3)
        test.assertNotEqual(cost, "0")
        test.assertEqual(self.usage(machine), [tuple(row) for row in counted.usage(machine)])
        return cost

    def removable(self):
        """{title: version} of ours, as the list of programs shows them."""
        told = self.run("reg", "query", _REMOVABLE, check=False).out
        found = [self.registry(line.strip()) for line in told.splitlines()
                 if line.strip().endswith("}")]
        return {row["DisplayName"][1]: row["DisplayVersion"][1] for row in found
                if row and row.get("DisplayName", ("", ""))[1].startswith("MeterBill")}

    def programs(self):
        """Paths below our folder of programs."""
        folder = self.path(PROGRAMS)
        return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


__all__ = ["DATA", "EVENT_SOURCES", "Machine", "NAMES", "PORTS", "PROGRAMS", "SERVER", "SERVICES",
           "msi_files", "wait_until"]
