"""Each benchmark in its smallest form: that it still measures what it says and leaves nothing. Its
figures are worth nothing here. Those whose peers are not among the packages of the tests are left
out: drain's `kafka streams`, agent."""

import json
import os
import signal
import subprocess
import sys
import unittest

import harness
import processes
from harness import ROOT

# benchmark → its options, and the rows it reports
SMALLEST = {
    "drain": (["--messages=2000", "--case=readings-1000"], ["readings-1000 receive"]),
    "ingest": (["--requests=80"], ["100 readings a request fdatasync"]),
    "latency": (
        ["--ticks=2"],
        ["kafka p50 round trip", "kafka p99 round trip", "http p50 exchange", "http p99 exchange"],
    ),
}


def start(name, scratch, *options):
    environment = {**os.environ, "METERBILL_BENCH_DIR": str(scratch), "TMPDIR": str(scratch)}
    return subprocess.Popen(
        [sys.executable, "-B", ROOT / "bench" / f"{name}.py", "--runs=1", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )


class Benches(harness.ProgramTest):
    def assert_nothing_left(self, kept):
        processes.wait_until(
            lambda: not processes.running_in(self.scratch), 10, "the end of its programs"
        )
        self.assertEqual([path.name for path in self.scratch.iterdir()], kept)

    def test_each_reports_ours_and_its_peers(self):
        for name, (options, rows) in SMALLEST.items():
            with self.subTest(name):
                run = start(name, self.scratch, *options)
                text = run.communicate(timeout=120)[0]
                self.assertEqual(run.returncode, 0, text)
                report = self.scratch / f"{name}.json"
                told = json.loads(report.read_text("utf-8"))
                self.assertEqual([f"{row['case']} {row['peer']}" for row in told], rows)
                for row in told:
                    ours, theirs = row["ours"], row["theirs"]
                    self.assertEqual((len(ours), len(theirs)), (1, 1))
                    self.assertGreater(min(ours + theirs), 0)
                    self.assertAlmostEqual(row["ratio"], ours[0] / theirs[0], 1)
                    self.assertIn("Linux", row["machine"])
                self.assert_nothing_left([report.name])
                report.unlink()

    def test_ends_all_that_it_started_when_told_to_end(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                run = start("latency", self.scratch, "--case=http", "--ticks=1000")
                try:
                    processes.wait_until(self.is_measuring, 30, "the measuring")
                    run.send_signal(number)
                    self.assertEqual(run.wait(30), 128 + number)
                finally:
                    run.kill()
                    run.stdout.close()
                self.assert_nothing_left([])

    def is_measuring(self):
        return any("meterbill-bench" in line for line in processes.running_in(self.scratch))


if __name__ == "__main__":
    unittest.main(verbosity=2)
