"""The Windows packages on a machine: installed, used over HTTP and Kafka, upgraded, repaired and
removed. The machine is Wine's; what only a real Windows can show is listed in docs/windows.md."""

import pathlib
import shutil
import socket
import tempfile
import unittest
from fractions import Fraction

import msi_files
from msi_machine import (DATA, EVENT_SOURCES, Machine, NAMES, PORTS, PROGRAMS, SERVER, SERVICES,
                         wait_until)

import capture
import http_capture
import kafka_broker

MACHINE, KAFKA_MACHINE = "win-1", "win-2"
PACKAGES = msi_files.built()
VERSION = msi_files.version(PACKAGES["agent"])
REFUSED = 1603 % 256  # of the installer's exit codes we see the last byte
EDITED = "# An operator was here.\n[log]\nlevel = debug\n"


def next_version(folder):
    """Packages of a release after this one: it has another note, the programs are the same."""
    layout = folder / "layout"
    shutil.copytree(msi_files.STAGE, layout)
    for name in NAMES:
        with open(layout / name / "docs/README.md", "a", encoding="utf-8") as note:
            note.write("A release later.\n")
    return msi_files.repack(layout, msi_files.later(VERSION), folder / "next")


class MsiMachineTest(unittest.TestCase):
    """One story, told in steps: each begins where the one before ended."""

    broken = None  # the step with which it ended

    def run(self, result=None):
        bad = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > bad:
            type(self).broken = self.broken or self.id()

    def setUp(self):
        if self.broken:
            self.fail(f"not begun: {self.broken} failed")

    @classmethod
    def setUpClass(cls):
        for port in PORTS.values():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))  # Wine's ports are this machine's
        scratch = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        cls.addClassCleanup(scratch.cleanup)
        folder = pathlib.Path(scratch.name)
        cls.next = next_version(folder)
        cls.capture = cls.enterClassContext(http_capture.HttpCapture(PORTS["worker"]))
        cls.machine = cls.enterClassContext(Machine(folder))

    def stop_and_check_bill(self):
        self.machine.net("stop", "agent")
        return self.machine.check_bill(self, MACHINE, self.capture.posts())

    def conf(self, name):
        return self.machine.path(f"{DATA}\\{name}.conf")

    def test_01_installed_both_services_run_and_are_ready(self):
        self.machine.configure("agent", f"[agent]\nmachine_id = {MACHINE}\ninterval = 1s\n"
                                        f"sink = {self.capture.url}\n")
        self.machine.install(PACKAGES)
        self.machine.wait_ready()
        self.assertEqual(self.machine.removable(),
                         {"MeterBill Agent": VERSION, "MeterBill Worker": VERSION})
        for name in NAMES:
            folder = msi_files.STAGE / name
            laid_out = {path.relative_to(folder).as_posix()
                        for path in folder.rglob("*") if path.is_file()}
            self.assertLessEqual(laid_out, self.machine.programs())

    def test_02_a_configuration_was_made_and_the_event_log_finds_its_messages(self):
        for name in NAMES:
            self.assertIn("\n#", self.conf(name).read_text("utf-8"))
            source = self.machine.registry(f"{EVENT_SOURCES}\\{SERVICES[name]}")
            program = f"{PROGRAMS}\\bin\\meterbill-{name}.exe"
            self.assertEqual(source["EventMessageFile"][1], program)
            self.assertEqual(int(source["TypesSupported"][1], 16), 7)
            self.assertTrue(self.machine.path(program).is_file())

    def test_03_readings_reach_the_worker_and_the_bill_is_the_recount(self):
        wait_until(lambda: self.machine.cost(MACHINE), 60, "a bill", poll_s=0.3)
        wait_until(lambda: len(self.capture.posts()) >= 3, 60, "some messages", poll_s=0.3)
        type(self).first_cost = self.stop_and_check_bill()
        self.assertEqual(self.machine.service_state(SERVICES["worker"]), "RUNNING")

    def told_of(self, name):
        return self.machine.meterbill("service", "status", name, check=False).out.lower()

    def test_04_services_are_started_and_stopped_by_our_command_too(self):
        self.assertIn("stopped", self.told_of("agent"))
        self.machine.meterbill("service", "start", "agent")
        self.machine.wait_ready()
        self.assertIn("running", self.told_of("agent"))
        self.machine.meterbill("service", "stop", "worker")
        self.assertEqual(self.machine.service_state(SERVICES["worker"]), "STOPPED")
        self.machine.net("start", "worker")
        self.machine.wait_ready()

    def test_05_a_changed_configuration_is_taken_over_without_a_restart(self):
        own = self.conf("agent")
        own.write_text(EDITED, "utf-8", newline="\r\n")
        self.assertTrue(self.machine.param_change("agent"))
        told = self.machine.meterbill("config", "show", "agent", "--origin").out
        self.assertRegex(told, r"log\.level\b.*debug.*agent\.conf")
        self.assertRegex(told, rf"agent\.machine_id\b.*{MACHINE}.*50-test\.conf")
        self.machine.meterbill("reload", "agent")  # by the control channel: says what is wrong
        self.assertEqual(self.machine.service_state(SERVICES["agent"]), "RUNNING")

    def test_06_time_zones_are_at_hand(self):
        book = self.machine.path(f"{DATA}\\berlin.toml")
        book.write_text('currency = "EUR"\ntime_zone = "Europe/Berlin"\n\n[[price]]\n'
                        'meter = "cpu"\nunit = "core_hour"\nprice = "0.05"\n', "utf-8")
        # The worker has billed by other prices, of which it warns.
        told = self.machine.meterbill("prices", "check", "--prices", f"{DATA}\\berlin.toml",
                                      check=False)
        self.assertIn("Time zone  Europe/Berlin\n", told.out)
        self.assertEqual(told.code, 65, told.err)

    def test_07_killed_and_started_again_the_agent_bills_all(self):
        before = self.machine.coverage(MACHINE)
        self.machine.kill("agent")
        self.machine.net("start", "agent")
        self.machine.wait_ready()
        wait_until(lambda: self.machine.coverage(MACHINE)["estimated_us"] > before["estimated_us"],
                   60, "the time of the kill, bridged", poll_s=0.3)
        self.machine.kill("worker")
        self.machine.net("start", "worker")
        self.machine.wait_ready()
        self.stop_and_check_bill()
        self.assertEqual(self.machine.coverage(MACHINE)["missing_us"], 0)

    def test_08_shut_down_and_booted_the_services_start_by_themselves(self):
        self.machine.net("start", "agent")
        self.machine.wait_ready()
        self.machine.shut_down()
        self.machine.boot()
        self.machine.wait_ready()
        self.stop_and_check_bill()

    def test_09_the_same_through_kafka(self):
        with kafka_broker.KafkaBroker() as broker:
            broker.create_topic(partitions=2)
            self.machine.configure("worker", f"[worker]\nkafka = {broker.url()}\n")
            self.machine.configure("agent", f"[agent]\nmachine_id = {KAFKA_MACHINE}\n"
                                            f"interval = 1s\nsink = {broker.url()}\n")
            self.machine.net("stop", "worker")
            for name in NAMES:
                self.machine.net("start", name)
            self.machine.wait_ready()
            wait_until(lambda: self.machine.cost(KAFKA_MACHINE), 60, "a bill", poll_s=0.3)
            self.machine.net("stop", "agent")
            records = capture.capture_topic(broker.bootstrap, kafka_broker.TOPIC)
            self.assertTrue(records)
            self.machine.check_bill(self, KAFKA_MACHINE, records)
            self.machine.net("stop", "worker")
        self.machine.configure("worker", "")
        self.machine.configure("agent", f"[agent]\nmachine_id = {MACHINE}\ninterval = 1s\n"
                                        f"sink = {self.capture.url}\n")

    def test_10_an_upgrade_keeps_configuration_and_ledger(self):
        for name in NAMES:
            self.machine.net("start", name)
        self.machine.wait_ready()
        costs = {name: Fraction(self.machine.cost(name)) for name in (MACHINE, KAFKA_MACHINE)}
        self.assertGreater(min(costs.values()), 0)
        worker_conf = self.conf("worker").read_bytes()
        self.machine.install(self.next)
        self.machine.wait_ready()
        later = msi_files.version(self.next["agent"])
        self.assertEqual(self.machine.removable(),
                         {"MeterBill Agent": later, "MeterBill Worker": later})
        note = self.machine.path(f"{PROGRAMS}\\docs\\README.md").read_text("utf-8")
        self.assertTrue(note.endswith("A release later.\n"))
        self.assertEqual(self.conf("agent").read_text("utf-8"), EDITED)
        self.assertEqual(self.conf("worker").read_bytes(), worker_conf)
        for machine, cost in costs.items():
            self.assertGreaterEqual(Fraction(self.machine.cost(machine)), cost)
        self.stop_and_check_bill()
        self.machine.net("start", "agent")

    def test_11_a_downgrade_is_refused_and_changes_nothing(self):
        before = self.machine.programs(), self.machine.removable()
        done = self.machine.install(PACKAGES, check=False)
        self.assertEqual(done.code, REFUSED)
        # By the condition whose message test_msi_tables.py reads; without a window Wine tells it
        # nobody.
        self.assertRegex(done.log, r"LaunchConditions\. Return value [^1]")
        self.assertNotIn("InstallInitialize", done.log)
        self.assertEqual((self.machine.programs(), self.machine.removable()), before)
        self.machine.wait_ready()

    def test_12_a_repair_brings_back_what_is_missing_and_nothing_else(self):
        for lost in ("bin\\meterbill.exe", "docs\\fleet.md", "bin\\tzdata\\etcetera"):
            self.machine.path(f"{PROGRAMS}\\{lost}").unlink()
        # What `msiexec /f` is short for; Wine's does not know that word.
        self.machine.msiexec("/i", self.machine.inside(self.next["agent"]), "REINSTALL=ALL",
                             "REINSTALLMODE=omus")
        self.machine.wait_ready()
        self.assertLessEqual({"bin/meterbill.exe", "docs/fleet.md", "bin/tzdata/etcetera"},
                             self.machine.programs())
        self.assertEqual(self.conf("agent").read_text("utf-8"), EDITED)
        self.stop_and_check_bill()

    def test_13_a_service_that_was_switched_off_is_not_started(self):
        self.machine.net("start", "agent")
        key = f"HKLM\\SYSTEM\\CurrentControlSet\\Services\\{SERVICES['agent']}"
        self.machine.run("reg", "add", key, "/v", "Start", "/t", "REG_DWORD", "/d", "4", "/f")
        self.machine.msiexec("/i", self.machine.inside(self.next["agent"]), "REINSTALL=ALL",
                             "REINSTALLMODE=omus")
        self.assertEqual(self.machine.service_state(SERVICES["agent"]), "STOPPED")

    def test_14_what_the_other_package_needs_stays_when_one_is_removed(self):
        done = self.machine.msiexec("/x", self.machine.inside(self.next["agent"]))
        self.assertIn(f"{DATA}\\agent holds readings that no worker has yet. It stays", done.log)
        self.assertIsNone(self.machine.service_state(SERVICES["agent"]))
        self.assertIsNone(self.machine.registry(f"{EVENT_SOURCES}\\{SERVICES['agent']}"))
        self.assertNotIn("bin/meterbill-agent.exe", self.machine.programs())
        folder = msi_files.STAGE / "worker"
        self.assertEqual(self.machine.programs(), {path.relative_to(folder).as_posix()
                                                   for path in folder.rglob("*") if path.is_file()})
        told = self.machine.meterbill("bill", "show", "--json", "--server", SERVER).out
        self.assertIn(f'"{MACHINE}"', told)

    def test_15_removal_leaves_no_program_and_all_that_is_owed(self):
        cost = self.machine.cost(MACHINE)
        self.machine.msiexec("/x", self.machine.inside(self.next["worker"]))
        self.assertEqual(self.machine.removable(), {})
        self.assertFalse(self.machine.path(PROGRAMS).exists())
        for name in NAMES:
            self.assertIsNone(self.machine.service_state(SERVICES[name]))
            self.assertIsNone(self.machine.registry(f"{EVENT_SOURCES}\\{SERVICES[name]}"))
            self.assertTrue(self.conf(name).is_file())
        self.assertTrue(list(self.machine.path(f"{DATA}\\agent").glob("*.db")))
        self.assertTrue(list(self.machine.path(f"{DATA}\\worker").glob("ledger.db")))
        self.machine.install({"worker": self.next["worker"]})
        self.machine.wait_service(SERVICES["worker"], "RUNNING")
        wait_until(lambda: self.machine.cost(MACHINE), 60, "the ledger of before", poll_s=0.3)
        self.assertEqual(self.machine.cost(MACHINE), cost)


if __name__ == "__main__":
    unittest.main(failfast=True)
