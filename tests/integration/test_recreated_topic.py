"""A topic deleted and made anew under a running worker: nothing of the new one is billed before the
operator accepts it, nothing is billed twice afterwards."""

import json
import unittest

from harness import Agent, ProgramTest, Worker, wait_until
import capture
import processes
from kafka_broker import KafkaBroker
from load import KafkaLoad
from recount import recount
from recount_wire import sample_of

PARTITIONS, TOPIC = 2, "anew"
OLD, NEW, LATER = 20, 7, 5


def samples(machine, count):
    text = f'{{"machine_id": "{machine}", "cpu_usage": 12.3, "memory_usage": 61.2}}'
    return [text.encode()] * count


class RecreatedTopicTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.broker = KafkaBroker().start()
        cls.addClassCleanup(cls.broker.close)

    def partitions(self):
        source = next(s for s in self.worker.status()["sources"] if s["name"] == "kafka")
        return source["partitions"]

    def wait_halted(self, what):
        """Every partition says that it is halted, and what to do."""

        def halted():
            shown = self.partitions()
            return len(shown) == PARTITIONS and all(
                p["state"] == "halted"
                and f"kafka accept --partition {p['partition']}" in p["reason"]
                for p in shown
            )

        try:
            wait_until(halted, 60, f"both partitions halted {what}", 0.2)
        except processes.Timeout as timeout:
            raise processes.Timeout(f"{timeout}: {self.partitions()}") from None
        readiness = self.worker.get("/readyz")
        self.assertEqual(readiness.status, 503)
        self.assertIn("kafka accept --partition 0", readiness.json()["reason"])

    def wait_told(self, starts):
        """The log says of each partition what is wrong and what to do, once after each start."""

        def told():
            lines = [n for n in self.worker.log().splitlines() if "partition not read" in n]
            return all(
                sum(f"kafka accept --partition {p}" in line for line in lines) == starts
                for p in range(PARTITIONS)
            )

        wait_until(told, 20, "the log says which partitions are not read")

    def load_for_a_while(self, prefix):
        seed = self.random.getrandbits(64)
        load = KafkaLoad(self.broker, TOPIC, PARTITIONS, seed, prefix).start()
        wait_until(lambda: load.sent >= 200, 30, "two hundred messages")
        load.finish()

    def captured(self, incarnation):
        records = capture.capture_topic(self.broker.bootstrap, TOPIC)
        return [{**record, "incarnation": incarnation} for record in records]

    def held_replays(self):
        """Of all pages."""
        items, before = [], []
        while page := json.loads(self.worker.cli("quarantine", "list", *before, "--json"))["items"]:
            items += page
            before = ["--before", str(page[-1]["id"])]
        return [i for i in items if (i["reason"], i["state"]) == ("replayed", "held")]

    def assert_untouched(self, counts, usage):
        self.assertEqual((self.worker.counts(), self.worker.usage()), (counts, usage))

    def make_anew(self, old):
        """Deleted and created again; somebody brings every old record back, senders go on."""
        self.broker.delete_topic(TOPIC)
        self.broker.create_topic(TOPIC, PARTITIONS)
        # Not in their old places: a log with the same records in them is the same log.
        self.broker.produce(samples("new-alone", NEW), TOPIC, 0)
        self.broker.produce([capture.again(record) for record in old], TOPIC, 0)
        self.broker.produce(samples("new-alone", NEW), TOPIC, 1)

    def accept_both(self):
        self.worker.change("kafka", "accept", "--partition", "0")
        wait_until(
            lambda: self.partitions()[0]["state"] == "running", 30, "partition 0 is read", 0.2
        )
        self.assertEqual(self.partitions()[1]["state"], "halted", "only what was accepted is read")
        self.worker.change("kafka", "accept", "--partition", "1")
        wait_until(self.worker.ready, 30, "ready after both were accepted")

    def test_a_topic_made_anew_is_billed_only_after_it_is_accepted_and_never_twice(self):
        self.broker.create_topic(TOPIC, PARTITIONS)
        self.worker = self.keep(Worker(self.scratch, kafka=self.broker.url(TOPIC))).wait_ready()
        agent = self.keep(Agent(self.scratch, self.broker.url(TOPIC), machine="real-1"))
        self.broker.produce(samples("old-alone", OLD), TOPIC, 0)
        self.load_for_a_while("old")
        wait_until(lambda: self.worker.cost("real-1"), 20, "the agent's machine is billed")
        self.assertEqual(agent.stop(), 0)
        old = self.captured(1)
        self.assert_bills_equal(self.worker, old)
        counts, usage = self.worker.counts(), self.worker.usage()

        self.make_anew(old)
        self.wait_halted("under the running worker")
        agent.start()
        self.load_for_a_while("new")
        wait_until(
            lambda: any(capture.again(r)["key"] == b"real-1" for r in self.captured(2)[len(old) :]),
            30,
            "the agent's readings in the new topic",
            0.5,
        )
        self.wait_told(1)
        self.assert_untouched(counts, usage)
        self.assertEqual(self.worker.stop(), 0)
        self.worker.start().wait_answers()
        self.wait_halted("after a restart")
        self.wait_told(2)
        self.assert_untouched(counts, usage)
        self.assertEqual(agent.stop(), 0)

        ends = {record["partition"]: record["offset"] + 1 for record in self.captured(2)}
        self.assertEqual(len(ends), PARTITIONS)
        self.accept_both()
        self.broker.produce(samples("new-alone", LATER), TOPIC, 1)
        new = self.captured(2)
        replayed = [r for r in new if r["offset"] < ends[r["partition"]] and sample_of(r)]
        counted = self.assert_bills_equal(self.worker, old + [r for r in new if r not in replayed])
        self.assertEqual(
            self.worker.counts()["quarantined"], counted.counts["quarantined"] + len(replayed)
        )
        self.assertEqual(
            sum(self.worker.counts().values()), sum(recount(old + new).counts.values())
        )
        self.assertEqual(str(self.worker.cost("old-alone")), "24.54")
        self.assertEqual(str(self.worker.cost("new-alone")), "6.135")

        # What was used since is billed on the operator's word; what was brought again is not.
        held = self.held_replays()
        self.assertEqual(
            sorted(item["machine"] for item in held), sorted(sample_of(r) for r in replayed)
        )
        for item in held:
            if item["machine"].startswith("new-"):
                self.worker.change("quarantine", "release", str(item["id"]))
        brought_again = [r for r in replayed if not sample_of(r).startswith("new-")]
        self.assertGreaterEqual(len(brought_again), OLD)
        self.assert_bills_equal(self.worker, old + [r for r in new if r not in brought_again])
        self.assertEqual(str(self.worker.cost("new-alone")), "23.313")
        for text in ("recreated partition accepted", "partition read again"):
            self.assertIn(text, self.worker.log())


if __name__ == "__main__":
    unittest.main()
