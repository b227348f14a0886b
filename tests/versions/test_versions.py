"""Our programs beside those of an older version, and in their place: usage is billed once and right
whichever of the two sends, takes and keeps it. METERBILL_OLDER is the folder of the older ones."""

import hashlib
import os
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "integration"), str(ROOT / "tests" / "support")]
from counter_truth import CounterTruth
from harness import Agent, ProgramTest, Worker, bin_dir, wait_until
from http_capture import HttpCapture
from kafka_broker import KafkaBroker
import capture

OLDER = pathlib.Path(os.environ["METERBILL_OLDER"])
OURS = bin_dir()
BOTH = {"older": OLDER, "ours": OURS}


class VersionsTest(ProgramTest):
    def worker(self, programs, **options):
        worker = Worker(self.scratch, **options)
        worker.programs = programs
        return self.keep(worker).wait_ready()

    def agent(self, programs, sink, name):
        """Not started yet."""
        agent = Agent(self.scratch, sink, name=name, machine=name)
        agent.programs = programs
        self.addCleanup(lambda: agent.running() and agent.kill())
        return agent

    def metering(self, agent, truth, upgraded=False):
        agent.start().wait_ready()
        wait_until(lambda: agent.status()["metering"]["last_tick"], 15, "a tick")
        if not upgraded:
            truth.started()

    def proxy(self, worker):
        proxy = HttpCapture(worker.port)
        self.addCleanup(proxy.close)
        return proxy

    def taken(self, proxy, count):
        """That many more messages went through."""
        seen = len(proxy.posts())
        wait_until(lambda: len(proxy.posts()) >= seen + count, 20, f"{count} messages")

    def assert_all_taken(self, worker, records):
        counted = self.assert_bills_equal(worker, records)
        self.assertEqual(counted.counts["quarantined"], 0)
        self.assertEqual(worker.counts()["quarantined"], 0)

    def test_the_two_are_not_the_same(self):
        for name in ("meterbill", "meterbill-agent", "meterbill-worker"):
            one, other = ((at / name).read_bytes() for at in BOTH.values())
            self.assertNotEqual(one, other, name)

    def test_both_workers_bill_what_both_agents_send(self):
        for takes, programs in BOTH.items():
            with self.subTest(worker=takes):
                worker = self.worker(programs, name=f"worker-{takes}")
                proxy = self.proxy(worker)
                agents = [self.agent(at, proxy.url, f"{sends}-to-{takes}")
                          for sends, at in BOTH.items()]
                truths = [CounterTruth(agent) for agent in agents]
                for agent, truth in zip(agents, truths):
                    self.metering(agent, truth)
                self.taken(proxy, 8)
                self.assertEqual([truth.stop_agent() for truth in truths], [0, 0])
                self.assert_all_taken(worker, proxy.posts())
                for agent, truth in zip(agents, truths):
                    truth.check(self, worker.usage()[agent.machine])

    def test_both_workers_bill_what_both_agents_send_over_kafka(self):
        broker = KafkaBroker(self.scratch / "broker")
        self.addCleanup(broker.close)
        broker.start()
        broker.create_topic()
        workers = [self.worker(at, name=f"worker-{name}", kafka=broker.url())
                   for name, at in BOTH.items()]
        agents = [self.agent(at, broker.url(), name) for name, at in BOTH.items()]
        truths = [CounterTruth(agent) for agent in agents]
        for agent, truth in zip(agents, truths):
            self.metering(agent, truth)
        for agent in agents:
            wait_until(lambda a=agent: workers[0].cost(a.machine), 30, f"a cost of {agent.machine}")
        self.assertEqual([truth.stop_agent() for truth in truths], [0, 0])
        records = capture.capture_topic(broker.bootstrap, "resource_usage")
        for worker in workers:
            self.assert_all_taken(worker, records)
            for agent, truth in zip(agents, truths):
                truth.check(self, worker.usage()[agent.machine])

    def test_an_upgraded_agent_sends_what_the_older_one_kept(self):
        worker = self.worker(OURS)
        proxy = self.proxy(worker)
        proxy.refuse_connections()
        agent = self.agent(OLDER, proxy.url, "upgraded")
        truth = CounterTruth(agent)
        self.metering(agent, truth)
        wait_until(lambda: int(agent.status()["spool"]["waiting"]) > 0, 15, "a waiting row")
        agent.stop()
        agent.programs = OURS
        proxy.accept_connections()
        self.metering(agent, truth, upgraded=True)
        self.taken(proxy, 2)
        self.assertEqual(truth.stop_agent(), 0)
        self.assert_all_taken(worker, proxy.posts())
        truth.check(self, worker.usage()[agent.machine])

    def test_an_upgraded_worker_goes_on_with_the_older_ledger_and_leaves_the_way_back(self):
        worker = self.worker(OLDER)
        proxy = self.proxy(worker)
        agent = self.agent(OLDER, proxy.url, "billed")
        truth = CounterTruth(agent)
        self.metering(agent, truth)
        self.taken(proxy, 3)
        self.assertEqual(worker.stop(), 0)
        worker.programs = OURS
        worker.start().wait_ready()
        self.taken(proxy, 3)
        self.assertEqual(truth.stop_agent(), 0)
        self.assert_all_taken(worker, proxy.posts())
        truth.check(self, worker.usage()[agent.machine])

        self.assertEqual(worker.stop(), 0)
        ledger = worker.state_dir / "ledger.db"
        before = hashlib.sha256(ledger.read_bytes()).hexdigest()
        worker.programs = OLDER
        self.assertEqual(worker.start().wait_exit(15), 65)
        self.assertIn("install the program that wrote it", worker.log_tail())
        self.assertEqual(hashlib.sha256(ledger.read_bytes()).hexdigest(), before)
        # As the message says: the copy in its place. What came since is sent again, or is lost.
        copies = sorted(worker.state_dir.glob("ledger.db.before-*"))
        self.assertEqual(len(copies), 1, copies)
        for left in worker.state_dir.glob("ledger.db-*"):
            left.unlink()
        copies[0].rename(ledger)
        self.assertEqual(list(worker.start().wait_ready().usage()), [agent.machine])


if __name__ == "__main__":
    unittest.main()
