"""The RPM packages on a machine: installed by rpm with a database of its own, upgraded and removed,
under a systemd that really runs. What RHEL has and Debian has not stands in for it: rhel9.spec."""

import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import bed
import rhel9
import root_image
from bed import wait_until
from rpm_files import NAMES, ROOT, built

AGENT, WORKER = bed.SERVICES
DROP_IN = "/etc/meterbill/agent.conf.d/50-test.conf"


def version_of(package):
    told = subprocess.run(["rpm", "-qp", "--qf", "%{VERSION} %{RELEASE}", package],
                          capture_output=True, text=True, check=True).stdout
    return told.split()


def next_version(folder):
    """Files of a release after this one: its worker.conf has another comment, the programs are the
    same."""
    layout = folder / "layout"
    shutil.copytree(ROOT / "build/rpm/stage", layout, symlinks=True)
    with open(layout / "worker/etc/meterbill/worker.conf", "a", encoding="utf-8") as conf:
        conf.write("# A release later.\n")
    into = folder / "next"
    later = version_of(built()["meterbill"])[0] + ".1"
    subprocess.run([ROOT / "packaging/package_rpm.sh", "repack", layout, later, into], check=True)
    return built(into)


class RpmMachineTest(unittest.TestCase):
    """One story, told in steps: each begins where the one before ended."""

    @classmethod
    def setUpClass(cls):
        reason = root_image.why_not_here()
        if reason:
            raise unittest.SkipTest(reason)
        scratch = tempfile.TemporaryDirectory(dir="/var/tmp")
        cls.addClassCleanup(scratch.cleanup)
        folder = pathlib.Path(scratch.name)
        cls.box = cls.enterClassContext(bed.Box(root_image.prepare("rpm", [])))
        cls.agent = bed.InstalledAgent(cls.box, folder)
        for name, files in (("now", built()), ("next", next_version(folder))):
            for package in NAMES:
                cls.put(files[package], f"{name}/{package}.rpm")
        cls.put(rhel9.build_stand_in(folder), "rhel9.rpm")
        cls.rpm("-i", "/rpms/rhel9.rpm")

    @classmethod
    def put(cls, file, name):
        cls.box.path(f"/rpms/{name}").parent.mkdir(parents=True, exist_ok=True)
        cls.box.copy_in(file, f"/rpms/{name}")

    @classmethod
    def rpm(cls, *words, **options):
        return cls.box.run("rpm", "--dbpath", "/var/lib/scratch-rpm", *words, **options)

    @classmethod
    def files(cls, version, *packages):
        return [f"/rpms/{version}/{package}.rpm" for package in packages]

    def pids(self):
        return {unit: self.box.show(unit, "MainPID") for unit in bed.SERVICES}

    def unit_file_state(self, unit):
        return self.box.show(unit, "UnitFileState")

    def test_1_a_service_without_the_command_of_its_version_is_refused(self):
        told = self.rpm("-i", *self.files("now", "meterbill-agent"), check=False)
        self.assertNotEqual(told.returncode, 0)
        version = "-".join(version_of(built()["meterbill"]))
        self.assertIn(f"meterbill = {version} is needed", told.stderr)

    def test_2_installed_they_wait_to_be_enabled(self):
        self.rpm("-i", *self.files("now", *NAMES))
        for unit in bed.SERVICES:
            self.assertEqual(self.box.show(unit, "ActiveState"), "inactive")
            self.assertEqual(self.unit_file_state(unit), "disabled")
            name = unit.removesuffix(".service")
            account = self.box.run("getent", "passwd", name).stdout
            self.assertIn(f":/var/lib/{name}:/usr/sbin/nologin", account)
        self.box.run("getent", "group", "meterbill")
        folder = self.box.run("stat", "-c", "%U:%G %a", "/var/backups/meterbill").stdout
        self.assertEqual(folder.strip(), "meterbill-worker:meterbill 750")
        self.assertEqual(self.rpm("-V", *NAMES).stdout, "")

    def test_3_enabled_they_are_ready_and_a_bill_appears(self):
        self.box.write(DROP_IN, "[agent]\ninterval = 1s\n")
        type(self).truth = bed.CounterTruth(self.agent)
        told = self.box.run("systemctl", "enable", "--now", *bed.SERVICES, check=False)
        self.assertEqual(told.returncode, 0, self.box.run("journalctl", "-n", "50").stdout)
        self.box.wait_ready()
        wait_until(self.box.cpu_us, 60, "a bill", poll_s=0.3)
        self.truth.started()

    def test_4_the_journal_explains_itself(self):
        told = self.box.run("journalctl", "-x", "-u", WORKER, "METERBILL_EVENT_ID=2000").stdout
        self.assertIn("The ledger is open, and the worker takes readings", told)
        (entry,) = self.box.run("journalctl", "-u", AGENT, "METERBILL_EVENT_ID=1000", "-o",
                                "json").stdout.splitlines()
        self.assertEqual(json.loads(entry)["PRIORITY"], "6")

    def test_5_a_reload_is_taken_over_or_fails(self):
        self.box.write(DROP_IN, "[agent]\nintervall = 1s\n")
        before = self.pids()
        self.assertNotEqual(
            self.box.run("systemctl", "reload", AGENT, check=False).returncode, 0)
        self.box.write(DROP_IN, "[agent]\ninterval = 1s\n")
        self.box.run("systemctl", "reload", AGENT)
        self.box.run("meterbill", "log-level", "worker", "info")  # by its control socket
        self.assertEqual(self.pids(), before)

    def test_6_an_upgrade_restarts_what_runs_loses_no_usage_and_keeps_what_was_edited(self):
        edited = "[worker]\nbatch_age = 5s\n"
        self.box.run("sh", "-c", "cat > /etc/meterbill/worker.conf", text=edited)
        before, billed = self.pids(), self.box.cpu_us()
        told = self.rpm("-U", *self.files("next", *NAMES))
        self.assertIn("worker.conf.rpmnew", told.stderr + told.stdout)
        self.box.wait_ready()
        for unit, pid in self.pids().items():
            self.assertNotIn(pid, ("0", before[unit]), f"{unit} is the old program still")
            self.assertEqual(self.unit_file_state(unit), "enabled")
            self.assertEqual(self.box.show(unit, "NRestarts"), "0", "it had failed")
        self.assertEqual(self.box.run("cat", "/etc/meterbill/worker.conf").stdout, edited)
        self.assertIn("# A release later.",
                      self.box.run("cat", "/etc/meterbill/worker.conf.rpmnew").stdout)
        wait_until(lambda: self.box.cpu_us() > billed, 60, "more usage", poll_s=0.3)
        self.assertEqual(self.truth.stop_agent(self.agent.start), 0)
        counted = self.truth.counted()
        wait_until(lambda: self.box.cpu_us() == counted["cpu"], 30, "all of it billed", poll_s=0.3)
        self.truth.check(self, self.box.usage())
        self.assertEqual(self.box.billed()["coverage"]["missing_us"], "0")

    def test_7_an_upgrade_leaves_off_what_was_off(self):
        # The agent was stopped; the worker is kept from the next boot only.
        self.box.run("systemctl", "disable", WORKER)
        before = self.pids()
        self.rpm("-U", "--oldpackage", *self.files("now", *NAMES))
        self.assertEqual(self.pids()[AGENT], "0")
        self.assertEqual(self.unit_file_state(AGENT), "enabled")
        self.assertEqual(self.unit_file_state(WORKER), "disabled")
        wait_until(lambda: self.box.is_active(WORKER), 30, "the worker", poll_s=0.3)
        self.assertNotEqual(self.pids()[WORKER], before[WORKER])

    def test_8_what_hangs_is_killed_and_started_again(self):
        path = f"/etc/systemd/system/{AGENT}.d/90-test.conf"
        self.box.write(path, "[Service]\nWatchdogSec=6\nRestartSec=1\n")
        self.box.run("systemctl", "daemon-reload")
        self.box.run("systemctl", "restart", AGENT)
        before = self.pids()[AGENT]
        self.box.run("systemctl", "kill", "--kill-who=main", "-s", "STOP", AGENT)
        wait_until(lambda: self.pids()[AGENT] not in ("0", before), 60, "another", poll_s=0.3)
        self.box.wait_ready()
        self.box.run("rm", path)
        self.box.run("systemctl", "daemon-reload")

    def test_9_removal_stops_them_and_keeps_what_is_owed(self):
        billed = self.box.cpu_us()
        told = self.rpm("-e", *NAMES)
        for unit in bed.SERVICES:
            state = f"/var/lib/{unit.removesuffix('.service')}"
            self.assertIn(state, told.stdout + told.stderr)
            self.assertEqual(self.box.show(unit, "LoadState"), "not-found")
            self.assertEqual(self.box.show(unit, "MainPID"), "0")
            self.assertNotEqual(self.box.run("ls", state).stdout, "")
            link = f"/etc/systemd/system/multi-user.target.wants/{unit}"
            self.assertNotEqual(self.box.run("test", "-e", link, check=False).returncode, 0)
        left = self.box.run("find", "/etc/meterbill", "-type", "f").stdout.split()
        self.assertIn("/etc/meterbill/worker.conf.rpmsave", left)
        self.rpm("-i", *self.files("now", *NAMES))
        self.box.run("systemctl", "start", WORKER)
        wait_until(lambda: self.box.ready(5001), 30, "the worker", poll_s=0.3)
        self.assertGreaterEqual(self.box.cpu_us(), billed)


if __name__ == "__main__":
    unittest.main(failfast=True)
