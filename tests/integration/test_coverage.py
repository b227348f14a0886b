"""The time of machines, metered, estimated, off and missing: `usage --coverage` and the statement
say the same, and their shares add up."""

import csv
import io
import json
import re
import time
import unittest
from fractions import Fraction

from harness import Agent, ProgramTest, Worker, wait_until
from test_usage_fleet import SLOT_S, reading, slot_text

KINDS = ("metered", "estimated", "off", "missing")


class CoverageTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.worker = self.keep(Worker(self.scratch)).wait_ready()
        self.now = int(time.time()) // SLOT_S * SLOT_S
        self.first = self.now - 20 * SLOT_S
        days = slot_text(self.first)[:10], slot_text(self.now)[:10]
        self.period = days[0] if days[0] == days[1] else "..".join(days)

    def coverage(self, *flags):
        """machine → rows, or None of what is not known."""
        said = self.worker.cli("usage", "--coverage", "--period", self.period, "--json", *flags)
        return {m["machine"]: m["coverage"] for m in json.loads(said)["machines"]}

    def statement(self):
        said = self.worker.cli("bill", "show", "--period", self.period, "--json")
        return {m["machine"]: m["coverage"] for m in json.loads(said)["machines"]}

    def assert_like_the_statement(self):
        """To the microsecond, in one row and added up over many; and the shares are 100 %."""
        said = self.statement()
        one = self.coverage()
        self.assertEqual(sorted(one), sorted(said))
        by = {by: self.coverage("--by", by) for by in ("slot", "hour", "day")}
        for machine, expected in said.items():
            if expected is None:
                self.assertIsNone(one[machine])
                continue
            (row,) = one[machine]
            self.assertEqual({**expected, "period": self.period}, row)
            shares = [Fraction(row[f"{kind}_percent"]) for kind in KINDS]
            self.assertEqual(sum(shares), 100)
            for rows in (of_by[machine] for of_by in by.values()):
                for kind in KINDS:
                    added = sum(int(row[f"{kind}_us"]) for row in rows)
                    self.assertEqual(added, int(expected[f"{kind}_us"]), (machine, kind))
                for row in rows:
                    shares = [Fraction(row[f"{kind}_percent"]) for kind in KINDS]
                    self.assertEqual(sum(shares), 100)
        self.assert_csv_says_the_same(said)

    def assert_csv_says_the_same(self, said):
        rows = csv.DictReader(
            io.StringIO(self.worker.cli("bill", "show", "--period", self.period, "--csv"))
        )
        shown = {
            (row["machine"], row["meter"], row["unit"]): Fraction(row["quantity"])
            for row in rows
            if row["kind"] == "coverage"
        }
        expected = {}
        for machine, coverage in said.items():
            for kind in KINDS if coverage else ():
                expected[machine, kind, "second"] = Fraction(coverage[f"{kind}_us"]) / 10**6
                expected[machine, kind, "percent"] = Fraction(coverage[f"{kind}_percent"])
        self.assertEqual(shown, expected)

    def test_what_is_missing_is_shown_where_it_is_missing(self):
        events = [reading("web-1", 1, self.first + SLOT_S * at) for at in (0, 1, 4, 5)]
        for number, event in enumerate(events, 1):
            start = number * 10**9
            event["data"]["readings"][0] |= {"from_us": str(start), "to_us": str(start + 9 * 10**8)}
        self.assertEqual(self.worker.post(events).status, 204)
        sample = {
            "specversion": "1.0",
            "type": "io.meterbill.usage.v1",
            "source": "urn:example:app",
            "id": "1",
            "subject": "app-1",
            "time": slot_text(self.first),
            "data": {"scope": "machine", "meter": "frames", "quantity": "1", "unit": "unit"},
        }
        self.assertEqual(self.worker.post([sample]).status, 204)
        self.assert_like_the_statement()
        rows = {row["slot"]: row for row in self.coverage("--by", "slot")["web-1"]}
        kinds = [
            next(k for k in KINDS if rows[slot_text(self.first + SLOT_S * at)][f"{k}_us"] != "0")
            for at in range(8)
        ]
        self.assertEqual(kinds, (["metered"] * 2 + ["missing"] * 2) * 2)
        self.assertIsNone(self.coverage()["app-1"])
        self.assert_status_says({"web-1"}, without_time=1)
        self.assertRegex(self.worker.cli("status"), r"web-1 +missing [34] h")

    def test_a_real_agent_that_was_killed_has_estimated_time(self):
        agent = self.keep(Agent(self.scratch, self.worker.url, machine="real-1")).wait_ready()
        wait_until(lambda: self.worker.cost("real-1"), 20, "it is billed")
        agent.kill()
        time.sleep(4)  # the time that is bridged
        agent.start().wait_ready()

        def estimated():
            rows = self.coverage().get("real-1") or [{"estimated_us": "0"}]
            return int(rows[0]["estimated_us"]) >= 4 * 10**6

        wait_until(estimated, 30, "the bridged time", 0.3)
        self.assertEqual(agent.stop(), 0)
        self.assert_like_the_statement()
        self.assert_status_says({"real-1"}, without_time=0)

    def assert_status_says(self, machines, without_time):
        """Of a worker that has just started, so has just looked: status and metrics say what the
        coverage of the last day says, slot by slot."""
        self.assertEqual(self.worker.stop(), 0)
        self.worker.start().wait_ready()
        wait_until(lambda: self.worker.status()["coverage"], 20, "the first look")
        seen = self.worker.status()["coverage"]
        self.assertEqual({row["machine"] for row in seen["worst"]}, machines)
        self.assertEqual(int(seen["without_time"]), without_time)
        self.assertEqual(int(seen["not_listed"]), 0)
        slots = self.coverage("--by", "slot")
        metrics = self.worker.get("/metrics").body.decode()
        for row in seen["worst"]:
            inside = [
                slot
                for slot in slots[row["machine"]]
                if seen["from"] <= slot["slot"] < seen["to"]
            ]
            # In a slot that is over for less than five minutes nothing is missing yet.
            for kind in KINDS[:3]:
                self.assertEqual(int(row[f"{kind}_us"]), sum(int(s[f"{kind}_us"]) for s in inside))
            for kind in KINDS:
                value = Fraction(int(row[f"{kind}_us"]), 10**6)
                (line,) = re.findall(
                    rf'^meterbill_worker_machine_coverage_seconds{{machine="{row["machine"]}",'
                    rf'time="{kind}"}} (\S+)$',
                    metrics,
                    re.MULTILINE,
                )
                self.assertEqual(Fraction(line), value)


if __name__ == "__main__":
    unittest.main()
