"""The prototype's message from its own kind of sender, on a real broker, to the URLs its users
know."""

import base64
import json
import subprocess
import time
import unittest

from harness import Agent, ProgramTest, Worker, wait_until
import capture
from kafka_broker import KafkaBroker

MESSAGE = '{"machine_id": "Machine_B", "cpu_usage": 12.3, "memory_usage": 61.2}'


class PrototypeMessageTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.broker = KafkaBroker().start()
        cls.addClassCleanup(cls.broker.close)

    def kcat(self, topic, messages):
        subprocess.run(
            [
                "kcat",
                "-P",
                "-b",
                self.broker.bootstrap,
                "-t",
                topic,
                "-X",
                "acks=all",
                "-X",
                "linger.ms=0",
            ],
            input="\n".join(messages).encode(),
            check=True,
            timeout=30,
        )

    def test_a_message_is_billed_within_a_second_and_a_thousand_cost_1227_over_a_kill(self):
        self.broker.create_topic("resource_usage")
        worker = self.keep(Worker(self.scratch, kafka=self.broker.url())).wait_ready()
        self.kcat("resource_usage", [MESSAGE])
        wait_until(lambda: worker.cost("Machine_B") is not None, 10, "Machine_B on /api/cost")
        answer = worker.get("/api/cost/Machine_B")
        rows = worker.get("/api/usage").json()
        seen_ms = time.time_ns() // 1_000_000
        self.assertIn(b'"total_cost":1.227', answer.body.replace(b": ", b":"))
        self.assertEqual(
            {
                key: str(answer.json()[key])
                for key in ("machine_id", "total_cost", "sample_cost", "currency", "period_start")
            },
            {
                "machine_id": "Machine_B",
                "total_cost": "1.227",
                "sample_cost": "1.227",
                "currency": "USD",
                "period_start": time.strftime("%Y-%m-01T00:00:00Z", time.gmtime()),
            },
        )
        self.assertEqual(
            list(answer.json()),
            ["machine_id", "total_cost", "sample_cost", "currency", "period_start"],
        )
        row = rows[0]
        self.assertEqual(
            {k: str(row[k]) for k in ("machine_id", "cpu_usage", "memory_usage", "total_cost")},
            {
                "machine_id": "Machine_B",
                "cpu_usage": "12.3",
                "memory_usage": "61.2",
                "total_cost": "1.227",
            },
        )
        self.assertLess(abs(int(row["timestamp"]) - time.time()), 60)
        # Since its sender stamped it: on the broker it was while kcat still ran.
        [record] = capture.capture_topic(self.broker.bootstrap, "resource_usage")
        self.assertLessEqual(seen_ms - record["timestamp_ms"], 1000)

        worker.kill()
        self.kcat("resource_usage", [MESSAGE] * 999)
        started = time.monotonic()
        worker.start().wait_ready(5)
        ready_s = time.monotonic() - started
        self.assertLessEqual(ready_s, 5)
        wait_until(
            lambda: sum(worker.counts().values()) >= 1000, 5 - ready_s, "1000 messages read"
        )
        self.assertEqual(str(worker.cost("Machine_B")), "1227")
        self.assertEqual(worker.counts(), {"applied": 1000, "repeated": 0, "quarantined": 0})
        self.assert_bills_equal(
            worker, capture.capture_topic(self.broker.bootstrap, "resource_usage")
        )

        # Stopped in good order and started again: still none twice.
        self.assertEqual(worker.stop(), 0)
        worker.start().wait_ready(5)
        self.assertEqual(
            (str(worker.cost("Machine_B")), worker.counts()["applied"]), ("1227", 1000)
        )

    def test_an_unknown_machine_is_answered_as_the_prototype_did(self):
        worker = self.keep(Worker(self.scratch)).wait_ready()
        answer = worker.get("/api/cost/Machine_Z")
        self.assertEqual(
            (answer.status, answer.json()["error"]),
            (404, "No data found for machine_id: Machine_Z"),
        )

    def test_our_agents_messages_are_readable_by_who_knows_three_fields_only(self):
        self.broker.create_topic("readable")
        agent = self.keep(Agent(self.scratch, self.broker.url("readable"), machine="web-1"))
        records = wait_until(
            lambda: capture.capture_topic(self.broker.bootstrap, "readable"),
            20,
            "a message of the agent",
            0.5,
        )
        agent.stop()
        for record in records:
            sample = json.loads(base64.b64decode(record["value"]))
            self.assertEqual(sample["machine_id"], "web-1")
            self.assertEqual(base64.b64decode(record["key"]), b"web-1")
            for field in ("cpu_usage", "memory_usage"):
                self.assertTrue(0 <= sample[field] <= 100, sample)


if __name__ == "__main__":
    unittest.main()
