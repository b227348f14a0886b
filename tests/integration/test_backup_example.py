"""The units of a daily backup that are shipped as an example do what they say: their commands are
run as they stand there, with this test's worker and folder in place of the installed ones."""

import os
import subprocess
import time
import unittest

from harness import ROOT, ProgramTest, Worker, program

UNIT = ROOT / "systemd" / "examples" / "meterbill-backup.service"
FOLDER = "/var/backups/meterbill"
DAY_S = 86_400


class BackupExampleTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.folder = self.scratch / "backups"
        self.folder.mkdir()
        self.worker = self.keep(Worker(self.scratch)).wait_ready()

    def commands(self):
        """As systemd would run them: without its own escapes."""
        lines = [line for line in UNIT.read_text("utf-8").splitlines() if "ExecStart=" in line]
        control = f"--control={self.worker.options['worker.control']}"
        for line in lines:
            text = line.removeprefix("ExecStart=").replace("$$", "$").replace("%%", "%")
            ours = f"{program('meterbill')} backup {control}"
            text = text.replace("/usr/bin/meterbill backup", ours)
            # systemd takes patterns as they are; a shell would not.
            yield text.replace(FOLDER, str(self.folder)).replace("ledger-*.db", "'ledger-*.db'")

    def run_all(self):
        """Up to the first that fails."""
        for text in self.commands():
            done = subprocess.run(["sh", "-c", text], timeout=60, check=False, capture_output=True)
            if done.returncode != 0:
                return False
        return True

    def put(self, name, days):
        path = self.folder / name
        path.touch()
        at = time.time() - days * DAY_S
        os.utime(path, (at, at))
        return path

    def test_a_copy_is_made_and_what_is_older_than_two_weeks_goes(self):
        self.assertEqual(len(list(self.commands())), 2)
        old, young = self.put("ledger-1.db", 16), self.put("ledger-2.db", 13)
        other = self.put("notes.txt", 99)
        self.assertTrue(self.run_all())
        self.assertFalse(old.exists())
        self.assertTrue(young.exists() and other.exists())
        [copy] = set(self.folder.glob("ledger-20*.db"))
        self.assertGreater(copy.stat().st_size, 4096)

    def test_without_a_copy_no_older_one_is_taken_away(self):
        old = self.put("ledger-1.db", 16)
        self.worker.kill()
        self.assertFalse(self.run_all())
        self.assertTrue(old.exists())


if __name__ == "__main__":
    unittest.main()
