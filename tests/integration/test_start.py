"""How the services start, and how they end when they cannot, or are not to, start."""

import contextlib
import os
import pathlib
import signal
import sqlite3
import stat
import subprocess
import time
import unittest

from harness import Agent, ProgramTest, Worker, program, wait_until

CANNOT_WRITE, WRONG_CONFIG, WRONG_USE = 77, 78, 64
# Shorter than any wait inside a start that is not interrupted.
AT_ONCE_S = 3


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


class StartTest(ProgramTest):
    def services(self, **options):
        return (
            Worker(self.scratch, "worker", **options),
            Agent(self.scratch, "http://127.0.0.1:9", "agent", **options),
        )

    def test_folders_that_are_missing_are_made(self):
        for service in self.services():
            state, run = self.scratch / f"{service.name}-new", self.scratch / f"{service.name}-run"
            service.options[f"{service.section}.state_dir"] = state
            service.options[f"{service.section}.control"] = run / "control.sock"
            self.keep(service).wait_ready()
            for folder in (state, run):
                self.assertEqual(mode(folder), 0o750, folder)
            self.assertEqual(service.stop(), 0)

    def ends(self, service, code, *texts):
        service.start()
        self.assertEqual(service.wait_exit(20), code, service.log())
        last = service.log().splitlines()[-1]
        for text in texts:
            self.assertIn(text, last)

    def test_a_folder_that_cannot_be_made_is_named_with_the_remedy(self):
        for service in self.services():
            for key in (f"{service.section}.state_dir", f"{service.section}.control"):
                whole = service.options[key]
                service.options[key] = self.scratch / "no" / "such" / "place"
                self.ends(service, WRONG_CONFIG, key, "/no", "does not exist", "make it, or set")
                service.options[key] = "/sys/meterbill/control.sock"
                if key.endswith("state_dir"):
                    service.options[key] = "/sys/meterbill"
                self.ends(service, CANNOT_WRITE, key, "/sys/meterbill", "the right to write")
                service.options[key] = whole

    def test_what_they_write_is_not_for_everybody(self):
        before = os.umask(0o022)
        self.addCleanup(os.umask, before)
        worker, agent = self.services()
        for service in (worker, agent):
            self.keep(service).wait_ready()
        copy = self.scratch / "copy.db"
        subprocess.run(
            [program("meterbill"), "backup", copy, "--control", worker.options["worker.control"]],
            check=True,
            capture_output=True,
            timeout=60,
        )
        files = [*worker.state_dir.iterdir(), *agent.state_dir.iterdir(), copy]
        self.assertGreaterEqual(
            {file.name for file in files}, {"ledger.db", "ledger.lock", "spool.db", "copy.db"}
        )
        self.assertEqual({file.name: oct(mode(file)) for file in files if mode(file) & 0o027}, {})

    def test_a_wrong_setting_leaves_what_waits_in_the_spool_as_it_is(self):
        _, agent = self.services()
        self.keep(agent).wait_ready()
        wait_until(lambda: int(agent.status()["spool"]["waiting"]) > 0, 20, "something waits")
        self.assertEqual(agent.stop(), 0)
        before = {file.name: file.read_bytes() for file in agent.state_dir.iterdir()}
        agent.options["agent.interval"] = "soon"
        self.ends(agent, WRONG_USE, "agent.interval")
        after = {file.name: file.read_bytes() for file in agent.state_dir.iterdir()}
        self.assertEqual(after, before)

    def test_a_start_that_waits_ends_at_once_when_it_is_told_to(self):
        for service, name in zip(self.services(), ("ledger.db", "spool.db")):
            self.keep(service).wait_ready()
            self.assertEqual(service.stop(), 0)
            file = service.state_dir / name
            for number in (signal.SIGTERM, signal.SIGINT):
                with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as holder:
                    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
                    holder.execute("BEGIN EXCLUSIVE")
                    service.start()
                    wait_until(lambda s=service, f=file: self.has_open(s, f), 10, "it waits")
                    began = time.monotonic()
                    os.kill(service.pid, number)
                    self.assertEqual(service.wait_exit(20), -number, service.log())
                    self.assertLess(time.monotonic() - began, AT_ONCE_S)
            self.assertEqual(service.start().wait_ready().stop(), 0)

    @staticmethod
    def has_open(service, file):
        with contextlib.suppress(OSError):
            for link in pathlib.Path(f"/proc/{service.pid}/fd").iterdir():
                if os.readlink(link) == str(file):
                    return True
        return False


if __name__ == "__main__":
    unittest.main()
