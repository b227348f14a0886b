"""`meterbill machine retire` through a real worker: time after it is expected no more."""

import datetime
import re
import subprocess
import unittest

from harness import ProgramTest, Worker, program

EPOCH = "a" * 32
HOUR_US = 3_600_000_000
COVER = ("expected", "metered", "estimated", "off", "missing")


def yesterday():
    return datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=1)


def reading(slot, metered_s, cpu_s):
    start_us = slot * 900_000_000
    return {
        "slot": f"{yesterday()}T{slot // 4:02}:{slot % 4 * 15:02}:00Z",
        "scope": "machine",
        "from_us": str(start_us),
        "to_us": str(start_us + metered_s * 10**6),
        "metered_us": str(metered_s * 10**6),
        "estimated_us": "0",
        "off_us": "0",
        "final": True,
        "scopes": 1,
        "used": {
            "cpu": str(cpu_s * 10**6),
            "cpu_capacity": str(4 * metered_s * 10**6),
            "uptime": str(metered_s * 10**6),
        },
    }


def message(machine, readings):
    return {"machine_id": machine, "epoch": EPOCH, "boot_id": "b", "readings": readings}


class RetireTest(ProgramTest):
    """web-1 is metered yesterday from 00:00 to 01:05, an hour and five minutes; its first slot is
    due only as far as it is covered, so 00:15 to 24:00 is expected."""

    def setUp(self):
        super().setUp()
        self.worker = self.keep(Worker(self.scratch)).wait_ready()
        whole = [reading(slot, 900, 36) for slot in range(4)]
        answer = self.worker.post([message("web-1", whole + [reading(4, 300, 36)])])
        self.assertEqual(answer.status, 204)

    def coverage(self):
        bill = self.worker.get(f"/api/v1/bill?machine=web-1&period={yesterday()}").json()
        machine = bill["machines"][0]
        cover = {name: int(machine["coverage"][f"{name}_us"]) for name in COVER}
        self.assertEqual(str(machine["exact_total"]), "0.001")  # 180 core-seconds at 0.02 an hour
        return cover

    def retire(self, *arguments):
        return subprocess.run(
            [
                program("meterbill"),
                "machine",
                "retire",
                *arguments,
                f"--control={self.worker.options['worker.control']}",
            ],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def retired(self):
        return self.worker.get("/api/v1/machines/web-1").json().get("retired")

    def test_time_after_it_is_expected_no_more_and_the_cost_stays(self):
        metered = 65 * 60 * 10**6
        self.assertEqual(
            self.coverage(),
            {
                "expected": 24 * HOUR_US,
                "metered": metered,
                "estimated": 0,
                "off": 0,
                "missing": 24 * HOUR_US - metered,
            },
        )
        # In the slot from 02:00 on: that one is not due, the ones before are.
        done = self.retire("web-1", f"--at={yesterday()}T02:07:00Z")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("`meterbill machine retire web-1 --undo` takes it back", done.stdout)
        self.assertEqual(
            (self.coverage()["expected"], self.coverage()["missing"]),
            (2 * HOUR_US, 2 * HOUR_US - metered),
        )
        self.assertEqual(self.retired(), f"{yesterday()}T02:07:00Z")
        listed = self.worker.cli("machine", "list")
        self.assertIn(f"retired {yesterday()}T02:07:00Z", listed)

        # Another time replaces it; offsets are understood.
        self.assertEqual(
            self.retire("web-1", "--at", f"{yesterday()}T02:00:00+01:00").returncode, 0
        )
        self.assertEqual(
            (self.coverage()["expected"], self.coverage()["missing"]), (metered, 0)
        )

        # It is in the ledger, not in the worker's memory.
        self.worker.kill()
        self.worker.start().wait_ready()
        self.assertEqual(self.coverage()["missing"], 0)

    def test_a_machine_that_comes_back_is_told_and_undo_expects_it_again(self):
        def warned():
            return [text for text in self.worker.status()["warnings"] if "retired" in text]

        self.assertEqual(self.retire("web-1", f"--at={yesterday()}T01:05:00Z").returncode, 0)
        self.assertEqual(self.worker.post([message("web-1", [reading(40, 900, 180)])]).status, 204)
        [text] = warned()
        self.assertIn(f"web-1 was retired on {yesterday()}T01:05:00Z and reports again", text)
        self.assertIn("`meterbill machine retire web-1 --undo`", text)
        self.assertIn("reports again", self.worker.cli("status"))
        # The last message of a machine that is taken out is no return.
        self.assertEqual(self.retire("web-1").returncode, 0)
        self.assertEqual(warned(), [])

        done = self.retire("web-1", "--undo")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIsNone(self.retired())
        self.assertEqual(self.coverage_expected(), 24 * HOUR_US)
        self.worker.kill()
        self.worker.start().wait_ready()
        self.assertIsNone(self.retired())
        again = self.retire("web-1", "--undo")
        self.assertEqual(again.returncode, 64)
        self.assertEqual(again.stderr, "meterbill: machine 'web-1' is not retired\n")

    def coverage_expected(self):
        bill = self.worker.get(f"/api/v1/bill?machine=web-1&period={yesterday()}").json()
        return int(bill["machines"][0]["coverage"]["expected_us"])

    def test_what_it_still_reports_is_billed_and_its_gaps_are_not_missing(self):
        self.assertEqual(self.retire("web-1", f"--at={yesterday()}T01:05:00Z").returncode, 0)
        self.assertEqual(self.worker.post([message("web-1", [reading(40, 900, 180)])]).status, 204)
        page = self.worker.get(f"/api/v1/bill?machine=web-1&period={yesterday()}").json()
        [machine] = page["machines"]
        metered = 80 * 60 * 10**6
        cover = {name: int(machine["coverage"][f"{name}_us"]) for name in COVER}
        self.assertEqual(
            cover,
            {"expected": metered, "metered": metered, "estimated": 0, "off": 0, "missing": 0},
        )
        self.assertEqual(str(machine["exact_total"]), "0.002")
        self.assertEqual(self.retired(), f"{yesterday()}T01:05:00Z")

    def test_what_cannot_be_is_refused_and_changes_nothing(self):
        day = yesterday()
        before = day - datetime.timedelta(days=1)
        shape = "write one like 2026-11-22T10:00:00Z or 2026-11-22T11:00:00+01:00"
        table = [
            (["web-1", "--at=yesterday"], 64, f"--at: 'yesterday' is no time; {shape}"),
            (["web-1", f"--at={day}"], 64, f"--at: '{day}' is no time; {shape}"),
            (["web-1", f"--at={day}T25:00Z"], 64, f"--at: '{day}T25:00Z' is no time; {shape}"),
            (["web-1", f"--at={day}T25:00:00Z"], 64, f"'{day}T25:00:00Z' is no time; {shape}"),
            (["web-1", f"--at={day}T10:00:00"], 64, f"'{day}T10:00:00' is no time; {shape}"),
            (["web-1", "--at="], 64, "--at needs a value: --at=VALUE"),
            (
                ["web-1", f"--at={before}T23:59:00Z"],
                64,
                f"machine 'web-1' was first metered at {day}T00:00:00Z: name a later time than "
                f"{before}T23:59:00Z",
            ),
            (
                ["web-1", "--at=2190-01-01T00:00:00Z"],
                64,
                "2190-01-01T00:00:00Z is in the future, it is {now}: retire machine 'web-1' when "
                "it is gone",
            ),
            (["web-2"], 66, "no machine 'web-2'; `meterbill machine list` names them"),
            (["../x"], 64, "'../x' is no machine name: letters, digits and . _ : - only"),
            ([], 64, "missing: NAME"),
            (["web-1", "web-2"], 64, "unexpected argument 'web-2'"),
        ]
        for arguments, code, said in table:
            with self.subTest(arguments=arguments):
                done = self.retire(*arguments)
                self.assertEqual((done.returncode, done.stdout), (code, ""))
                said = re.escape(said).replace(r"\{now\}", r"20\d\d-\S+Z")
                self.assertRegex(done.stderr, rf"^meterbill: (--at: )?{said}\n$")
        self.assertIsNone(self.retired())
        self.assertEqual(self.coverage()["expected"], 24 * HOUR_US)


if __name__ == "__main__":
    unittest.main()
