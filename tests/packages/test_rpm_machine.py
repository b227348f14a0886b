"""The RPM packages on a machine: installed by rpm with a database of its own, upgraded and removed,
under a systemd that really runs. What RHEL has and Debian has not stands in for it: rhel9.spec."""

import decimal
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import rhel9
import root_image
from container import Container, wait_until
from rpm_files import NAMES, ROOT, built

SERVICES = ("meterbill-worker", "meterbill-agent")


def next_version(folder):
    """Files of a release after this one: its worker.conf has another comment, the programs are the
    same."""
    layout = folder / "layout"
    shutil.copytree(ROOT / "build/rpm/stage", layout, symlinks=True)
    with open(layout / "worker/etc/meterbill/worker.conf", "a", encoding="utf-8") as conf:
        conf.write("# A release later.\n")
    into = folder / "next"
    subprocess.run([ROOT / "packaging/package_rpm.sh", "repack", layout, "0.1.1", into], check=True)
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
        cls.box = cls.enterClassContext(Container(root_image.prepare("rpm", [])))
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

    def show(self, service, key):
        return self.box.run("systemctl", "show", "--value", "-p", key, service).stdout.strip()

    def main_pids(self):
        return {service: self.show(service, "MainPID") for service in SERVICES}

    def journal(self):
        units = [word for service in SERVICES for word in ("-u", service)]
        return self.box.run("journalctl", "--no-pager", "-o", "cat", *units).stdout

    def bill(self):
        return self.box.run("meterbill", "bill", "show", check=False).stdout

    def metered(self):
        """Core hours of the only machine on the bill."""
        found = re.search(r"^cpu +([0-9.]+) +core_hour ", self.bill(), re.MULTILINE)
        return decimal.Decimal(found[1] if found else 0)

    def test_1_a_service_without_the_command_of_its_version_is_refused(self):
        told = self.rpm("-i", *self.files("now", "meterbill-agent"), check=False)
        self.assertNotEqual(told.returncode, 0)
        self.assertIn("meterbill = 0.1.0-1 is needed", told.stderr)

    def test_2_installed_they_wait_to_be_enabled(self):
        self.rpm("-i", *self.files("now", *NAMES))
        for service in SERVICES:
            self.assertEqual(self.show(service, "ActiveState"), "inactive")
            self.assertEqual(self.show(service, "UnitFileState"), "disabled")
            account = self.box.run("getent", "passwd", service).stdout
            self.assertIn(f":/var/lib/{service}:/usr/sbin/nologin", account)
        self.box.run("getent", "group", "meterbill")
        folder = self.box.run("stat", "-c", "%U:%G %a", "/var/backups/meterbill").stdout
        self.assertEqual(folder.strip(), "meterbill-worker:meterbill 750")
        self.assertEqual(self.rpm("-V", *NAMES).stdout, "")

    def test_3_enabled_they_are_ready_and_a_bill_appears(self):
        told = self.box.run("systemctl", "enable", "--now", *SERVICES, check=False)
        self.assertEqual(told.returncode, 0, self.journal())
        for service in SERVICES:
            self.assertEqual(self.show(service, "ActiveState"), "active")
        wait_until(lambda: self.metered() > 0, 60, "a bill with core hours", poll_s=1)

    def test_4_an_upgrade_restarts_what_runs_and_keeps_what_was_edited(self):
        edited = "[worker]\nbatch_age = 5s\n"
        self.box.run("sh", "-c", "cat > /etc/meterbill/worker.conf", text=edited)
        self.box.run("systemctl", "stop", "meterbill-agent")
        before, billed = self.main_pids(), self.metered()
        told = self.rpm("-U", *self.files("next", *NAMES))
        self.assertIn("worker.conf.rpmnew", told.stderr + told.stdout)
        after = self.main_pids()
        wait_until(lambda: self.show("meterbill-worker", "ActiveState") == "active", 30,
                   "the worker")
        self.assertNotEqual(after["meterbill-worker"], before["meterbill-worker"])
        self.assertNotEqual(after["meterbill-worker"], "0")
        # Stopped by the operator, it stays so; enabled or not is left as it was.
        self.assertEqual(after["meterbill-agent"], "0")
        for service in SERVICES:
            self.assertEqual(self.show(service, "UnitFileState"), "enabled")
        self.assertEqual(self.box.run("cat", "/etc/meterbill/worker.conf").stdout, edited)
        self.assertIn("# A release later.",
                      self.box.run("cat", "/etc/meterbill/worker.conf.rpmnew").stdout)
        self.box.run("systemctl", "start", "meterbill-agent")
        wait_until(lambda: self.metered() > billed, 60, "more usage after the upgrade", poll_s=1)

    def test_5_an_upgrade_leaves_disabled_what_was_disabled(self):
        self.box.run("systemctl", "disable", "--now", "meterbill-agent")
        self.rpm("-U", "--oldpackage", *self.files("now", *NAMES))
        self.assertEqual(self.show("meterbill-agent", "UnitFileState"), "disabled")
        self.assertEqual(self.main_pids()["meterbill-agent"], "0")
        self.assertEqual(self.show("meterbill-worker", "ActiveState"), "active")

    def test_6_removal_stops_them_and_keeps_what_is_owed(self):
        self.box.run("systemctl", "enable", "--now", "meterbill-agent")
        billed = self.metered()
        told = self.rpm("-e", *NAMES)
        for service in SERVICES:
            self.assertIn(f"/var/lib/{service}", told.stdout + told.stderr)
            self.assertEqual(self.show(service, "LoadState"), "not-found")
            self.assertEqual(self.show(service, "MainPID"), "0")
            self.assertNotEqual(self.box.run("ls", f"/var/lib/{service}").stdout, "")
            link = f"/etc/systemd/system/multi-user.target.wants/{service}.service"
            self.assertNotEqual(self.box.run("test", "-e", link, check=False).returncode, 0)
        left = self.box.run("find", "/etc/meterbill", "-type", "f").stdout.split()
        self.assertIn("/etc/meterbill/worker.conf.rpmsave", left)
        self.rpm("-i", *self.files("now", *NAMES))
        self.box.run("systemctl", "start", "meterbill-worker")
        self.assertGreaterEqual(self.metered(), billed)


if __name__ == "__main__":
    unittest.main(failfast=True)
