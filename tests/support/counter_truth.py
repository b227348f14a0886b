"""What an agent must have metered: its own checkpoints of the raw counters, and the host's counters
as they were around its first and its last tick. Shares no code with the programs."""

import os
import time

from database_copy import copied_database

_TICK_US = 10**6 // os.sysconf("SC_CLK_TCK")


def cpu_busy_us():
    """User, nice, system, irq and softirq time of all processors: what `cpu` counts."""
    with open("/proc/stat", encoding="ascii") as stat:
        fields = [int(n) for n in stat.readline().split()[1:8]]
    return sum(fields[i] for i in (0, 1, 2, 5, 6)) * _TICK_US


def host_counters():
    """Both in µs. A test machine is not suspended: it is up for as long as its boot clock says."""
    return {"cpu": cpu_busy_us(), "uptime": time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000}


class SpoolCopy:
    """An agent's spool at one moment."""

    def __init__(self, agent):
        with copied_database(agent, "spool.db") as db:
            self._checkpoints = db.execute("SELECT cpu_busy_us, boot_us FROM checkpoint").fetchall()
            self._used = db.execute("SELECT used FROM rows WHERE scope='machine'").fetchall()
            ((self.waiting,),) = db.execute(
                "SELECT count(*) FROM rows WHERE version>acknowledged AND aside IS NULL"
            ).fetchall()
            self.epochs = db.execute("SELECT epoch FROM epochs ORDER BY id").fetchall()

    def checkpoint(self):
        """The raw counters up to which everything is booked; None before the first tick."""
        return dict(zip(("cpu", "uptime"), self._checkpoints[0])) if self._checkpoints else None

    def booked(self, meter):
        totals = [dict(entry.split("=") for entry in used.split(",")) for used, in self._used]
        return sum(int(total[meter]) for total in totals)


class CounterTruth:
    """Begins before the agent's first tick; `check` compares what was billed with

    - exactly, the raw counter of the last tick less that of the first, as the agent kept them;
    - the host's own counters, read before and after either tick: a bracket that is slack by one
      tick of the kernel for each of its five kinds of CPU time.
    """

    def __init__(self, agent):
        self._agent, self._around_first, self._around_last = agent, [host_counters()], []
        self._first = self._last = None

    def started(self):
        """The first tick was taken."""
        spool = SpoolCopy(self._agent)
        self._around_first.append(host_counters())
        self._first = {m: raw - spool.booked(m) for m, raw in spool.checkpoint().items()}

    def stop_agent(self, start_again=None):
        """Its exit code. A stop waits a moment for the sink and no longer: where that may have been
        too slow, `start_again` starts an agent that sends what is left."""
        for _ in range(4):
            self._around_last = [host_counters()]
            code = self._agent.stop()
            self._around_last.append(host_counters())
            spool = SpoolCopy(self._agent)
            self._last = spool.checkpoint()
            if code or not spool.waiting or not start_again:
                break
            start_again()
        return code

    def counted(self):
        """meter → what the raw counter grew by from the first tick to the last."""
        return {meter: self._last[meter] - self._first[meter] for meter in self._first}

    def check(self, test, usage):
        """`usage`: rows of the machine as `Worker.usage` has them."""
        used = totals_of(usage)
        for meter, slack in (("cpu", 5 * _TICK_US), ("uptime", 0)):
            test.assertEqual(used[meter], self.counted()[meter], meter)
            least = self._around_last[0][meter] - self._around_first[1][meter] - slack
            most = self._around_last[1][meter] - self._around_first[0][meter] + slack
            test.assertTrue(least <= used[meter] <= most, (meter, least, used[meter], most))
        test.assertEqual(used["cpu_capacity"], used["uptime"] * os.cpu_count())


def totals_of(usage):
    """meter → base units of the machine itself, over all slots."""
    used = {}
    for scope, _labels, _slot, meter, base in usage:
        if scope == "machine":
            used[meter] = used.get(meter, 0) + int(base)
    return used
