"""What the services tell the one that runs them, over the socket that systemd gives them: when they
are ready, that they get on, what they wait for, and that they end."""

import contextlib
import csv
import os
import signal
import socket
import time
import unittest

from harness import Agent, ProgramTest, Worker, free_port, meterbill, wait_until

WATCHDOG_S = 3


class Manager:
    """systemd's end of NOTIFY_SOCKET."""

    def __init__(self, scratch):
        self.path = str(scratch / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.setblocking(False)
        self.heard = []  # assignments, in order

    def close(self):
        self._socket.close()

    def listen(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                self.heard += self._socket.recv(65536).decode().split("\n")
        return self.heard

    def has(self, start):
        return any(line.startswith(start) for line in self.listen())

    def count(self, line):
        return self.listen().count(line)

    def status(self):
        said = [line[7:] for line in self.listen() if line.startswith("STATUS=")]
        return said[-1] if said else ""


class ServiceManagerTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.manager = Manager(self.scratch)
        self.addCleanup(self.manager.close)

    def managed(self, service):
        service.environment = {
            "NOTIFY_SOCKET": self.manager.path,
            "WATCHDOG_USEC": str(WATCHDOG_S * 1_000_000),
        }
        return self.keep(service)

    def pings_within(self, seconds):
        before = self.manager.count("WATCHDOG=1")
        time.sleep(seconds)
        return self.manager.count("WATCHDOG=1") - before

    def test_the_agent_is_ready_when_it_meters_and_is_watched_by_its_progress(self):
        agent = self.managed(Agent(self.scratch, f"http://127.0.0.1:{free_port()}"))
        wait_until(lambda: self.manager.has("READY=1"), 15, "READY=1")
        # Nobody takes its readings, which is no reason to be not ready.
        wait_until(lambda: "unreachable since" in self.manager.status(), 15, "the reason")
        self.assertRegex(
            self.manager.status(),
            r" since 20\S+:\d\dZ: [12] readings? waiting, next try 20\S+Z: http://127\.0\.0\.1:",
        )
        self.assertEqual(self.manager.count("READY=1"), 1)
        wait_until(lambda: self.pings_within(2) > 0, 10, "pings")
        agent.freeze()
        self.manager.listen()
        self.assertEqual(self.pings_within(WATCHDOG_S + 1), 0)
        agent.thaw()
        wait_until(lambda: self.pings_within(1) > 0, 10, "pings again")
        self.assertEqual(agent.stop(), 0)
        self.assertTrue(self.manager.has("STOPPING=1"))

    def test_a_worker_whose_broker_is_away_asks_for_time_and_says_what_it_waits_for(self):
        kafka = f"kafka://127.0.0.1:{free_port()}/resource_usage"
        worker = self.managed(Worker(self.scratch, kafka=kafka)).wait_answers()
        wait_until(lambda: self.manager.count("EXTEND_TIMEOUT_USEC=30000000") > 4, 20, "more time")
        self.assertFalse(self.manager.has("READY=1"))
        wait_until(lambda: "not ready: kafka:" in self.manager.status(), 20, "the reason")
        self.assertTrue(worker.running())
        self.assertGreater(self.pings_within(3), 0)
        self.assertEqual(worker.stop(), 0)

    def test_a_worker_that_only_listens_is_ready_at_once(self):
        worker = self.managed(Worker(self.scratch)).wait_ready()
        wait_until(lambda: self.manager.has("READY=1"), 15, "READY=1")
        wait_until(lambda: self.manager.status().startswith("ready: http 0 items"), 15, "the line")
        worker.stop()
        lines = self.manager.listen()
        self.assertLess(lines.index("READY=1"), lines.index("STOPPING=1"))


class ReloadTest(ProgramTest):
    """Configuration files that change under running services."""

    def setUp(self):
        super().setUp()
        self.prices = self.scratch / "prices.toml"
        self.write_prices([("", "1")])
        self.worker_conf = self.scratch / "worker.conf"
        self.worker_conf.write_text(f"[worker]\nprices = {self.prices}\n")
        self.agent_conf = self.scratch / "agent.conf"
        self.agent_conf.write_text("[agent]\ninterval = 3s\n")
        self.worker = self.keep(Worker(self.scratch, config=self.worker_conf)).wait_ready()
        self.agent = self.keep(
            Agent(self.scratch, self.worker.url, interval=None, config=self.agent_conf)
        ).wait_ready(30)

    def write_prices(self, rows):
        text = 'currency = "EUR"\ntime_zone = "UTC"\n'
        for begins, price in rows:
            begins = f'from = "{begins}"\n' if begins else ""
            text += f'[[price]]\nmeter = "cpu"\nunit = "core_second"\n{begins}price = "{price}"\n'
        self.prices.write_text(text)

    def test_prices_are_taken_over_whole_or_not_at_all(self):
        wait_until(lambda: float(self.worker.cost("test-1") or 0) > 0, 30, "a cost")
        # From the slot before this one, in which the agent may have begun.
        slot = time.gmtime(time.time() // 900 * 900 - 900)
        begins = time.strftime("%Y-%m-%dT%H:%M:%SZ", slot)
        self.write_prices([("", "1"), (begins, "1000")])
        self.assertEqual(self.worker.change("reload", "worker"), "taken over: prices\n")
        self.assertEqual(self.worker.change("reload", "worker"), "nothing to take over\n")
        lines = self.worker.cli("bill", "show", "--csv")
        self.assertIn(",1000,", lines)
        # The same as of a worker that was started with them.
        self.assertEqual(self.agent.stop(), 0)
        bill = self.bill()
        self.assertEqual(self.worker.stop(), 0)
        self.worker.start().wait_ready()
        self.assertEqual(self.bill(), bill)
        # One that is wrong is refused as a whole, and told.
        self.prices.write_text(self.prices.read_text().replace('"1000"', "1000.0"))
        with self.assertRaisesRegex(AssertionError, "exit 78(.|\n)*worker.prices"):
            self.worker.change("reload", "worker")
        self.assertEqual(self.bill(), bill)
        self.assertIn("new configuration refused; the old one goes on", self.worker.log())

    def bill(self):
        """The priced lines, without the columns that go on with the clock."""
        period = time.strftime("%Y-%m", time.gmtime())
        rows = csv.reader(self.worker.cli("bill", "show", "--csv", "--period", period).split("\n"))
        return [row[:13] for row in rows if row and row[0] == "line"]

    def test_an_interval_is_taken_over_without_a_gap(self):
        # Not the shortest: a tick that a busy machine delays by 4 s is no gap yet.
        self.agent_conf.write_text("[agent]\ninterval = 2s\nlabels = site=a\n")
        self.assertEqual(
            self.agent_reload(), "taken over: agent.interval\nafter a restart: agent.labels\n"
        )
        self.assertEqual(self.agent.status()["metering"]["interval_ms"], "2000")

        def last_tick():
            return self.agent.status()["metering"]["last_tick"]

        ticks = set()
        end = time.monotonic() + 9
        while time.monotonic() < end:
            ticks.add(last_tick())
            time.sleep(0.2)
        self.assertGreaterEqual(len(ticks), 4)
        coverage = self.worker.cli("usage", "--coverage", "--json")
        self.assertRegex(coverage, r'"estimated_us":"?0"?\b')

    def agent_reload(self):
        return meterbill("reload", "agent", "--control", self.agent.options["agent.control"])

    def test_a_hang_up_reloads_too_and_a_mistake_changes_nothing(self):
        self.agent_conf.write_text("[agent]\nintervall = 1s\n")
        os.kill(self.agent.pid, signal.SIGHUP)
        refusal = "agent.intervall: unknown key; did you mean agent.interval?"
        wait_until(lambda: refusal in self.agent.log(), 10, "the refusal in the log")
        self.assertEqual(self.agent.status()["metering"]["interval_ms"], "3000")
        self.agent_conf.write_text("[agent]\ninterval = 2s\n")
        os.kill(self.agent.pid, signal.SIGHUP)
        wait_until(
            lambda: self.agent.status()["metering"]["interval_ms"] == "2000", 10, "the interval"
        )


class OutsideViewTest(ProgramTest):
    def test_an_agent_that_sees_another_machine_does_not_start(self):
        view = self.scratch / "view"
        meterbill("agent", "outside-view", "--write", view)
        sink = f"http://127.0.0.1:{free_port()}"
        agent = self.keep(Agent(self.scratch, sink, agent__outside_view=view)).wait_ready()
        self.assertEqual(agent.stop(), 0)
        text = view.read_text()
        for wrong, why in (
            (text.replace("cores=", "cores=1"), "cores, but"),
            (text.replace("memory_total_kib=", "memory_total_kib=1"), "KiB of memory"),
            (text.replace("boot_us=", "boot_us=9"), "start the agent by its unit"),
            ("", "it has no boot_us"),
        ):
            view.write_text(wrong)
            agent.start()
            self.assertEqual(agent.wait_exit(20), 78 if wrong else 65, why)
            self.assertIn(why, agent.log_tail())
        view.unlink()
        agent.start()
        self.assertEqual(agent.wait_exit(20), 66)


if __name__ == "__main__":
    unittest.main()
