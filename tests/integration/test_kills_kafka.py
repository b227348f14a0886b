"""SIGKILL of worker and agent over Kafka, under load; afterwards every bill equals the recount of
what the topic holds."""

import time
import unittest

from harness import Agent, ProgramTest, Worker, wait_until
import capture
from kafka_broker import KafkaBroker
from kills import AGENT_WHEN, WORKER_WHEN, AgentTruth, Kills
from load import KafkaLoad

PARTITIONS = 3


class KillsKafkaTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.broker = KafkaBroker().start()
        cls.addClassCleanup(cls.broker.close)

    def assert_topic_billed(self, worker, topic):
        records = capture.capture_topic(self.broker.bootstrap, topic)
        counted = self.assert_bills_equal(worker, records, timeout_s=60)
        # Every item ends as exactly one of the three, however often the worker died on it.
        self.assertEqual(sum(worker.counts().values()), sum(counted.counts.values()))
        self.assertEqual(worker.counts()["quarantined"], counted.counts["quarantined"])
        return counted

    def test_a_worker_killed_under_load_bills_what_the_topic_holds(self):
        self.broker.create_topic("worker_kills", PARTITIONS)
        worker = self.keep(Worker(self.scratch, kafka=self.broker.url("worker_kills"))).wait_ready()
        load = KafkaLoad(
            self.broker, "worker_kills", PARTITIONS, self.random.getrandbits(64)
        ).start()
        agent = self.keep(Agent(self.scratch, self.broker.url("worker_kills"), machine="real-1"))
        Kills(self, worker, WORKER_WHEN, pause_s=1.0).run()
        load.finish()
        agent.stop()
        self.assert_topic_billed(worker, "worker_kills")

    def test_an_agent_killed_under_load_sends_what_the_host_used(self):
        self.broker.create_topic("agent_kills", PARTITIONS)
        worker = self.keep(Worker(self.scratch, kafka=self.broker.url("agent_kills"))).wait_ready()
        truth = AgentTruth(time.monotonic)
        agent = self.keep(Agent(self.scratch, self.broker.url("agent_kills"), machine="real-1"))
        Kills(self, agent, AGENT_WHEN, pause_s=2.0).run()
        before = sum(worker.counts().values())
        wait_until(
            lambda: sum(worker.counts().values()) >= before + 3, 20, "more of the agent's readings"
        )
        self.assertEqual(agent.stop(), 0)
        counted = self.assert_topic_billed(worker, "agent_kills")
        self.assertEqual(counted.counts["quarantined"], 0)
        truth.check(self, counted, "real-1")


if __name__ == "__main__":
    unittest.main()
