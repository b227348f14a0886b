"""`./dev run` without its build: the demo with the built programs shows a growing bill, ends with
the total, and leaves nothing running."""

import itertools
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from fractions import Fraction

from harness import ROOT, bin_dir, have_programs
from processes import free_port


@unittest.skipUnless(have_programs(), "the programs are not built")
class DemoTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="meterbill-demo-")
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name  # of the demo and its broker

    def demo(self, *options):
        self.ports = [free_port(), free_port()]
        return subprocess.Popen(
            [
                sys.executable,
                "-B",
                ROOT / "tests" / "support" / "run_demo.py",
                f"--bin={bin_dir()}",
                f"--worker=127.0.0.1:{self.ports[0]}",
                f"--agent=127.0.0.1:{self.ports[1]}",
                *options,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": self.scratch},
        )

    def assert_shown(self, demo, out, err, lines_min=2):
        self.assertEqual((demo.returncode, err), (0, ""), out)
        for name, port in (("worker", self.ports[0]), ("agent", self.ports[1])):
            self.assertRegex(out, rf"(?m)^{name} +http://127\.0\.0\.1:{port}/api/v1/status$")
        growth = [
            tuple(map(Fraction, line))
            for line in re.findall(
                r"(?m)^\S+   cpu (\d+\.\d{3}) core·s   memory (\S+) GiB·h   cost (\S+) USD$", out
            )
        ]
        self.assertGreaterEqual(len(growth), lines_min, out)
        for before, after in itertools.pairwise(growth):
            self.assertTrue(all(one <= other for one, other in zip(before, after)), out)
        self.assertTrue(lines_min < 2 or growth[0] < growth[-1], f"the bill does not grow:\n{out}")
        self.assertRegex(out, r"(?m)^STATEMENT  DRAFT$")
        total = re.search(r"(?m)^total +(\S+) +\S+$", out)
        self.assertGreaterEqual(Fraction(total[1]), growth[-1][2], out)
        self.assertGreater(Fraction(total[1]), 0, out)
        self.assert_nothing_is_left()

    def assert_nothing_is_left(self):
        self.assertEqual(self.running(), [])
        self.assertEqual(os.listdir(self.scratch), [])

    def running(self):
        """Programs that still have a port or the scratch of this demo on their command line."""
        marks = [f"127.0.0.1:{port}".encode() for port in self.ports] + [self.scratch.encode()]
        found = []
        for line in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                text = line.read_bytes()
            except OSError:
                continue
            if any(mark in text for mark in marks):
                found.append(text)
        return found

    def test_seconds_end_it_with_the_total(self):
        demo = self.demo("--seconds=8")
        self.assert_shown(demo, *demo.communicate(timeout=90))

    def test_ctrl_c_ends_it_with_the_total(self):
        demo = self.demo()
        shown = ""
        for line in demo.stdout:
            shown += line
            if re.search("core·s", line):
                break
        demo.send_signal(signal.SIGINT)
        out, err = demo.communicate(timeout=90)
        self.assert_shown(demo, shown + out, err, lines_min=1)

    def assert_refused(self, code, said, *options):
        demo = self.demo(*options)
        out, err = demo.communicate(timeout=30)
        self.assertEqual((demo.returncode, out), (code, ""), err)
        self.assertIn(said, err)

    def test_a_wrong_argument_is_said_before_anything_is_started(self):
        for text in ("0", "-5", "1.5", "x", ""):
            said = f"argument --seconds: '{text}' is no whole number of seconds from 1 on"
            self.assert_refused(64, said, f"--seconds={text}", "--check")
        self.assert_refused(64, "'5001' is no HOST:PORT", "--worker=5001", "--check")
        self.assert_refused(64, "unrecognized arguments: --secnds=3", "--secnds=3", "--check")

    def test_a_taken_port_is_said_with_the_remedy(self):
        for name in ("worker", "agent"):
            with socket.create_server(("127.0.0.1", 0)) as other:
                address = f"127.0.0.1:{other.getsockname()[1]}"
                for said in (f"listens on {address}", "--worker HOST:PORT --agent HOST:PORT"):
                    self.assert_refused(75, said, f"--{name}={address}")

    def test_ctrl_c_while_kafka_starts_leaves_nothing(self):
        demo = self.demo("--kafka")
        self.assertIn("starting Kafka", demo.stdout.readline())
        time.sleep(1)  # any moment will do
        demo.send_signal(signal.SIGINT)
        out, err = demo.communicate(timeout=60)
        self.assertEqual((demo.returncode, out, err), (130, "", ""))
        self.assert_nothing_is_left()

    def test_through_kafka(self):
        demo = self.demo("--seconds=8", "--kafka")
        out, err = demo.communicate(timeout=170)
        self.assertIn("sink    kafka://", out)
        self.assert_shown(demo, out, err)


if __name__ == "__main__":
    unittest.main()
