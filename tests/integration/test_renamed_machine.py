"""A machine gets another name on the same state directory: what was used under the old name stays
there, also when it is sent, or sent again, by a run under the new one."""

import subprocess
import time
import unittest

from harness import Agent, ProgramTest, Worker, program, wait_until
from http_capture import HttpCapture
from recount import recount
from recount_wire import items_of

OLD, NEW = "r1", "r2"
SLACK_US = 6 * 10**6


def machines_of_epochs(records):
    """epoch → names it was sent under, in all captured readings."""
    found = {}
    for record in records:
        for item in items_of(record, time.time_ns() // 1000):
            if item.kind == "reading":
                found.setdefault(item.epoch, set()).add(item.machine)
    return found


def uptime_us(counted):
    return {
        name: sum(int(base) for *_, meter, base in counted.usage(name) if meter == "uptime")
        for name in counted.machines
    }


class RenamedMachineTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.worker = self.keep(Worker(self.scratch)).wait_ready()
        self.proxy = HttpCapture(self.worker.port)
        self.addCleanup(self.proxy.close)
        self.agent = Agent(self.scratch, self.proxy.url, machine=OLD)

    def uptime_s(self):
        return sum(uptime_us(recount(self.proxy.posts())).values()) / 10**6

    def wait_metered(self, seconds):
        wait_until(lambda: self.uptime_s() >= seconds, 30, f"{seconds} s of uptime", 0.2)

    def send_again(self):
        control = self.agent.options["agent.control"]
        subprocess.run(
            [program("meterbill"), "agent", "send", "--again", "--control", control],
            check=True,
            capture_output=True,
            timeout=60,
        )
        wait_until(lambda: int(self.agent.status()["spool"]["waiting"]) <= 1, 20, "sent again")

    def test_what_was_used_under_the_old_name_is_billed_there_and_nowhere_else(self):
        began_s = time.monotonic()
        self.keep(self.agent).wait_ready()
        self.wait_metered(3)
        # What is metered from here on is sent by the run under the new name.
        self.proxy.refuse_connections()
        wait_until(lambda: self.agent.status()["sending"]["outage"], 20, "the agent notices")
        self.agent.kill()
        self.proxy.accept_connections()
        self.agent.options["agent.machine_id"] = NEW
        self.agent.start().wait_ready()
        self.wait_metered(8)
        self.send_again()
        self.assertEqual(self.agent.stop(), 0)
        elapsed_us = (time.monotonic() - began_s) * 10**6

        posts = self.proxy.posts()
        epochs = machines_of_epochs(posts)
        self.assertEqual(sorted(map(sorted, epochs.values())), [[OLD], [NEW]])
        counted = self.assert_bills_equal(self.worker, posts)
        self.assertEqual(counted.counts["quarantined"], 0)
        uptime = uptime_us(counted)
        self.assertEqual(sorted(uptime), [OLD, NEW])
        self.assertGreater(uptime[OLD], 3 * 10**6)
        self.assertLessEqual(sum(uptime.values()), elapsed_us, uptime)
        self.assertGreaterEqual(sum(uptime.values()), elapsed_us - SLACK_US, uptime)


if __name__ == "__main__":
    unittest.main()
