"""What a partition does, told alike by the status, its text, the metrics and readiness, through
each fault of a real broker: away, records expired unread, the topic made anew."""

import csv
import io
import json
import shutil
import sqlite3
import subprocess
import unittest

from harness import ProgramTest, Worker, program, wait_until
import processes
from kafka_broker import KafkaBroker

TOPIC = "states"
STATES = ("waiting", "running", "halted", "gap")


def samples(count):
    return [b'{"machine_id": "Machine_B", "cpu_usage": 12.3, "memory_usage": 61.2}'] * count


class PartitionStatesTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.broker = KafkaBroker().start()
        self.addCleanup(self.broker.close)
        self.broker.create_topic(TOPIC, 1)
        self.broker.produce(samples(5), TOPIC)
        self.worker = self.keep(Worker(self.scratch, kafka=self.broker.url(TOPIC))).wait_ready()
        self.wait_applied(5)

    def wait_applied(self, count):
        wait_until(
            lambda: self.worker.counts()["applied"] == count, 30, f"{count} applied", 0.1
        )

    def partition(self):
        source = next(s for s in self.worker.status()["sources"] if s["name"] == "kafka")
        (partition,) = source["partitions"]
        return partition

    def metrics(self):
        """name with labels → value, as Prometheus' own checker accepts them."""
        text = self.worker.get("/metrics").body
        promtool = shutil.which("promtool")
        self.assertIsNotNone(promtool, "promtool is needed: apt-get install prometheus")
        checked = subprocess.run(
            [promtool, "check", "metrics"], input=text, capture_output=True, timeout=60, check=False
        )
        said = (checked.stdout + checked.stderr).decode()
        self.assertEqual((checked.returncode, said), (0, ""))
        lines = text.decode().splitlines()
        return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))

    def status_text(self, *arguments):
        """Exit code and words of `meterbill status`."""
        whom = arguments or ("--server", self.worker.url)
        done = subprocess.run(
            [program("meterbill"), "status", *whom],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, " ".join(done.stdout.split())

    def assert_state(self, state, reason=""):
        """Waited for, and then the same wherever it is told."""
        try:
            wait_until(lambda: self.partition()["state"] == state, 60, state, 0.1)
        except processes.Timeout as timeout:
            raise processes.Timeout(f"{timeout}: {self.partition()}") from None
        shown = self.partition()
        self.assertIn(reason, shown["reason"])
        self.assertEqual(not shown["reason"], state == "running")
        labels = 'source="kafka",partition="0"'
        metrics = self.metrics()
        self.assertEqual(
            {
                name: metrics[f'meterbill_worker_partition_state{{{labels},state="{name}"}}']
                for name in STATES
            },
            {name: str(int(name == state)) for name in STATES},
        )
        reads = state in ("running", "gap")
        wait_until(lambda: self.worker.ready() == reads, 10, f"ready: {reads}", 0.1)
        code, text = self.status_text()
        said = "1/1 partitions running" if state == "running" else f"partition 0 {state}: {reason}"
        self.assertIn(said, text)
        self.assertEqual((code, text.startswith("worker ready")), (0 if reads else 75, reads))

    def gaps(self):
        shown = self.worker.status()["gaps"]
        return [
            tuple(int(gap[key]) for key in ("partition", "incarnation", "from", "to", "records"))
            for gap in shown["newest"]
        ]

    def expired(self):
        name = 'meterbill_worker_expired_records_total{source="kafka",partition="0"}'
        return self.metrics().get(name)

    def test_a_broker_that_is_away_has_its_partition_wait_until_it_is_back(self):
        self.assert_state("running")
        self.broker.kill()
        self.assert_state("waiting", "no broker answers")
        self.broker.restart()
        self.assert_state("running")
        self.broker.produce(samples(1), TOPIC)
        self.wait_applied(6)

    def test_a_broker_that_says_nothing_is_away_too(self):
        self.broker.freeze()
        self.addCleanup(self.broker.thaw)
        self.assert_state("waiting", "no broker answers")
        self.broker.thaw()
        self.assert_state("running")

    def test_records_that_expired_unread_are_a_gap_that_the_ledger_keeps(self):
        self.assertEqual((self.gaps(), self.expired()), ([], None))
        self.assertEqual(self.worker.stop(), 0)
        self.broker.produce(samples(4), TOPIC)
        self.broker.delete_records(TOPIC, 9)
        self.worker.start().wait_ready()
        # All that was unread has expired: nothing comes behind it, and it is known all the same.
        self.assert_state("gap", "records 5 to 8 were removed before they were read")
        wait_until(lambda: self.gaps() == [(0, 1, 5, 8, 4)], 10, "the gap in the ledger")
        self.assertEqual(self.expired(), "4")
        self.assertEqual(self.told(), 1)

        self.worker.kill()
        with sqlite3.connect(self.worker.state_dir / "ledger.db") as ledger:
            rows = ledger.execute("SELECT partition, from_offset, to_offset FROM gap").fetchall()
            positions = ledger.execute("SELECT next_offset FROM position").fetchall()
        self.assertEqual((rows, positions), ([(0, 5, 8)], [(9,)]))
        self.worker.start().wait_ready()
        self.assert_state("running")
        self.broker.produce(samples(2), TOPIC)
        self.wait_applied(7)
        self.assert_state("running")
        self.assertEqual((self.gaps(), self.expired()), ([(0, 1, 5, 8, 4)], "4"))
        self.assertEqual(self.told(), 1, "once, however often the worker starts")
        self.assert_bill_is_marked()
        self.assertIn("partition 0 lost records 5 to 8, unread", self.worker.cli("status"))
        # A stopped worker's ledger says the same.
        self.assertEqual(self.worker.stop(), 0)
        code, text = self.status_text("--ledger", str(self.worker.state_dir / "ledger.db"))
        self.assertEqual(code, 0)
        self.assertIn("partition 0 lost records 5 to 8, unread", text)

    def told(self):
        return self.worker.log().count("records 5 to 8 of partition 0 expired unread")

    def assert_bill_is_marked(self):
        (gap,) = json.loads(self.worker.cli("bill", "show", "--json"))["gaps"]
        self.assertEqual((gap["from"], gap["to"], gap["records"]), (5, 8, 4))
        self.assertIn("samples and usage events in it are lost", gap["text"])
        text = " ".join(self.worker.cli("bill", "show").split())
        self.assertIn("Gap records 5 to 8 of partition 0 expired unread", text)
        self.assertIn("samples and usage events in it are lost", text)
        rows = csv.DictReader(io.StringIO(self.worker.cli("bill", "show", "--csv")))
        (row,) = [row for row in rows if row["kind"] == "gap"]
        self.assertEqual((row["machine"], row["quantity"], row["unit"]), ("", "4", "record"))
        self.assertEqual((row["scope"], row["amount"]), (gap["source"], ""))
        place = dict(part.split("=", 1) for part in row["labels"].split(","))
        for member in ("partition", "incarnation", "from", "to", "after", "detected"):
            self.assertEqual(place[member], str(gap[member]), member)
        before = json.loads(self.worker.cli("bill", "show", "--period", "last-month", "--json"))
        self.assertEqual(before["gaps"], [])

    def test_records_that_expire_while_the_worker_reads_on_are_a_gap_and_then_it_runs(self):
        self.assertEqual(self.worker.stop(), 0)
        self.broker.produce(samples(4), TOPIC)
        self.broker.delete_records(TOPIC, 7)
        self.worker.start().wait_ready()
        self.wait_applied(7)
        self.assert_state("running")
        self.assertEqual(self.gaps(), [(0, 1, 5, 6, 2)])

    def test_what_expires_before_the_first_read_is_no_gap(self):
        self.broker.create_topic("later", 1)
        self.broker.produce(samples(3), "later")
        self.broker.delete_records("later", 2)
        url = self.broker.url("later")
        self.worker = self.keep(Worker(self.scratch, "other", kafka=url)).wait_ready()
        self.wait_applied(1)
        self.assert_state("running")
        self.assertEqual((self.gaps(), self.expired()), ([], None))

    def test_a_topic_made_anew_is_halted_until_it_is_accepted(self):
        self.broker.delete_topic(TOPIC)
        self.assert_state("halted", "the topic is gone")
        self.broker.create_topic(TOPIC, 1)
        self.broker.produce(samples(9), TOPIC)
        wait_until(
            lambda: "kafka accept --partition 0" in self.partition()["reason"], 30, "the remedy"
        )
        self.assert_state("halted")
        self.worker.change("kafka", "accept", "--partition", "0")
        self.assert_state("running")
        self.assertEqual(self.gaps(), [])


if __name__ == "__main__":
    unittest.main()
