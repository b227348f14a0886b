#!/usr/bin/python3
"""However a test ends, its container leaves no process and no mount."""

import pathlib
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import built
import root_image
from container import Container
from processes import running_in, wait_until

_HELD = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where shells start us behind
sys.path.insert(0, sys.argv[1])
from container import Container
with Container(sys.argv[2]) as box:
    print(box.root, box.init, flush=True)
    sys.stdin.read()
"""


class ContainerTest(unittest.TestCase):
    def setUp(self):
        packages = built.packages()
        self.image = root_image.prepare("deb", [packages[name] for name in built.NAMES])

    def ended_by(self, number):
        """Where the container was whose holder was sent a signal."""
        here = pathlib.Path(__file__).parent
        holder = subprocess.Popen([sys.executable, "-B", "-c", _HELD, here, self.image], text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL)
        with holder:
            root, init = map(pathlib.Path, holder.stdout.readline().split())
            self.addCleanup(root_image.clear_away)
            self.assertTrue(running_in(root))
            self.assertTrue(("/proc" / init).exists())
            holder.send_signal(number)
            self.assertNotEqual(holder.wait(60), 0)
        wait_until(lambda: not running_in(root), 30, "no holder left", poll_s=0.1)
        wait_until(lambda: not ("/proc" / init).exists(), 30, "no init left", poll_s=0.1)
        self.assertNotIn(str(root), pathlib.Path("/proc/mounts").read_text("utf-8"))
        return root

    def test_an_interrupted_test_powers_off_and_tidies_up(self):
        self.assertFalse(self.ended_by(signal.SIGINT).parent.exists())

    def test_a_killed_test_takes_its_container_along(self):
        self.ended_by(signal.SIGKILL)

    def test_a_failed_assertion_powers_off_and_tidies_up(self):
        with self.assertRaises(ZeroDivisionError):
            with Container(self.image) as box:
                root, init = box.root, pathlib.Path("/proc", str(box.init))
                self.assertTrue(init.exists())
                _ = 1 // 0
        self.assertFalse(root.parent.exists())
        self.assertEqual((running_in(root), init.exists()), ([], False))

    def test_it_has_no_network(self):
        with Container(self.image) as box:
            links = box.run("sh", "-c", "ls /sys/class/net").stdout.split()
        self.assertEqual(links, ["lo"])


if __name__ == "__main__":
    unittest.main()
