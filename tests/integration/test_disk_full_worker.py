"""The disk of the worker's ledger full, again and again, under load: nothing is accepted that
cannot be kept, everything resumes by itself, and the bill is the recount's."""


import unittest

from harness import Agent, ProgramTest, Worker, wait_until
import capture
from http_capture import HttpCapture
from kafka_broker import KafkaBroker
from load import HttpLoad, KafkaLoad, now_text, usage_event
from recount import recount
from small_disk import SmallDisk, own_mounts

ROUNDS, PARTITIONS, TOPIC = 4, 2, "full"
DISK_BYTES = 48 * 2**20


class DiskFullWorkerTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.disk = SmallDisk(self.scratch / "worker-state", DISK_BYTES)
        self.addCleanup(self.disk.close)
        self.broker = KafkaBroker().start()
        self.addCleanup(self.broker.close)
        self.broker.create_topic(TOPIC, PARTITIONS)
        self.worker = self.keep(
            Worker(self.scratch, kafka=self.broker.url(TOPIC), evidence__max_bytes="1MiB")
        ).wait_ready()

    def sources(self):
        return {source["name"]: source for source in self.worker.status()["sources"]}

    def wait_for_progress(self, what):
        before = {name: int(source["counts"]["read"]) for name, source in self.sources().items()}
        wait_until(
            lambda: all(
                int(source["counts"]["read"]) > before[name]
                for name, source in self.sources().items()
            ),
            15,
            f"both sources read on {what}",
        )

    def wait_until_full(self):
        def full():
            self.disk.fill()  # The write-ahead log may have had room of its own.
            return not self.worker.ready()

        wait_until(full, 20, "the worker notices its full disk")

    def post_alone(self, identity):
        event = usage_event(
            "never-kept",
            identity,
            {
                "scope": "machine",
                "meter": "frames",
                "quantity": "1",
                "unit": "unit",
                "time": now_text(),
            },
        )
        return self.worker.post([event])

    def check_full(self, identity):
        def told():
            # One that has just started connects first: its first write finds the disk full.
            answer = self.worker.get("/readyz")
            self.assertEqual(answer.status, 503)
            reason = answer.json()["reason"]
            return reason if "disk full since" in reason else None

        reason = wait_until(told, 15, "the full disk is the reason")
        self.assertIn("free space", reason)
        answer = self.post_alone(identity)
        self.assertEqual(answer.status, 503)
        self.assertGreater(int(answer.headers["Retry-After"]), 0)
        self.assertIsNone(answer.headers["MeterBill-Result"])
        status = self.worker.status()
        self.assertEqual((status["ready"], status["reason"]), (False, reason))
        for source in status["sources"]:
            self.assertFalse(source["ready"], source["name"])

    def test_nothing_acknowledged_is_lost_over_rounds_of_a_full_disk(self):
        proxy = HttpCapture(self.worker.port)
        self.addCleanup(proxy.close)
        by_http = self.keep(Agent(self.scratch, proxy.url, "by-http", "by-http"))
        by_kafka = self.keep(Agent(self.scratch, self.broker.url(TOPIC), "by-kafka", "by-kafka"))
        seed = self.random.getrandbits(64)
        loads = [KafkaLoad(self.broker, TOPIC, PARTITIONS, seed).start()]
        for number in range(ROUNDS):
            # Until here nearly every batch that the disk refuses is one of Kafka's.
            if number == ROUNDS // 2:
                loads.append(HttpLoad(proxy.port, seed).start())
            self.wait_for_progress(f"in round {number}")
            self.wait_until_full()
            self.check_full(f"full-{number}")
            if number == ROUNDS - 1:
                # Killed with a full disk, and started again on it.
                self.worker.kill()
                self.worker.start().wait_answers()
                self.check_full(f"full-{number}-again")
            self.disk.free()
            wait_until(self.worker.ready, 15, "ready once there is space")
        self.wait_for_progress("afterwards")
        for load in loads:
            load.finish()
        self.assertEqual((by_http.stop(), by_kafka.stop()), (0, 0))

        posts = proxy.posts()
        topic = capture.capture_topic(self.broker.bootstrap, TOPIC)
        refused = [post for post in posts if post["status"] == 503]
        self.assertGreaterEqual(len(refused), ROUNDS, "the disk was never full for the load")
        self.assert_bills_equal(self.worker, posts + topic)
        self.assertIsNone(self.worker.cost("never-kept"))
        # What was answered 503 was not read at all, what was answered 204 exactly once.
        kept = [post for post in posts if post["status"] == 204]
        unknown = [post for post in posts if post["status"] is None]
        self.assertLessEqual(len(unknown), 2 * 2, "only the kill leaves requests without an answer")
        read = {name: int(source["counts"]["read"]) for name, source in self.sources().items()}
        self.assertEqual(read["kafka"], sum(recount(topic).counts.values()))
        least = sum(recount(kept).counts.values())
        self.assertGreaterEqual(read["http"], least)
        self.assertLessEqual(read["http"], least + sum(recount(unknown).counts.values()))
        print(
            f"requests: {len(kept)} kept, {len(refused)} refused; records: {len(topic)}", flush=True
        )

    def test_a_ledger_that_a_full_disk_has_no_room_for_says_so(self):
        disk = SmallDisk(self.scratch / "new-state", 2**20)
        self.addCleanup(disk.close)
        disk.fill()
        new = self.keep(Worker(self.scratch, "new"))
        wait_until(lambda: not new.running(), 15, "a start without room ends")
        self.assertRegex(new.log(), "open ledger .*the disk is full: free space and start again")
        disk.free()
        new.start().wait_ready()


if __name__ == "__main__":
    own_mounts()
    unittest.main()
