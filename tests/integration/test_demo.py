"""`./dev run` without its build: the demo with the built programs shows a growing bill, ends with
the total, and leaves nothing running."""

import pathlib
import re
import signal
import subprocess
import sys
import unittest

from harness import ROOT, bin_dir, have_programs
from processes import free_port


@unittest.skipUnless(have_programs(), "the programs are not built")
class DemoTest(unittest.TestCase):
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
        )

    def assert_shown(self, demo, out, err):
        self.assertEqual((demo.returncode, err), (0, ""), out)
        self.assertRegex(out, r"\n\S+   cpu \d+\.\d{3} core·s   memory \S+ GiB·h   cost \S+ USD\n")
        self.assertRegex(out, r"\nSTATEMENT  DRAFT\n")
        self.assertRegex(out, r"\ntotal +\S+ +\S+\n")
        self.assertEqual(self.running(), [])

    def running(self):
        """Programs of ours that still have the ports of this demo on their command line."""
        found = []
        for line in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                text = line.read_bytes()
            except OSError:
                continue
            if any(f"127.0.0.1:{port}".encode() in text for port in self.ports):
                found.append(text)
        return found

    def test_seconds_end_it_with_the_total(self):
        demo = self.demo("--seconds=3")
        self.assert_shown(demo, *demo.communicate(timeout=90))

    def test_ctrl_c_ends_it_with_the_total(self):
        demo = self.demo()
        for line in demo.stdout:
            if re.search("core·s", line):
                break
        demo.send_signal(signal.SIGINT)
        out, err = demo.communicate(timeout=90)
        self.assert_shown(demo, "\n" + line + out, err)

    def test_through_kafka(self):
        demo = self.demo("--seconds=5", "--kafka")
        out, err = demo.communicate(timeout=170)
        self.assertIn("sink    kafka://", out)
        self.assert_shown(demo, out, err)


if __name__ == "__main__":
    unittest.main()
