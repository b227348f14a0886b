"""An agent that is started again and again, and one that is down while the host works: nothing is
lost, nothing is billed twice, and what had to be bridged is shown as estimated."""

import json
import resource
import signal
import subprocess
import sys
import time
import unittest

from harness import Agent, ProgramTest, Worker, wait_until
from counter_truth import CounterTruth, SpoolCopy
from http_capture import HttpCapture
from stepped_clock import SLOT_S, SteppedClock, offset_into_slot

MACHINE = "test-1"
STARTS, STARTS_MAX = 30, 16
BURN_S = 2


class RestartsTest(ProgramTest):
    def start_worker(self, clock=None):
        worker = self.keep(Worker(self.scratch, clock=clock)).wait_ready()
        proxy = HttpCapture(worker.port, time_ns=clock.time_ns if clock else time.time_ns)
        self.addCleanup(proxy.close)
        return worker, proxy

    @staticmethod
    def tick_state(agent):
        """None before the first tick."""
        metering = agent.status()["metering"]
        return metering["state"] if metering["last_tick"] else None

    def start_once(self, agent):
        """Starts it, and returns the state of a tick that was taken."""
        agent.start()
        wait_until(agent.responds, 15, "an answer")
        return wait_until(lambda: self.tick_state(agent), 15, "a tick")

    def test_thirty_starts_in_one_slot_lose_nothing(self):
        # The clock stands a minute into a slot; the slot's end is not waited for.
        clock = SteppedClock(self.scratch / "clock", offset_into_slot(60))
        worker, proxy = self.start_worker(clock)
        agent = Agent(self.scratch, proxy.url, machine=MACHINE, clock=clock)
        self.addCleanup(lambda: agent.running() and agent.kill())
        truth = CounterTruth(agent)
        states = []
        for start in range(STARTS):
            states.append(self.start_once(agent))
            if start == 0:
                truth.started()
            end = agent.kill if self.random.random() < 0.5 else agent.stop
            self.assertIn(end(), (0, -signal.SIGKILL))
        self.assertEqual(
            states, ["metered"] * STARTS_MAX + ["too_many_starts"] * (STARTS - STARTS_MAX)
        )
        self.assertEqual(len(SpoolCopy(agent).epochs), STARTS_MAX)

        self.assertEqual(self.start_once(agent), "too_many_starts")
        self.assertIn("too many starts", agent.status()["reason"])
        clock.step(SLOT_S - 2 - clock.time_ns() // 10**9 % SLOT_S)
        wait_until(lambda: self.tick_state(agent) == "metered", 10, "the next slot")
        seen = len(proxy.posts())
        wait_until(lambda: len(proxy.posts()) >= seen + 2, 10, "messages")
        self.assertEqual(truth.stop_agent(), 0)

        counted = self.assert_bills_equal(worker, proxy.posts())
        self.assertEqual(counted.counts["quarantined"], 0)
        truth.check(self, worker.usage()[MACHINE])
        machine = counted.machines[MACHINE]
        # The sixteen of the slot, and the one of the next slot that bridges the time since.
        self.assertLessEqual(max(map(len, machine.slots.values())), STARTS_MAX + 1)
        self.assertEqual(worker.status()["conflict"], [])

    def test_what_the_host_used_while_the_agent_was_down_is_billed_once_as_estimated(self):
        worker, proxy = self.start_worker()
        agent = Agent(self.scratch, proxy.url, machine=MACHINE)
        truth = CounterTruth(agent)
        self.keep(agent).wait_ready()
        truth.started()
        wait_until(lambda: len(proxy.posts()) >= 2, 20, "messages")
        agent.kill()
        down_since = time.monotonic()
        burned_us = burn(BURN_S)
        agent.start().wait_ready()
        down_us = int((time.monotonic() - down_since) * 10**6)
        seen = len(proxy.posts())
        wait_until(lambda: len(proxy.posts()) >= seen + 2, 20, "messages")
        self.assertEqual(truth.stop_agent(), 0)

        counted = self.assert_bills_equal(worker, proxy.posts())
        truth.check(self, worker.usage()[MACHINE])
        rows = [row for slot in counted.machines[MACHINE].slots.values() for row in slot.values()]
        bridged = [row for row in rows if row.cover["estimated_us"]]
        self.assertGreaterEqual(sum(row.used["machine"]["cpu"] for row in bridged), burned_us)
        estimated_us = sum(row.cover["estimated_us"] for row in rows)
        # From the last tick before the kill, at most two intervals earlier, to the first one after.
        self.assertGreaterEqual(estimated_us, BURN_S * 10**6)
        self.assertLessEqual(estimated_us, down_us + 2 * 10**6)

        (bill,) = json.loads(worker.cli("bill", "show", "--json"))["machines"]
        coverage = bill["coverage"]
        self.assertEqual(int(coverage["estimated_us"]), estimated_us)
        self.assertEqual(
            int(coverage["metered_us"]), sum(row.cover["metered_us"] for row in rows)
        )
        self.assertEqual(int(coverage["off_us"]), 0)
        self.assertNotRegex(worker.cli("bill", "show"), r"estimated 0\.00 h")


def burn(seconds):
    """Keeps one processor busy in a process of its own; the CPU time that took, in µs, as the
    kernel says."""

    def used():
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return children.ru_utime + children.ru_stime

    before = used()
    code = f"import time\nwhile time.process_time() < {seconds}: pass"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    return int((used() - before) * 10**6)


if __name__ == "__main__":
    unittest.main()
