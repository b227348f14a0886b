"""`meterbill usage` of a whole fleet: complete in every format, with the memory of one page on both
sides, and never half an answer that looks like a whole one.

METERBILL_FLEET=5000x2880 asks for so many machines and slots; the figures are printed.
"""

import datetime
import json
import os
import sqlite3
import subprocess
import time
import unittest

from harness import ProgramTest, Worker, program

SLOT_S = 900
METERS = ("cpu", "cpu_capacity", "uptime")
GROWTH_MAX_BYTES = 32 * 1024 * 1024


def fleet():
    machines, slots = os.environ.get("METERBILL_FLEET", "150x200").split("x")
    return int(machines), int(slots)


def slot_text(start):
    return datetime.datetime.fromtimestamp(start, datetime.timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )


def rss_bytes(pid):
    """Resident memory that is its own; 0 of a process that has ended."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        fields = dict(line.split(":", 1) for line in status)
    return int(fields.get("RssAnon", "0").split()[0]) * 1024


def reading(machine, number, start):
    cpu, capacity, uptime = number, 1_800_000_000, 900_000_000
    used = dict(zip(METERS, map(str, (cpu, capacity, uptime))))
    return {
        "specversion": "1.0",
        "type": "io.meterbill.reading.v1",
        "source": f"urn:meterbill:agent:{machine}",
        "id": f"{number:032x}-1",
        "data": {
            "machine_id": machine,
            "epoch": f"{number:032x}",
            "boot_id": f"boot-{number}",
            "readings": [
                {
                    "slot": slot_text(start),
                    "scope": "machine",
                    "from_us": "0",
                    "to_us": str(uptime),
                    "metered_us": str(uptime),
                    "estimated_us": "0",
                    "off_us": "0",
                    "used": used,
                }
            ],
        },
    }


class UsageFleetTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.machines, self.slots = fleet()
        last = int(time.time()) // SLOT_S * SLOT_S
        self.starts = [last - SLOT_S * back for back in reversed(range(self.slots))]
        first_day, last_day = (slot_text(at)[:10] for at in (self.starts[0], last))
        self.period = first_day if first_day == last_day else f"{first_day}..{last_day}"
        self.worker = self.keep(Worker(self.scratch)).wait_ready()
        for begin in range(0, self.machines, 500):
            numbers = range(begin, min(begin + 500, self.machines))
            events = [reading(f"web-{n:05}", n, last) for n in numbers]
            self.assertEqual(self.worker.post(events, timeout_s=60).status, 204)

    def repeat_rows(self):
        """The row of each machine in all slots: written by hand, because thousands of machines
        cannot be metered here. Totals then no longer agree with rows; usage asks rows alone."""
        self.assertEqual(self.worker.stop(), 0)
        with sqlite3.connect(self.worker.state_dir / "ledger.db") as ledger:
            ledger.execute(
                "WITH RECURSIVE back(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM back WHERE n<?) "
                "INSERT INTO usage_row SELECT machine, slot-900*n, packed FROM usage_row, back",
                (self.slots - 1,),
            )
        ledger.close()
        self.keep(self.worker).wait_ready(120)

    def command(self, *flags):
        return [
            program("meterbill"),
            "usage",
            "--by=slot",
            f"--period={self.period}",
            f"--server={self.worker.url}",
            *flags,
        ]

    def expected_rows(self):
        for number in range(self.machines):
            quantities = (number, 1_800_000_000, 900_000_000)
            for start in self.starts:
                for meter, quantity in zip(METERS, quantities):
                    yield f"web-{number:05}", slot_text(start), meter, str(quantity)

    def test_a_large_answer_is_complete_and_never_stands_in_memory(self):
        self.repeat_rows()
        before, peak, cli_peak, rows = rss_bytes(self.worker.pid), 0, 0, 0
        began = time.monotonic()
        with subprocess.Popen(self.command("--csv"), stdout=subprocess.PIPE, text=True) as cli:
            self.addCleanup(lambda: cli.poll() is None and cli.kill())
            self.assertEqual(
                next(cli.stdout), "machine,scope,labels,slot,meter,quantity,unit\n"
            )
            expected = self.expected_rows()
            for rows, line in enumerate(cli.stdout, 1):
                machine, scope, labels, slot, meter, quantity, _ = line.split(",")
                self.assertEqual((machine, slot, meter, quantity), next(expected, None))
                self.assertEqual((scope, labels), ("machine", ""))
                if rows % 2_000 == 0:
                    peak = max(peak, rss_bytes(self.worker.pid))
                    cli_peak = max(cli_peak, rss_bytes(cli.pid))
        self.assertEqual(cli.returncode, 0)
        self.assertIsNone(next(expected, None), "rows are missing at the end")
        self.assertEqual(rows, self.machines * self.slots * len(METERS))
        print(
            f"{self.machines} machines x {self.slots} slots: {rows} rows in "
            f"{time.monotonic() - began:.0f} s; worker {before >> 20} MiB before, at most "
            f"{peak >> 20} MiB; meterbill at most {cli_peak >> 20} MiB",
            flush=True,
        )
        self.assertLess(peak - before, GROWTH_MAX_BYTES, "the worker holds more than pages")
        self.assertLess(cli_peak, GROWTH_MAX_BYTES, "the command holds more than a page")

    @unittest.skipIf("METERBILL_FLEET" in os.environ, "held in memory here")
    def test_json_is_one_value_and_text_has_the_same_rows(self):
        self.repeat_rows()
        expected = list(self.expected_rows())
        value = json.loads(subprocess.check_output(self.command("--json")))
        self.assertEqual(
            [
                (machine["machine"], row["slot"], row["meter"], row["quantity"])
                for machine in value["machines"]
                for row in machine["rows"]
            ],
            expected,
        )
        self.assertEqual(len(value["machines"]), self.machines, "a machine was cut in two")
        times, title, *lines = subprocess.check_output(self.command(), text=True).splitlines()
        self.assertEqual(times, "machine  slot")
        self.assertEqual(title.split(), ["scope", "labels", "meter", "quantity", "unit"])
        rows = []
        for line in lines:
            if line.startswith("  "):
                _scope, meter, quantity, _unit = line.split()
                rows.append((*head, meter, quantity))
            else:
                head = line.split("  ")
        self.assertEqual(rows, expected)

    @unittest.skipIf("METERBILL_FLEET" in os.environ, "nothing to measure")
    def test_a_connection_that_breaks_midway_is_told(self):
        self.repeat_rows()
        with subprocess.Popen(
            self.command("--csv"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as cli:
            self.addCleanup(lambda: cli.poll() is None and cli.kill())
            # A page is larger than the pipe: the command waits for us with the next page unasked.
            self.assertTrue(next(cli.stdout).startswith("machine,"))
            self.worker.kill()
            printed = sum(1 for _ in cli.stdout)
            said = cli.stderr.read()
        self.assertEqual(cli.returncode, 69, said)
        self.assertIn(f"what is printed ends after {printed} rows and is not all", said)
        self.assertGreater(printed, 0)
        self.assertLess(printed, self.machines * self.slots * len(METERS))


if __name__ == "__main__":
    unittest.main()
