"""`meterbill backup` of a running worker: it goes on applying and answering meanwhile, the copy is
one of its states to the last digit, and a backup that ends early leaves nothing that could be taken
for one."""

import base64
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
import unittest

from harness import ProgramTest, Worker, program, wait_until
import load
import processes
from http_capture import HttpCapture

LEDGER_BYTES_MIN = int(os.environ.get("METERBILL_BACKUP_MB", "150")) * 10**6
NOISE_BYTES = 36_000
PAGE_DELAY_US = 10_000


class Strace:
    """Attached to a running program on construction; `end` gives what it logged."""

    def __init__(self, pid, scratch, *what):
        self._log = scratch / f"strace-{pid}-{time.monotonic_ns()}.log"
        argv = ["strace", "-f", "-qq", "-y", "-o", self._log, *what, "-p", str(pid)]
        self._process = processes.Process(argv, f"{self._log}.err")
        wait_until(lambda: self._traces(pid), 20, f"strace on {pid}")

    def _traces(self, pid):
        if not self._process.running():
            raise RuntimeError(f"strace ended: {self._process.log_tail()}")
        tasks = pathlib.Path(f"/proc/{pid}/task").glob("*/status")
        return not any("TracerPid:\t0\n" in task.read_text("ascii") for task in tasks)

    def end(self):
        self._process.signal(signal.SIGINT)
        self._process.wait(20)
        return self._log.read_text(errors="replace")


def longest(times):
    return max(later - earlier for earlier, later in zip(times, times[1:], strict=False))


class BackupTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.folder = self.scratch / "backups"
        self.folder.mkdir()
        self.file = self.folder / "copy.db"

    def start_worker(self):
        worker = self.keep(Worker(self.scratch)).wait_ready()
        proxy = HttpCapture(worker.port)
        self.addCleanup(proxy.close)
        return worker, proxy

    def fill(self, worker, bytes_min):
        """Makes the ledger so large, by what it keeps as evidence; the one record that a recount
        needs for it: readings merge, and this is the greatest."""
        seq = 0
        files = [worker.state_dir / "ledger.db", worker.state_dir / "ledger.db-wal"]
        while sum(file.stat().st_size for file in files) < bytes_min:
            events = []
            for _ in range(20):
                seq += 1
                value = self.reading(seq)
                noise = base64.b64encode(self.random.randbytes(NOISE_BYTES)).decode()
                events.append(load.structured(f"filler-{seq}", value | {"noise": noise}))
            self.assertEqual(worker.post(events, timeout_s=60).status, 204)
        return self.exchange(load.structured(f"filler-{seq}", self.reading(seq)))

    def reading(self, seq):
        slot = self.filler_slot = getattr(self, "filler_slot", load.slot_text(time.time()))
        used = {"cpu": seq, "cpu_capacity": seq * 4, "uptime": seq}
        return {
            "machine_id": "filler",
            "epoch": "f" * 32,
            "boot_id": "filler-boot",
            "labels": {},
            "seq": seq,
            "readings": [
                {
                    "slot": slot,
                    "scope": "machine",
                    "from_us": "0",
                    "to_us": str(seq),
                    "metered_us": str(seq),
                    "estimated_us": "0",
                    "off_us": "0",
                    "final": False,
                    "used": {meter: str(total) for meter, total in used.items()},
                }
            ],
        }

    @staticmethod
    def exchange(*events):
        """A post as the capture has it."""
        return {
            "via": "http",
            "received_ms": time.time_ns() // 1_000_000,
            "method": "POST",
            "path": "/api/v1/events",
            "request_headers": [["Content-Type", "application/cloudevents-batch+json"]],
            "body": base64.b64encode(json.dumps(events).encode()).decode(),
            "forwarded": True,
            "status": 204,
            "response_headers": [],
            "response_body": "",
            "outcome": "answered",
        }

    def begin(self, worker, *more):
        control = worker.options["worker.control"]
        return subprocess.Popen(
            [program("meterbill"), "backup", self.file, "--control", control, *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def state(self, worker):
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        with contextlib.closing(connection):
            connection.sock.connect(str(worker.options["worker.control"]))
            connection.request("GET", "/api/v1/backup")
            return json.loads(connection.getresponse().read())["state"]

    def end(self, command, timeout_s=60):
        """(exit code, standard output, standard error)"""
        out, err = command.communicate(timeout=timeout_s)
        return command.returncode, out, err

    def left(self):
        return sorted(path.name for path in self.folder.iterdir())

    def test_a_worker_under_load_goes_on_and_the_copy_is_one_of_its_states(self):
        worker, proxy = self.start_worker()
        filler = self.fill(worker, LEDGER_BYTES_MIN)
        base = int(worker.status()["ledger"]["commits"])
        sending = load.HttpLoad(proxy.port, self.random.getrandbits(64)).start()
        self.addCleanup(sending.finish)
        wait_until(lambda: len(proxy.posts()) > 20, 30, "load")

        before = len(proxy.posts())
        command = self.begin(worker, "--json")
        applied = []
        seen_running = 0  # posts answered when the worker was last seen copying
        while command.poll() is None:
            answered, counts = len(proxy.posts()), worker.counts()
            if self.state(worker) == "running":
                seen_running = answered
                applied.append(counts["applied"])
        after = len(proxy.posts())
        code, out, err = self.end(command)
        self.assertEqual((code, err), (0, ""))
        made = json.loads(out)
        # One connection posts, one batch after the other: each is one commit.
        included = made["commit"] - base
        times = [post["received_ms"] for post in proxy.posts()]
        print(
            f"{made['bytes']} bytes in {made['seconds']} s; {after - before} posts answered "
            f"meanwhile, {seen_running - included} of them between the state that was copied and "
            f"its end; longest from post to post: {longest(times[: before + 1])} ms before, "
            f"{longest(times[before - 1 : after + 1])} ms meanwhile",
            flush=True,
        )
        self.assertEqual((made["state"], made["file"]), ("done", str(self.file)))
        self.assertGreater(made["bytes"], LEDGER_BYTES_MIN / 2)
        self.assertEqual(made["bytes"], self.file.stat().st_size)
        self.assertGreater(len(set(applied)), 3, "applied counts while it was made")
        self.assertTrue(before <= included <= after, (before, included, after))
        self.assertGreater(seen_running - included, 5, "posts answered while it was made")

        wait_until(lambda: len(proxy.posts()) > after + 20, 30, "load afterwards")
        sending.finish()
        posts = proxy.posts()
        self.assert_copy_is(made, [filler, *posts[:included]])
        self.assert_bills_equal(worker, [filler, *posts])
        self.assertIn("last_backup", worker.status()["ledger"])
        wal = worker.state_dir / "ledger.db-wal"
        wait_until(lambda: wal.stat().st_size == 0, 30, "the WAL moved again")

    def assert_copy_is(self, made, records):
        """It opens, is whole, and a worker that is given it bills what these records say."""
        self.assertEqual(self.left(), ["copy.db"])
        copy = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)
        self.addCleanup(copy.close)
        self.assertEqual(copy.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        self.assertEqual(copy.execute("SELECT commits FROM meta").fetchall(), [(made["commit"],)])
        restored = Worker(self.scratch, "restored")
        shutil.copyfile(self.file, restored.state_dir / "ledger.db")
        self.keep(restored).wait_ready()
        self.assert_bills_equal(restored, records)
        restored.stop()

    def slowly_begun(self, worker):
        """A backup that is in its middle, and the means to end its slowness."""
        # Each write of a page of the copy takes longer: no disk is too fast for the test.
        delay = f"inject=pwrite64:delay_exit={PAGE_DELAY_US}"
        partial = self.folder / "copy.db.partial"
        slow = Strace(
            worker.pid, self.scratch, "-P", partial, "-e", "trace=pwrite64", "-e", delay
        )
        self.addCleanup(slow.end)
        command = self.begin(worker)
        wait_until(lambda: partial.exists() and partial.stat().st_size > 10**5, 20, "some of it")
        self.assertEqual(self.left(), ["copy.db.partial", "copy.db.partial-journal"])
        return command, slow

    def assert_named_last(self, log):
        """On disk before it has its name; and the name, before anybody is told."""
        calls = re.findall(r"(fsync|renameat2)\((.*)", log)
        ours = [(call, what) for call, what in calls if str(self.folder) in what]
        self.assertEqual([call for call, _ in ours], ["fsync", "renameat2", "fsync"], log)
        self.assertIn("copy.db.partial>", ours[0][1])
        self.assertIn("RENAME_NOREPLACE", ours[1][1])
        self.assertIn(f"<{self.folder}>", ours[2][1])

    def test_a_backup_that_ends_early_leaves_nothing_that_looks_like_one(self):
        worker, _ = self.start_worker()
        filler = self.fill(worker, 8 * 10**6)

        command, slow = self.slowly_begun(worker)
        second = self.end(self.begin(worker))
        self.assertEqual(second[0], 69, second)
        self.assertIn("is being made", second[2])
        command.send_signal(signal.SIGINT)
        code, out, err = self.end(command)
        self.assertEqual((code, out), (75, ""), err)
        self.assertIn(f"nothing of {self.file} is left; the worker goes on", err)
        self.assertEqual(self.left(), [])
        self.assertTrue(worker.ready())
        slow.end()

        command, _ = self.slowly_begun(worker)
        self.assertEqual(worker.stop(), 0)
        code, out, err = self.end(command)
        # Whether it is still told of the end is a matter of milliseconds.
        told = {69: f"{self.file} is there only if it is complete",
                74: "stopped before it was complete"}
        self.assertEqual((code in told, out), (True, ""), err)
        self.assertIn(told[code], err)
        self.assertEqual(self.left(), [])

        worker.start()
        worker.wait_ready()
        self.assertNotIn("last_backup", worker.status()["ledger"])
        command, _ = self.slowly_begun(worker)
        worker.kill()
        code, out, err = self.end(command)
        self.assertEqual((code, out), (69, ""), err)
        self.assertIn(f"{self.file} is there only if it is complete", err)
        self.assertFalse(self.file.exists())

        worker.start()
        worker.wait_ready()
        watch = Strace(worker.pid, self.scratch, "-e", "trace=fsync,renameat2")
        code, out, err = self.end(self.begin(worker, "--json"))
        self.assertEqual((code, err), (0, ""))
        self.assert_named_last(watch.end())
        self.assert_copy_is(json.loads(out), [filler])
        code, out, err = self.end(self.begin(worker))
        self.assertEqual((code, out), (73, ""))
        self.assertIn("exists already; name a new file", err)
        self.file = self.file.parent / "missing" / "copy.db"
        code, out, err = self.end(self.begin(worker))
        self.assertEqual((code, out), (73, ""))
        self.assertIn("there is no folder", err)


if __name__ == "__main__":
    unittest.main()
