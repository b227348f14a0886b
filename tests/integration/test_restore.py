"""Yesterday's copy of the ledger put back: Kafka is read again from its positions by itself, agents
send again what was acknowledged since, and the bill is the recount's."""

import shutil
import subprocess
import unittest

from harness import Agent, ProgramTest, Worker, differences, program, wait_until
import capture
from http_capture import HttpCapture
from kafka_broker import KafkaBroker
from load import KafkaLoad
from recount import recount

PARTITIONS, TOPIC = 2, "kept"
AGENTS = 2


def capacity(usage):
    """The CPU capacity of a machine: it grows with every run."""
    return sum(int(base) for *_, meter, base in usage if meter == "cpu_capacity")


class RestoreTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.broker = KafkaBroker().start()
        self.addCleanup(self.broker.close)
        self.broker.create_topic(TOPIC, PARTITIONS)
        self.worker = self.keep(Worker(self.scratch, kafka=self.broker.url(TOPIC))).wait_ready()
        self.proxy = HttpCapture(self.worker.port)
        self.addCleanup(self.proxy.close)

    def operate(self, service, *command):
        control = service.options[f"{service.section}.control"]
        done = subprocess.run(
            [program("meterbill"), *command, "--control", control],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)

    def captured(self):
        return self.proxy.posts(), capture.capture_topic(self.broker.bootstrap, TOPIC)

    def acknowledged(self, agent):
        """Nothing of the agent waits, and something was sent: its spool says so."""
        status = agent.status()
        return status["sending"]["last_acknowledged"] and int(status["spool"]["waiting"]) <= 1

    def restart_all(self, agents):
        """The run that ends is acknowledged whole and never grows again."""
        for agent in agents:
            wait_until(lambda a=agent: self.acknowledged(a), 20, f"{agent.name} acknowledged")
            self.assertEqual(agent.stop(), 0)
            agent.start().wait_ready()

    def put_back(self, copy):
        """As docs/ledger.md says."""
        aside = self.scratch / "aside"
        aside.mkdir()
        for suffix in ("", "-wal", "-shm"):
            file = self.worker.state_dir / f"ledger.db{suffix}"
            if file.exists():
                shutil.move(file, aside)
        shutil.copy(copy, self.worker.state_dir / "ledger.db")

    def test_what_came_after_the_copy_comes_again(self):
        agents = [
            self.keep(
                Agent(self.scratch, self.proxy.url, f"agent-{n}", f"real-{n}")
            ).wait_ready()
            for n in range(AGENTS)
        ]
        load = KafkaLoad(
            self.broker, TOPIC, PARTITIONS, self.random.getrandbits(64), "before"
        ).start()
        self.restart_all(agents)
        wait_until(lambda: load.sent >= 200, 30, "two hundred messages")
        copy = self.scratch / "yesterday.db"
        self.operate(self.worker, "backup", str(copy))
        at_copy = len(self.proxy.posts())
        load.finish()

        load = KafkaLoad(
            self.broker, TOPIC, PARTITIONS, self.random.getrandbits(64), "after"
        ).start()
        self.restart_all(agents)  # A run that came and went after the copy.
        self.restart_all(agents)
        wait_until(lambda: load.sent >= 200, 30, "two hundred messages more")
        load.finish()
        self.assertGreater(len(self.proxy.posts()), at_copy)
        for agent in agents:
            self.operate(agent, "agent", "pause")

        self.assertEqual(self.worker.stop(), 0)
        self.put_back(copy)
        self.worker.start().wait_ready()

        # Kafka: by itself, and each item of the topic counts once.
        _, topic = self.captured()
        of_topic = recount(topic)
        wait_until(lambda: self.read("kafka") == sum(of_topic.counts.values()), 30, "Kafka again")
        ours = {name: rows for name, rows in self.worker.usage().items() if "real" not in name}
        theirs = {name: of_topic.usage(name) for name in of_topic.machines}
        self.assertEqual(differences(ours, theirs), [])

        # HTTP: what was acknowledged after the copy is missing until the agents send it again.
        posts, topic = self.captured()
        whole = recount(posts + topic)
        for agent in agents:
            self.assertLess(
                capacity(self.worker.usage()[agent.machine]), capacity(whole.usage(agent.machine))
            )
        for agent in agents:
            self.operate(agent, "agent", "resume")
            self.operate(agent, "agent", "send", "--again")
        wait_until(lambda: all(map(self.acknowledged, agents)), 20, "sent again")
        for agent in agents:
            self.assertEqual(agent.stop(), 0)
        posts, topic = self.captured()
        self.assert_bills_equal(self.worker, posts + topic)

    def read(self, name):
        source = next(s for s in self.worker.status()["sources"] if s["name"] == name)
        return int(source["counts"]["read"])

if __name__ == "__main__":
    unittest.main()
