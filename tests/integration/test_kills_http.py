"""SIGKILL of worker and agent over HTTP, under load; afterwards every bill equals the recount of
what a proxy captured."""

import time
import unittest

from harness import Agent, ProgramTest, Worker, wait_until
from http_capture import HttpCapture
from kills import AGENT_WHEN, WORKER_WHEN, AgentTruth, Kills
from load import HttpLoad


class KillsHttpTest(ProgramTest):
    def start_worker(self):
        worker = self.keep(Worker(self.scratch)).wait_ready()
        proxy = HttpCapture(worker.port, self.scratch / "capture.jsonl")
        self.addCleanup(proxy.close)
        return worker, proxy

    def test_a_worker_killed_under_load_bills_what_was_sent(self):
        worker, proxy = self.start_worker()
        loads = [
            HttpLoad(proxy.port, self.random.getrandbits(64), prefix).start()
            for prefix in ("blue", "green")
        ]
        agent = self.keep(Agent(self.scratch, proxy.url, machine="real-1"))
        Kills(self, worker, WORKER_WHEN, pause_s=1.0).run(meanwhile=lambda: proxy.order("drop", 2))
        for load in loads:
            load.finish()

        # A stop waits for no worker that is away: what the agent sent last and nobody took would
        # be in the recount alone. Each reading says what those before it said.
        def answered():
            return sum(post["outcome"] == "answered" for post in proxy.posts())

        before = answered()
        wait_until(lambda: answered() > before, 30, "an answer to the agent")
        self.assertEqual(agent.stop(), 0)
        posts = proxy.posts()
        lost = sum(e["outcome"] in ("lost", "dropped") for e in posts)
        print(f"{len(posts)} requests, {lost} of them without an answer", flush=True)
        self.assertGreater(lost, 0)
        self.assert_bills_equal(worker, posts)

    def test_an_agent_killed_under_load_sends_what_the_host_used(self):
        worker, proxy = self.start_worker()
        truth = AgentTruth(time.monotonic)
        agent = self.keep(Agent(self.scratch, proxy.url, machine="real-1"))
        Kills(self, agent, AGENT_WHEN, pause_s=2.0).run()
        seen = len(proxy.posts())
        wait_until(lambda: len(proxy.posts()) >= seen + 3, 20, "more of the agent's messages")
        self.assertEqual(agent.stop(), 0)
        counted = self.assert_bills_equal(worker, proxy.posts())
        self.assertEqual(counted.counts["quarantined"], 0)
        truth.check(self, counted, "real-1")


if __name__ == "__main__":
    unittest.main()
