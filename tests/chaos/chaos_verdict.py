"""What must hold when all faults are over and everything that was sent has arrived."""

import time
from unittest import TestCase

import harness
import recount
from chaos_bed import PARTITIONS, RECOVERY_S
from counter_truth import totals_of
from processes import Timeout, wait_until

BILLS_S = 60


class Verdict:
    """`failures` is empty when all is well."""

    def __init__(self, bed, evidence):
        self.bed, self.evidence, self.failures = bed, evidence, []
        self.figures = {}

    def reach(self):
        """REQUIRES: the load is over, the agents are stopped."""
        self.evidence.capture()
        self._check_end()
        self._check_gaps()
        self._check_bills()
        self._check_counts()
        self._check_agents()
        lost = self.evidence.lost_acknowledged()
        self._check(not lost, f"{len(lost)} acknowledged messages are not in the topic: {lost[:5]}")
        return self

    def _check(self, holds, what):
        if not holds:
            self.failures.append(what)

    def _check_end(self):
        """Everything is read to its end, and the worker says so."""
        ends = self.evidence.ends()

        def at_end():
            shown = {int(p["partition"]): p for p in self.bed.kafka()["partitions"]}
            return self.bed.worker.ready() and all(
                int(shown[p]["next_offset"]) == ends[p] and shown[p]["state"] == "running"
                for p in range(PARTITIONS)
            )

        try:
            wait_until(at_end, RECOVERY_S, "the end of the topic", 0.2)
        except Timeout as timeout:
            shown = self.bed.kafka()
            self.failures.append(f"{timeout}: the topic ends at {ends}, the worker says {shown}")

    def _check_gaps(self):
        """Whatever happened to the worker since, its ledger names what retention took: exactly."""
        said = self.bed.gaps()
        self._check(
            said == self.evidence.gaps,
            f"gaps (incarnation, partition, from, to): {said}, but they are {self.evidence.gaps}",
        )

    def _check_bills(self):
        self.posts = self.bed.capture.posts()
        self.records = self.evidence.billed()
        counted = recount.recount(self.records + self.posts, now_us=time.time_ns() // 1000)
        usage, costs, expected = harness.bill_differences(self.bed.worker, counted, BILLS_S)
        wrong = {
            name: f"{costs[name]} instead of {cost}"
            for name, cost in expected.items()
            if costs[name] != cost
        }
        self._check(not usage, f"usage differs, the first rows: {usage}")
        self._check(not wrong, f"costs differ: {wrong}")
        self.figures = {
            "machines": len(expected),
            "records": len(self.records),
            "requests": len(self.posts),
            "unread": len(self.evidence.unread),
            "put aside": self.evidence.put_aside(),
        }

    def _check_counts(self):
        """Every item that was read ended as exactly one of applied, repeated and quarantined."""
        sources = {s["name"]: s["counts"] for s in self.bed.worker.status()["sources"]}
        of_topic = recount.recount(self.records).counts
        aside = self.evidence.put_aside()
        for name, expected in (
            ("read", sum(of_topic.values()) + aside),
            ("quarantined", of_topic["quarantined"] + aside),
        ):
            said = int(sources["kafka"][name])
            self._check(said == expected, f"{name} of Kafka: {said}, but it is {expected}")
        answered = [post for post in self.posts if post["status"] == 204]
        unknown = [post for post in self.posts if post["forwarded"] and post["status"] is None]
        least = sum(recount.recount(answered).counts.values())
        most = least + sum(recount.recount(unknown).counts.values())
        said = int(sources["http"]["read"])
        self._check(least <= said <= most, f"read by HTTP: {said}, not {least} to {most}")
        self._check(int(sources["http"]["quarantined"]) == 0, "something by HTTP was quarantined")

    def _check_agents(self):
        """What the kernel counted, exactly; by Kafka no more than that, for records are lost with
        a topic."""
        usage = self.bed.worker.usage()
        for agent, truth in self.bed.truths.items():
            rows = usage.get(agent.machine, [])
            if agent.options["agent.sink"].startswith("http:"):
                try:
                    truth.check(TestCase(), rows)
                except (AssertionError, KeyError) as difference:
                    self.failures.append(f"{agent.name} against the kernel: {difference}")
            else:
                for meter, most in truth.counted().items():
                    used = totals_of(rows).get(meter, 0)
                    self._check(used <= most, f"{agent.name} used {meter} {used} of {most}")
