"""Killing a program again and again, at random moments and inside transactions, with proof of where
it was hit."""

import threading

from kill_points import SYNC, WRITE

# Seven aimed inside a transaction, of which at least three must prove to have hit; six at random.
AIMED, RANDOM_KILLS, HITS_MIN, KILLS_MIN = [WRITE, SYNC, WRITE, SYNC, WRITE, SYNC, WRITE], 6, 3, 10


class Kills:
    """`when_max`: how many writes and syncs on the write-ahead log an aimed kill lets pass at
    most."""

    def __init__(self, test, service, when_max, pause_s):
        self._test, self._service = test, service
        self._when_max, self._pause_s = when_max, pause_s
        self.kills, self.hits = 0, {WRITE: 0, SYNC: 0}

    def run(self, meanwhile=lambda: None):
        """`meanwhile` is called while the program is down."""
        random = self._test.random
        plan = AIMED + [None] * RANDOM_KILLS
        random.shuffle(plan)
        for call in plan:
            self._service.wait_ready(30)
            if call:
                # A sync proves a transaction only together with the write before it: the first one
                # seen never does.
                when = random.randrange(2 if call == SYNC else 1, self._when_max[call] + 1)
                self.hits[call] += self._service.kill_at(call, when)
            else:
                threading.Event().wait(random.random() * self._pause_s)
                self._service.kill()
            self.kills += 1
            meanwhile()
            self._service.start()
        self._service.wait_ready(30)
        print(
            f"{self._service.name}: {self.kills} kills; proven inside a transaction: {self.hits}",
            flush=True,
        )
        self._test.assertGreaterEqual(self.kills, KILLS_MIN)
        self._test.assertGreaterEqual(sum(self.hits.values()), HITS_MIN)


WORKER_WHEN = {WRITE: 120, SYNC: 12}
# An agent commits once a tick.
AGENT_WHEN = {WRITE: 8, SYNC: 3}


def cpu_busy_us():
    """What the kernel says all processors were busy, without waiting for disks; in whole ticks of
    10 ms."""
    with open("/proc/stat", encoding="ascii") as stat:
        user, nice, system, _idle, _iowait, irq, softirq, steal = (
            int(n) for n in stat.readline().split()[1:9]
        )
    return (user + nice + system + irq + softirq + steal) * 10_000


class AgentTruth:
    """What the host did between two moments, to compare an agent's readings with: the recount shows
    that nothing was lost after the agent; this shows that nothing was lost, or counted twice, in
    it."""

    def __init__(self, clock):
        self._clock = clock
        self._start_s, self._busy_us = clock(), cpu_busy_us()

    def check(self, test, counted, machine, slack_s=6):
        elapsed_us, busy_us = (self._clock() - self._start_s) * 10**6, cpu_busy_us() - self._busy_us
        used = {}
        for scope, _labels, _slot, meter, base in counted.usage(machine):
            if scope == "machine":
                used[meter] = used.get(meter, 0) + int(base)
        slack_us = slack_s * 10**6
        test.assertLessEqual(used["uptime"], elapsed_us)
        test.assertGreaterEqual(used["uptime"], elapsed_us - slack_us)
        # Two processors may be busy all through the slack at either end; steal and guest time may
        # be counted otherwise.
        test.assertLessEqual(used["cpu"], busy_us + slack_us)
        test.assertGreaterEqual(used["cpu"], busy_us * 0.9 - 2 * slack_us)
