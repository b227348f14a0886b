#!/usr/bin/python3
"""The installed services under a real systemd: watched, reloaded, stopped, started with a wrong
configuration, without their broker, and in a sandbox that hides the truth."""

import json
import pathlib
import re
import subprocess
import sys
import unittest

import bed
from bed import wait_until

AGENT, WORKER = bed.SERVICES
BROKER = pathlib.Path(bed.__file__).resolve().parents[1] / "support" / "kafka_broker.py"
CONF = "/etc/meterbill/agent.conf.d/50-test.conf"


class InstalledTest(bed.BoxTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.box.install()
        cls.box.wait_ready()

    def journal(self, unit, *matches):
        """Entries as the journal stores them, oldest first."""
        text = self.box.run("journalctl", "-u", unit, "-o", "json", "--all", *matches).stdout
        return [json.loads(line) for line in text.splitlines()]

    def count(self, unit, event):
        """How often the event is in the journal."""
        return len(self.journal(unit, f"METERBILL_EVENT_ID={event}"))

    def drop_in(self, unit, text):
        """Until the end of the test."""
        path = f"/etc/systemd/system/{unit}.d/90-test.conf"
        self.box.write(path, text)
        self.box.run("systemctl", "daemon-reload")

        def remove():
            self.box.run("rm", path)
            self.box.run("systemctl", "daemon-reload")
            self.box.run("systemctl", "reset-failed", unit)
            self.box.run("systemctl", "restart", unit)
            self.box.wait_ready()

        self.addCleanup(remove)

    def configure(self, text, path=CONF, before="[agent]\ninterval = 1s\n"):
        self.box.write(path, text)
        self.addCleanup(self.box.write, path, before)

    def pid(self, unit):
        return self.box.show(unit, "MainPID")

    def restarts(self, unit):
        return int(self.box.show(unit, "NRestarts"))


class UnitTest(InstalledTest):
    def test_the_units_are_sound(self):
        for unit in bed.SERVICES:
            for name in (unit, unit.replace(".service", ".socket")):
                # It exits 0 whatever it warns of, unless it is told of which.
                told = self.box.run("systemd-analyze", "verify", "--man=no",
                                    "--recursive-errors=no", name)
                self.assertEqual(told.stdout + told.stderr, "", name)

    def test_the_example_of_a_daily_backup_works_as_it_stands(self):
        examples = "/usr/share/doc/meterbill-worker/examples"
        units = [f"/etc/systemd/system/meterbill-backup.{kind}" for kind in ("service", "timer")]
        self.box.run("cp", *(f"{examples}/{unit.rsplit('/', 1)[1]}" for unit in units),
                     "/etc/systemd/system/")
        told = self.box.run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no",
                            *units)
        self.assertEqual(told.stdout + told.stderr, "")
        self.box.run("systemctl", "daemon-reload")
        self.box.run("systemctl", "start", "meterbill-backup.service")
        [copy] = self.box.run("sh", "-c", "ls /var/backups/meterbill").stdout.split()
        self.assertRegex(copy, r"^ledger-20[\dT-]{15}\.db$")
        self.box.run("rm", "-f", f"/var/backups/meterbill/{copy}", *units)
        self.box.run("systemctl", "daemon-reload")

    def test_the_pages_that_messages_name_are_there(self):
        for page in ("ledger", "operations", "fleet"):
            self.box.run("test", "-s", f"/usr/share/doc/meterbill/docs/{page}.md")

    def test_the_pages_that_units_name_are_there(self):
        for unit in bed.SERVICES:
            pages = re.findall(r"man:([\w.-]+)\((\d)\)", self.box.show(unit, "Documentation"))
            self.assertGreater(len(pages), 1)
            for name, section in pages:
                self.box.run("test", "-e", f"/usr/share/man/man{section}/{name}.{section}.gz")

    def test_the_exposure_is_small(self):
        for unit, most in ((AGENT, 1.4), (WORKER, 1.2)):
            told = self.box.run("systemd-analyze", "security", "--offline=true",
                                f"/lib/systemd/system/{unit}").stdout
            exposure = float(told.partition("Overall exposure level for ")[2].split()[1])
            print(f"{unit}: exposure {exposure}")
            self.assertLessEqual(exposure, most, unit)

    def test_limits_are_set(self):
        for unit, limits in (
            (AGENT, {"MemoryMax": "268435456", "CPUQuotaPerSecUSec": "500ms", "TasksMax": "64",
                     "WatchdogUSec": "30s", "Restart": "always"}),
            (WORKER, {"MemoryMax": "2147483648", "TasksMax": "256", "WatchdogUSec": "1min",
                      "Restart": "always"}),
        ):
            for name, value in limits.items():
                self.assertEqual(self.box.show(unit, name), value, f"{unit} {name}")

    def test_the_status_line_says_what_is_waiting(self):
        line = self.box.show(AGENT, "StatusText")
        self.assertRegex(line, r"^ready: \d+ readings? waiting for http://127.0.0.1:5001")
        self.assertRegex(self.box.show(WORKER, "StatusText"), r"^ready: http \d+ items a second; ")

    def test_a_service_that_was_stopped_is_not_started_by_a_command(self):
        self.box.run("systemctl", "stop", AGENT)
        self.addCleanup(self.box.wait_ready)
        self.addCleanup(self.box.run, "systemctl", "start", AGENT)
        asked = self.box.run("meterbill", "agent", "pause", check=False)
        self.assertEqual(asked.returncode, 69, asked.stderr)
        self.assertEqual(self.box.show(AGENT, "ActiveState"), "inactive")
        self.assertFalse(self.box.is_active("meterbill-agent.socket"))

    def test_a_backup_goes_where_it_can_be_found_or_is_refused(self):
        pid = self.pid(WORKER)
        home = self.box.run("sh", "-c", "echo ~").stdout.strip()
        for path in (f"{home}/x.db", "/tmp/x.db", "/var/tmp/x.db", "/etc/meterbill/x.db",
                     "/var/lib/meterbill-agent/x.db"):
            refused = self.box.run("meterbill", "backup", path, check=False)
            self.assertEqual(refused.returncode, 73, (path, refused.stderr))
            self.assertNotIn("SQLite", refused.stderr)
        refused = self.box.run("meterbill", "backup", "/var/backups/meterbill/" + "x" * 300,
                               check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertEqual(self.pid(WORKER), pid)
        self.box.run("meterbill", "backup", "/var/backups/meterbill/x.db")
        self.box.run("rm", "/var/backups/meterbill/x.db")

    def test_who_may_steer_is_the_group(self):
        self.box.run("useradd", "--no-create-home", "--groups", "meterbill", "steersman")
        self.box.run("useradd", "--no-create-home", "passerby")
        refused = self.box.run("runuser", "-u", "passerby", "--", "meterbill", "agent", "pause",
                               check=False)
        self.assertEqual(refused.returncode, 77, refused.stderr)
        for command in ("pause", "resume", "send"):
            self.box.run("runuser", "-u", "steersman", "--", "meterbill", "agent", command)
        self.box.run("runuser", "-u", "steersman", "--", "meterbill", "reload", "worker")
        # What shows is for everybody.
        self.box.run("runuser", "-u", "passerby", "--", "meterbill", "status")


class JournalTest(InstalledTest):
    def test_entries_have_priorities_ids_and_fields(self):
        (started,) = self.journal(AGENT, "METERBILL_EVENT_ID=1000")
        self.assertEqual(started["PRIORITY"], "6")
        self.assertEqual(started["SYSLOG_IDENTIFIER"], "meterbill-agent")
        self.assertEqual(started["METERBILL_MACHINE"], "box")
        self.assertEqual(started["METERBILL_EVENT"], "agent started")
        self.assertEqual(len(started["MESSAGE_ID"]), 32)
        self.assertEqual(started["_SYSTEMD_UNIT"], AGENT)

    def test_the_catalog_explains(self):
        told = self.box.run("journalctl", "-x", "-u", WORKER, "METERBILL_EVENT_ID=2000").stdout
        self.assertIn("The ledger is open, and the worker takes readings", told)
        self.assertIn("Documentation: man:meterbill-worker(8)", told)

    def test_how_much_is_logged_changes_while_it_runs(self):
        self.assertEqual(self.count(AGENT, 1015), 0)
        self.box.run("meterbill", "log-level", "agent", "debug")
        wait_until(lambda: self.count(AGENT, 1015), 10, "a tick in the journal")
        self.assertEqual(self.journal(AGENT, "METERBILL_EVENT_ID=1015")[0]["PRIORITY"], "7")
        self.box.run("meterbill", "log-level", "agent", "info")
        before = self.count(AGENT, 1015)
        self.box.run("sleep", "3")
        self.assertLessEqual(self.count(AGENT, 1015), before + 1)

    def test_a_signal_writes_the_status(self):
        self.box.run("systemctl", "kill", "--kill-who=main", "-s", "USR1", WORKER)
        wait_until(lambda: self.count(WORKER, 3000), 10, "the status in the journal")

    def test_an_outage_is_a_handful_of_lines(self):
        before = len(self.journal(AGENT))
        self.box.run("systemctl", "stop", WORKER)
        self.box.run("sleep", "75")  # it is told of after 30 s, at the next try
        self.box.run("systemctl", "start", WORKER)
        wait_until(lambda: self.count(AGENT, 1031), 90, "the end of the outage")
        own = [e for e in self.journal(AGENT)[before:] if "METERBILL_EVENT" in e]
        self.assertEqual([e["METERBILL_EVENT_ID"] for e in own], ["1030", "1031"])
        self.assertEqual(own[0]["PRIORITY"], "5")


class WatchdogTest(InstalledTest):
    def test_an_agent_that_hangs_is_killed_and_started_again_and_loses_nothing(self):
        self.drop_in(AGENT, "[Service]\nWatchdogSec=6\nRestartSec=1\n")
        self.box.run("systemctl", "restart", AGENT)
        self.box.wait_ready()
        before, cpu = self.pid(AGENT), self.box.cpu_us()
        self.box.run("systemctl", "kill", "--kill-who=main", "-s", "STOP", AGENT)
        wait_until(lambda: self.pid(AGENT) not in ("0", before), 60, "another process", poll_s=0.3)
        wait_until(lambda: self.box.is_active(AGENT), 30, "active again", poll_s=0.3)
        self.assertEqual(self.restarts(AGENT), 1)
        entries = self.box.run("journalctl", "-u", AGENT).stdout
        self.assertIn("Watchdog timeout", entries)
        wait_until(lambda: self.box.cpu_us() > cpu, 30, "the bill goes on", poll_s=0.3)
        # The time that it hung is bridged, not missing.
        coverage = json.loads(self.box.run("meterbill", "usage", "--coverage", "--json").stdout)
        (row,) = coverage["machines"][0]["coverage"]
        self.assertGreater(int(row["estimated_us"]), 5_000_000)
        self.assertEqual(int(row["missing_us"]), 0)


class ReloadTest(InstalledTest):
    def interval_ms(self):
        text = self.box.run("curl", "-fsS", "http://127.0.0.1:5002/api/v1/status").stdout
        return json.loads(text)["metering"]["interval_ms"]

    def test_a_good_one_is_taken_over(self):
        pid = self.pid(AGENT)
        self.configure("[agent]\ninterval = 2s\n")
        self.box.run("systemctl", "reload", AGENT)
        self.assertEqual(self.interval_ms(), 2000)
        self.assertEqual(self.pid(AGENT), pid)
        self.configure("[agent]\ninterval = 1s\n")
        self.box.run("systemctl", "reload", AGENT)
        self.assertEqual(self.interval_ms(), 1000)

    def test_a_bad_one_is_refused_and_the_reload_fails(self):
        pid = self.pid(AGENT)
        self.configure("[agent]\ninterval = 2s\nintervall = 3s\n")
        self.fails_to(self.box.run, "systemctl", "reload", AGENT)
        self.assertTrue(self.box.is_active(AGENT))
        self.assertEqual((self.pid(AGENT), self.interval_ms()), (pid, 1000))
        refusal = self.journal(AGENT, "METERBILL_EVENT_ID=3002")[-1]
        self.assertEqual(refusal["PRIORITY"], "3")
        self.assertIn("did you mean agent.interval?", refusal["MESSAGE"])

    def test_prices_are_taken_over_while_it_runs(self):
        wait_until(self.box.cpu_us, 30, "a bill", poll_s=0.3)
        prices = "/etc/meterbill/prices.toml"
        conf = "/etc/meterbill/worker.conf.d/50-test.conf"
        text = ('currency = "EUR"\ntime_zone = "UTC"\n'
                '[[price]]\nmeter = "cpu"\nunit = "core_hour"\nprice = "3600"\n')
        self.box.write(prices, text)
        self.configure(f"[worker]\nprices = {prices}\n", conf, "")
        pid = self.pid(WORKER)
        self.box.run("systemctl", "reload", WORKER)
        self.assertIn(",3600,", self.box.run("meterbill", "bill", "show", "--csv").stdout)
        self.box.write(prices, text.replace('"3600"', "3600.0"))
        self.fails_to(self.box.run, "systemctl", "reload", WORKER)
        self.assertIn(",3600,", self.box.run("meterbill", "bill", "show", "--csv").stdout)
        self.assertEqual(self.pid(WORKER), pid)
        self.box.write(prices, text)

    def test_what_only_root_may_read_is_not_called_right(self):
        prices = "/etc/meterbill/secret-prices.toml"
        self.box.write(prices, 'currency = "EUR"\ntime_zone = "UTC"\n'
                       '[[price]]\nmeter = "cpu"\nunit = "core_hour"\nprice = "1"\n')
        self.box.run("chmod", "0600", prices)
        self.addCleanup(self.box.run, "systemctl", "reload", WORKER)  # behind what configure() adds
        self.configure(f"[worker]\nprices = {prices}\n",
                       "/etc/meterbill/worker.conf.d/60-test.conf", "")
        check = self.fails_to(self.box.run, "meterbill", "config", "check", "worker")
        self.assertIn(f"chgrp meterbill-worker {prices} && chmod 0640 {prices}", check)
        self.fails_to(self.box.run, "systemctl", "reload", WORKER)
        self.box.run("chgrp", "meterbill-worker", prices)
        self.box.run("chmod", "0640", prices)
        self.box.run("meterbill", "config", "check", "worker")
        self.box.run("systemctl", "reload", WORKER)


class StartTest(InstalledTest):
    def test_a_wrong_configuration_never_loops_and_is_an_error_in_the_journal(self):
        self.configure("[agent]\nsink = nonsense\n")
        self.addCleanup(self.box.wait_ready)
        self.addCleanup(self.box.run, "systemctl", "start", AGENT)
        self.addCleanup(self.box.write, CONF, "[agent]\ninterval = 1s\n")
        self.fails_to(self.box.run, "systemctl", "restart", AGENT)
        self.box.run("sleep", "12")  # more than two times RestartSec
        self.assertEqual(self.box.show(AGENT, "ActiveState"), "failed")
        self.assertEqual(self.box.show(AGENT, "ExecMainStatus"), "78")
        self.assertEqual(self.restarts(AGENT), 0)
        errors = self.journal(AGENT, "PRIORITY=3", "METERBILL_EVENT_ID=3004")
        self.assertIn("agent.sink: ", errors[-1]["MESSAGE"])
        # Nor does a command start it, which would come again for as long as it is not answered.
        asked = self.box.run("meterbill", "agent", "pause", "--control",
                             "/run/meterbill-agent/control.sock", check=False)
        self.assertEqual(asked.returncode, 69, asked.stderr)
        self.box.run("sleep", "3")
        self.assertFalse(self.box.is_active("meterbill-agent.socket"))
        self.assertEqual(self.count(AGENT, 3004), len(errors))

    def test_a_sandbox_that_shows_another_machine_stops_the_agent(self):
        # As lxcfs does it: over the file that all see. A fresh /proc does not have it.
        faked = self.box.run("sed", "s/^MemTotal: */&9/", "/proc/meminfo").stdout
        self.box.write("/srv/meminfo", faked)
        self.box.run("mount", "--bind", "/srv/meminfo", "/proc/meminfo")
        self.box.run("systemctl", "restart", AGENT)  # the unit binds it into its sandbox
        self.box.wait_ready()
        self.addCleanup(self.box.run, "umount", "/proc/meminfo")
        self.drop_in(AGENT, "[Service]\nBindReadOnlyPaths=\n")
        self.fails_to(self.box.run, "systemctl", "restart", AGENT)
        self.assertEqual(self.box.show(AGENT, "ExecMainStatus"), "78")
        told = self.journal(AGENT, "METERBILL_EVENT_ID=3004")[-1]["MESSAGE"]
        self.assertIn("its sandbox shows the agent another machine", told)

    def test_a_secret_comes_by_a_credential_and_is_seen_nowhere(self):
        secret = "hush-" + "x" * 20
        self.box.write("/etc/credstore/kafka-password", secret)
        self.drop_in(WORKER, "[Service]\n"
                             "LoadCredential=kafka-password:/etc/credstore/kafka-password\n")
        conf = "/etc/meterbill/worker.conf.d/60-secret.conf"
        self.box.write(conf, "[kafka]\nsasl.password = credential:kafka-password\n")
        self.addCleanup(self.box.run, "rm", conf)
        self.box.run("systemctl", "restart", WORKER)
        self.box.wait_ready()
        # Who asks the service needs no secret of its own.
        self.box.run("meterbill", "status")
        self.box.run("meterbill", "reload", "worker")
        self.box.run("meterbill", "config", "check")
        shown = self.box.run("meterbill", "config", "show", "worker", "--origin").stdout
        self.assertIn("(secret from the credential kafka-password)", shown)
        pid = self.pid(WORKER)
        for command in (["systemctl", "show", WORKER], ["cat", f"/proc/{pid}/environ"],
                        ["cat", f"/proc/{pid}/cmdline"], ["journalctl", "-u", WORKER],
                        ["curl", "-fsS", "http://127.0.0.1:5001/api/v1/status"]):
            self.assertNotIn(secret, self.box.run(*command).stdout, command)


class BrokerAwayTest(InstalledTest):
    """A worker that reads Kafka starts before its broker."""

    PORT = 19092

    def test_it_waits_says_so_and_goes_on_when_the_broker_is_there(self):
        conf = "/etc/meterbill/worker.conf.d/60-kafka.conf"
        self.box.write(conf, "[worker]\n"
                             f"kafka = kafka://127.0.0.1:{self.PORT}/resource_usage\n")
        # Less than a minute: what keeps it from being ended is that it asks for more time.
        self.drop_in(WORKER, "[Service]\nTimeoutStartSec=10\n")
        self.addCleanup(self.box.run, "rm", conf)
        self.box.run("systemctl", "restart", "--no-block", WORKER)
        wait_until(lambda: "not ready: kafka" in self.box.show(WORKER, "StatusText"), 30,
                   "what it waits for", poll_s=0.3)
        self.box.run("sleep", "20")
        self.assertEqual(self.box.show(WORKER, "ActiveState"), "activating")
        self.assertEqual(self.restarts(WORKER), 0)
        wait_until(lambda: self.box.is_active(WORKER), 60, "started after a minute", poll_s=0.5)
        self.assertIn("not ready: kafka", self.box.show(WORKER, "StatusText"))
        self.assertFalse(self.box.ready(5001))
        with self.broker() as broker:
            wait_until(lambda: broker.runs() and self.box.ready(5001), 90,
                       "ready with its broker", poll_s=0.5)
            told = "kafka 1/1 partitions"
            wait_until(lambda: told in self.box.show(WORKER, "StatusText"), 10, told)
        self.assertEqual(self.restarts(WORKER), 0)

    def broker(self):
        """A real one, in the network of the machine."""
        return Broker(self.box, self.PORT)


class Broker:
    def __init__(self, box, port):
        self._command = ["nsenter", "--target", str(box.init), "--net", "--", sys.executable, "-B",
                         str(BROKER), "--port", str(port), "--topic", "resource_usage",
                         "--seconds", "300"]
        self._process = None

    def __enter__(self):
        self._process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "--", *self._command],
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        return self

    def runs(self):
        if self._process.poll() is not None:
            raise AssertionError(f"the broker ended: {self._process.returncode}")
        return True

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(60)


if __name__ == "__main__":
    unittest.main()
