"""Two minutes of `./dev chaos` with a fresh seed, and what its schedule and its end promise."""

import collections
import itertools
import os
import pathlib
import signal
import subprocess
import sys
import unittest

from harness import ROOT, ProgramTest, wait_until
import processes

sys.path.insert(0, str(ROOT / "tests" / "chaos"))
from chaos_plan import KINDS, rounds

CHAOS = [sys.executable, "-B", ROOT / "tests" / "chaos" / "chaos.py"]


class PlanTest(unittest.TestCase):
    def test_every_kind_comes_once_before_any_comes_again(self):
        for seed in range(50):
            plan = itertools.islice(rounds(seed), 60)
            kinds = [fault.kind for planned in plan for fault in planned]
            for at in range(0, len(kinds) - len(KINDS), len(KINDS)):
                self.assertEqual(sorted(kinds[at : at + len(KINDS)]), sorted(KINDS), seed)

    def test_faults_of_one_round_touch_different_things(self):
        for planned in itertools.islice(rounds(1), 300):
            touched = collections.Counter()
            for fault in planned:
                touched.update(KINDS[fault.kind].touches)
            self.assertLessEqual(max(touched.values()), 1, planned)

    def test_a_seed_is_replayed_and_no_two_are_alike(self):
        plans = [list(itertools.islice(rounds(seed), 60)) for seed in (1, 1, 2)]
        self.assertEqual(plans[0], plans[1])
        self.assertNotEqual(plans[0], plans[2])


class ChaosTest(ProgramTest):
    def test_two_minutes_of_faults_change_no_bill(self):
        done = subprocess.run([*CHAOS, "--minutes", "2"], check=False)
        self.assertEqual(done.returncode, 0, "see its output")

    def test_an_interrupted_run_leaves_nothing(self):
        log = self.scratch / "chaos.log"
        home = self.scratch / "home"
        home.mkdir()
        with open(log, "w", encoding="utf-8") as out:
            chaos = subprocess.Popen(
                [*CHAOS, "--minutes", "2"],
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, "TMPDIR": str(home)},
            )
        self.addCleanup(lambda: chaos.poll() is None and chaos.kill())

        def makes_faults():
            told = log.read_text("utf-8")
            self.assertIsNone(chaos.poll(), told)
            return "messages" in told

        wait_until(makes_faults, 120, "faults are being made", 0.1)
        self.assertNotEqual(processes.running_in(home), [])
        chaos.send_signal(signal.SIGINT)
        self.assertEqual(chaos.wait(60), 130, log.read_text("utf-8"))
        self.assertEqual(processes.running_in(home), [])
        self.assertEqual(list(pathlib.Path(home).iterdir()), [])


if __name__ == "__main__":
    unittest.main()
