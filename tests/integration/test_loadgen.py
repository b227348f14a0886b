"""`meterbill loadgen` with a real worker over both ways: what it says it sent is what the ledger
has, to the last digit, and it mixes with nobody's bill unasked."""

import json
import signal
import subprocess
import unittest

from harness import Agent, ProgramTest, Worker, program, wait_until
from kafka_broker import KafkaBroker

AGENTS, SCOPES = 40, 3


class LoadgenTest(ProgramTest):
    def start(self, *arguments):
        words = ["--json", "--agents", str(AGENTS), "--scopes", str(SCOPES)]
        load = subprocess.Popen(
            [program("meterbill"), "loadgen", *words, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(lambda: load.poll() is None and load.kill())
        return load

    def ended(self, load, code=0):
        """What it told, and what it said on standard error."""
        out, said = load.communicate(timeout=90)
        self.assertEqual(load.returncode, code, said)
        return (json.loads(out) if out else None), said

    def assert_all_is_there(self, worker, told, totals):
        self.assertEqual((told["failed"], told["unconfirmed_machines"]), (0, 0))
        self.assertEqual(told["acknowledged"], told["sent"])
        readings = told["sent"] * (1 + SCOPES)
        wait_until(
            lambda: sum(worker.counts().values()) >= readings, 30, f"{readings} readings"
        )
        self.assertEqual(worker.counts()["quarantined"], 0)
        shown = worker.cli("usage", "--by", "slot", "--csv").encode()
        self.assertEqual(shown, totals.read_bytes().replace(b"\r\n", b"\n"))
        machines = {line.split(b",")[0] for line in shown.splitlines()[1:]}
        self.assertEqual(len(machines), AGENTS)

    def test_over_http_the_ledger_has_what_was_sent(self):
        worker = self.keep(Worker(self.scratch)).wait_ready()
        totals = self.scratch / "totals.csv"
        load = self.start("--sink", worker.url, "--seconds", "4", "--totals", totals)
        told, said = self.ended(load)
        self.assertIn("on its bills", said)
        self.assertGreaterEqual(told["sent"], 4 * AGENTS)
        self.assert_all_is_there(worker, told, totals)

    def test_over_kafka_too_and_ctrl_c_ends_it_with_the_last_readings(self):
        with KafkaBroker(self.scratch / "kafka") as broker:
            broker.create_topic("trial", 2)
            worker = self.keep(Worker(self.scratch, kafka=broker.url("trial"))).wait_ready()
            totals = self.scratch / "totals.csv"
            load = self.start(
                *("--sink", broker.url("trial"), "--server", worker.url),
                *("--seconds", "600", "--totals", totals),
            )
            wait_until(lambda: worker.counts()["applied"], 30, "readings applied")
            load.send_signal(signal.SIGINT)
            told, _ = self.ended(load)
            self.assertTrue(told["interrupted"])
            self.assertLess(told["took_us"], 60_000_000)
            self.assert_all_is_there(worker, told, totals)
            worker.stop()

    def test_a_ledger_with_machines_that_are_there_is_left_alone(self):
        worker = self.keep(Worker(self.scratch)).wait_ready()
        self.keep(Agent(self.scratch, worker.url, machine="web-1"))
        wait_until(lambda: worker.counts()["applied"], 30, "a reading of web-1")
        _, said = self.ended(self.start("--sink", worker.url, "--seconds", "1"), 65)
        self.assertIn("web-1", said)
        self.assertEqual(list(worker.usage()), ["web-1"])
        told, _ = self.ended(self.start("--sink", worker.url, "--seconds", "1", "--force"))
        self.assertEqual(told["unconfirmed_machines"], 0)
        self.assertEqual(len(worker.usage()), 1 + AGENTS)


if __name__ == "__main__":
    unittest.main()
