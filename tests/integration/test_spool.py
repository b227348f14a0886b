"""`meterbill spool list|verify` on a real agent's spool: refused while it runs, after a SIGKILL and
after a stop as it stands in the file, and not a byte of it changed."""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import unittest

from harness import Agent, ProgramTest, Worker, program, wait_until


class SpoolTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.agent = Agent(self.scratch, "http://127.0.0.1:1")  # nobody is there: all of it waits
        self.spool = self.agent.state_dir / "spool.db"

    def meterbill(self, *arguments):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("METERBILL_")}
        return subprocess.run(
            [program("meterbill"), *arguments],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            env=environment,
        )

    def files(self):
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.agent.state_dir.iterdir()
        }

    def rows(self):
        """What SQLite itself reads, from a copy."""
        copy = self.scratch / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.agent.state_dir, copy)
        with sqlite3.connect(copy / "spool.db") as spool:
            return spool.execute(
                "SELECT e.epoch, strftime('%Y-%m-%dT%H:%M:%SZ', slot, 'unixepoch'), scope, used, "
                "version, offered, acknowledged, final FROM rows JOIN epochs AS e ON id=rows.epoch "
                "ORDER BY rows.epoch, slot, scope"
            ).fetchall()

    def listed(self):
        done = self.meterbill("spool", "list", f"--spool={self.spool}", "--json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return [
            (
                row["epoch"],
                row["slot"],
                row["reading"]["scope"],
                ",".join(f"{meter}={total}" for meter, total in row["reading"]["used"].items()),
                row["version"],
                row["offered"],
                row["acknowledged"],
                int(row["reading"]["final"]),
            )
            for row in json.loads(done.stdout)["rows"]
        ]

    def test_the_spool_of_a_stopped_agent_is_shown_as_it_is_and_stays_so(self):
        self.keep(self.agent).wait_answers()
        wait_until(lambda: int(self.agent.status()["spool"]["waiting"]) >= 1, 20, "a row")
        for verb in ("list", "verify"):
            done = self.meterbill("spool", verb, f"--state-dir={self.agent.state_dir}")
            self.assertEqual((done.returncode, done.stdout), (75, ""))
            self.assertIn("stop the agent first", done.stderr)
        self.assertTrue(self.agent.running())

        self.agent.kill()
        before = self.files()
        self.assertGreater((self.agent.state_dir / "spool.db-wal").stat().st_size, 0)
        self.assertEqual(self.listed(), self.rows())
        self.assertGreaterEqual(len(self.rows()), 1)
        verified = self.meterbill("spool", "verify", f"--spool={self.spool}")
        self.assertEqual(verified.returncode, 0, verified.stdout)
        text = self.meterbill("spool", "list", f"--spool={self.spool}").stdout
        self.assertIn("machine: ", text)
        self.assertLessEqual(max(map(len, text.splitlines()[1:])), 80)
        self.assertEqual(self.files(), before)

        worker = self.keep(Worker(self.scratch)).wait_ready()
        self.agent.options["agent.sink"] = worker.url
        self.agent.start().wait_ready()
        wait_until(lambda: worker.counts()["applied"] >= 2, 20, "sent")
        self.assertEqual(self.agent.stop(), 0)
        before = self.files()
        self.assertEqual(self.listed(), self.rows())
        self.assertTrue(any(acknowledged for *_, acknowledged, _ in self.rows()))
        self.assertEqual(self.meterbill("spool", "verify", f"--spool={self.spool}").returncode, 0)
        self.assertEqual(self.files(), before)

        with sqlite3.connect(self.spool) as spool:
            spool.execute("UPDATE rows SET offered=version+1")
        done = self.meterbill("spool", "verify", f"--spool={self.spool}", "--json")
        self.assertEqual(done.returncode, 65)
        self.assertIn("a version was offered that it never had", done.stdout)
        self.spool.write_bytes(b"x" * 10000)
        for verb in ("list", "verify"):
            self.assertEqual(
                self.meterbill("spool", verb, f"--spool={self.spool}").returncode, 65, verb
            )
        self.assertEqual(self.meterbill("spool", "list", "--spool=/nowhere").returncode, 66)


if __name__ == "__main__":
    unittest.main()
