"""The clock of an honest machine is set while it is metered: no conflict, no quantity changed. What
the worker refuses meanwhile is seen at the agent, and billed when its time has come."""

import base64
import json
import unittest

from harness import Agent, ProgramTest, Worker, wait_until
from counter_truth import CounterTruth
from http_capture import HttpCapture
from stepped_clock import SteppedClock, offset_into_slot

MINUTE, HOUR = 60, 3600
MACHINE = "test-1"


class ClockStepsTest(ProgramTest):
    def start(self, worker_offset_s=0, agent_offset_s=0):
        """A worker, and an agent whose clock can be set apart from the worker's."""
        worker_clock = SteppedClock(self.scratch / "worker.clock", worker_offset_s)
        worker = self.keep(Worker(self.scratch, clock=worker_clock)).wait_ready()
        proxy = HttpCapture(worker.port, time_ns=worker_clock.time_ns)
        self.addCleanup(proxy.close)
        agent_clock = SteppedClock(self.scratch / "agent.clock", agent_offset_s)
        agent = Agent(self.scratch, proxy.url, machine=MACHINE, clock=agent_clock)
        return worker, agent, proxy

    @staticmethod
    def epochs_sent(proxy):
        """epoch → messages of it that the worker has taken."""
        seen = {}
        for post in proxy.posts():
            for event in json.loads(base64.b64decode(post["body"])):
                epoch = event["data"]["epoch"]
                seen[epoch] = seen.get(epoch, 0) + 1
        return seen

    def wait_sent(self, agent, proxy, messages):
        """The running epoch has been sent so often."""
        epoch = agent.status()["epoch"]["id"]
        wait_until(lambda: self.epochs_sent(proxy).get(epoch, 0) >= messages, 20, "messages")

    def step(self, agent, proxy, seconds):
        """Sets the agent's clock, and lets it meter and send a while under it."""
        old = agent.status()["epoch"]["id"]
        agent.clock.step(seconds)
        wait_until(lambda: agent.status()["epoch"]["id"] != old, 10, f"an epoch after {seconds} s")
        self.wait_sent(agent, proxy, 2)

    def test_steps_of_50_s_10_min_and_3_h_make_no_conflict_and_change_no_quantity(self):
        # 20 s into a slot: the steps back go over its boundary, and time repeats.
        offset = offset_into_slot(20)
        worker, agent, proxy = self.start(offset, offset)
        truth = CounterTruth(agent)
        self.keep(agent).wait_ready()
        truth.started()
        self.wait_sent(agent, proxy, 2)
        for seconds in (-50, 50, -10 * MINUTE, 10 * MINUTE, 3 * HOUR, -3 * HOUR):
            self.step(agent, proxy, seconds)
            self.assertEqual(worker.status()["conflict"], [], f"after a step of {seconds} s")
        self.assertGreater(worker.counts()["quarantined"], 0, "slots 3 h ahead were not refused")

        # Three hours pass, for both: what was booked there can be sent now.
        worker.clock.step(3 * HOUR)
        self.step(agent, proxy, 3 * HOUR)
        self.assertEqual(truth.stop_agent(), 0)

        counted = self.assert_bills_equal(worker, proxy.posts())
        self.assertEqual(set(counted.reasons), {"future"})
        self.assertEqual(len(counted.machines[MACHINE].epochs), 8)
        truth.check(self, worker.usage()[MACHINE])
        self.assertEqual(worker.status()["conflict"], [])
        (bill,) = json.loads(worker.cli("bill", "show", "--json"))["machines"]
        self.assertEqual(bill["held"], [])

    def test_what_the_worker_refuses_is_in_the_agents_log_and_status_and_billed_later(self):
        worker, agent, proxy = self.start(agent_offset_s=3 * HOUR)
        truth = CounterTruth(agent)
        self.keep(agent).wait_ready()
        truth.started()
        wait_until(lambda: int(agent.status()["sending"]["quarantined"]) >= 2, 20, "refusals")
        self.assertGreater(int(agent.status()["sending"]["clock_ahead_ms"]), 3 * HOUR * 990)
        self.assertIn("the worker refused readings", agent.log())
        self.assertIn("this clock differs from the worker's", agent.log())
        status = worker.cli("status", "--agent", f"http://127.0.0.1:{agent.port}")
        self.assertRegex(status, r"refused [1-9]\d* readings")
        items = json.loads(worker.cli("quarantine", "list", "--json"))["items"]
        self.assertEqual({(i["machine"], i["reason"]) for i in items}, {(MACHINE, "future")})
        self.assertEqual(worker.usage(), {})

        self.step(agent, proxy, -3 * HOUR)
        self.assertIsNone(agent.status()["sending"]["clock_ahead_ms"])
        self.assertIn("this clock agrees with the worker's again", agent.log())
        self.assertGreater(int(agent.status()["spool"]["waiting"]), 0, "what lies ahead waits")
        worker.clock.step(3 * HOUR)
        self.step(agent, proxy, 3 * HOUR)
        self.assertEqual(truth.stop_agent(), 0)
        self.assert_bills_equal(worker, proxy.posts())
        truth.check(self, worker.usage()[MACHINE])


if __name__ == "__main__":
    unittest.main()
