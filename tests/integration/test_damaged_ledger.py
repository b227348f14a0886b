"""A damaged ledger: the worker bills nothing from it and accepts nothing into it, leaves it as it
is and says what to do; the commands it prints bring everything back."""

import base64
import datetime
import hashlib
import json
import os
import sqlite3
import subprocess
import time
import unittest

from harness import Agent, ProgramTest, Worker, meterbill, program, request, wait_until
from http_capture import HttpCapture
from load import HttpLoad
from test_usage_fleet import SLOT_S, reading

EX_DATAERR = 65  # systemd is told not to start the worker again
MESSAGES = 300


def page_size(path):
    with open(path, "rb") as file:
        return int.from_bytes(file.read(18)[16:], "big")


def overwrite(path, at, data):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


class DamagedLedgerTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.worker = self.keep(Worker(self.scratch)).wait_ready()
        self.ledger = self.worker.state_dir / "ledger.db"
        self.proxy = HttpCapture(self.worker.port)
        self.addCleanup(self.proxy.close)
        self.agent = self.keep(Agent(self.scratch, self.proxy.url, machine="real-1")).wait_ready()
        load = HttpLoad(self.proxy.port, self.random.getrandbits(64)).start()
        wait_until(lambda: load.sent >= MESSAGES, 60, "messages")
        load.finish()
        self.copy = self.scratch / "backup.db"
        self.worker.change("backup", str(self.copy))

    def wait_acknowledged(self):
        """Something more was sent, and acknowledged."""
        before = len([post for post in self.proxy.posts() if post["status"] == 204])
        wait_until(
            lambda: len([post for post in self.proxy.posts() if post["status"] == 204]) > before,
            90,  # the agent may be backing off
            "the agent was acknowledged",
        )

    def files(self):
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (self.ledger, self.ledger.with_name("ledger.db-wal"))
            if path.exists() and path.stat().st_size > 0
        }

    # What may happen to a file.
    def page(self):
        with sqlite3.connect(self.ledger) as ledger:
            (root,) = ledger.execute(
                "SELECT rootpage FROM sqlite_schema WHERE name='usage_row'"
            ).fetchone()
        ledger.close()
        size = page_size(self.ledger)
        overwrite(self.ledger, (root - 1) * size, self.random.randbytes(size))

    def header(self):
        overwrite(self.ledger, 0, self.random.randbytes(100))

    def truncated(self):
        size = page_size(self.ledger)
        os.truncate(self.ledger, self.ledger.stat().st_size // size // 2 * size)

    def zeros(self):
        overwrite(self.ledger, 0, bytes(self.ledger.stat().st_size))

    def all_but_the_header(self):
        size = page_size(self.ledger)
        overwrite(self.ledger, size, self.random.randbytes(self.ledger.stat().st_size - size))

    def only_the_header(self):
        os.truncate(self.ledger, page_size(self.ledger))

    def assert_refused(self, said):
        """The worker ended, with all that an operator needs to know."""
        self.assertEqual(self.worker.wait_exit(20), EX_DATAERR, said)
        last = [
            line.removeprefix("meterbill-worker: ")
            for line in self.worker.log().splitlines()
            if line.startswith("meterbill-worker: ")
        ]
        text = "\n".join(last)
        for words in (str(self.ledger), f"{self.ledger} is damaged", "agent send --again", said):
            self.assertIn(words, text)
        self.assertFalse(self.worker.responds())
        return last

    def restore(self, last):
        """As the worker says, to the letter."""
        commands = [line.strip() for line in last if line.startswith("  ")]
        move, install, again = commands[-3:]
        install = install.replace("BACKUP", str(self.copy))
        for command in (move, install):
            subprocess.run(["bash", "-ec", command], check=True, timeout=30)
        self.worker.start().wait_ready()
        self.assertEqual(again.split()[0], "meterbill")
        meterbill(*again.split()[1:], "--control", self.agent.options["agent.control"])
        (self.worker.state_dir / "damaged").rename(self.scratch / f"damaged-{len(self.aside())}")

    def aside(self):
        return sorted(self.scratch.glob("damaged-*"))

    def assert_all_is_back(self):
        self.wait_acknowledged()
        meterbill("agent", "send", "--control", self.agent.options["agent.control"])
        wait_until(lambda: int(self.agent.status()["spool"]["waiting"]) <= 1, 30, "all is sent")
        self.assertEqual(self.agent.stop(), 0)
        self.assert_bills_equal(self.worker, self.proxy.posts())

    def test_a_file_damaged_while_stopped_is_refused_as_often_as_it_is_started_and_left_as_it_is(
        self,
    ):
        for damage in (self.page, self.header, self.truncated, self.zeros):
            with self.subTest(damage=damage.__name__):
                self.wait_acknowledged()
                self.assertEqual(self.worker.stop(), 0)
                damage()
                before = self.files()
                for _ in range(2):
                    self.worker.start()
                    last = self.assert_refused("")
                    self.assertEqual(self.files(), before)
                self.restore(last)
                damaged = self.aside()[-1] / "ledger.db"
                self.assertEqual(
                    hashlib.sha256(damaged.read_bytes()).hexdigest(), before["ledger.db"]
                )
        self.assert_all_is_back()

    def row_of_a_post(self):
        """A reading that is in the ledger, as it was posted."""
        for post in reversed(self.proxy.posts()):
            for event in json.loads(base64.b64decode(post["body"])):
                if event["subject"].startswith("http") and "readings" in event["data"]:
                    return event
        raise AssertionError("no reading was posted")

    def old_reading(self):
        """One of two days ago, which nobody reads unasked; in the ledger and in the backup."""
        event = reading("http-old", 1, int(time.time()) // SLOT_S * SLOT_S - 192 * SLOT_S)
        kind = {"Content-Type": "application/cloudevents-batch+json"}
        body = json.dumps([event]).encode()
        answer = request(self.proxy.port, "POST", "/api/v1/events", body, kind)
        self.assertEqual(answer.status, 204)
        self.copy = self.scratch / "backup-2.db"
        self.worker.change("backup", str(self.copy))
        return event

    def damage_row(self, machine, slot):
        seconds = int(datetime.datetime.fromisoformat(slot.replace("Z", "+00:00")).timestamp())
        ledger = sqlite3.connect(self.ledger)
        with ledger:
            done = ledger.execute(
                "UPDATE usage_row SET packed=substr(packed, 2) "
                "WHERE slot=? AND machine=(SELECT machine FROM machine WHERE name=?)",
                (seconds, machine),
            )
            self.assertEqual(done.rowcount, 1)
        ledger.close()

    def test_a_row_that_cannot_be_unpacked_ends_the_worker_when_it_is_read(self):
        newest = self.row_of_a_post()
        event = self.old_reading()
        slot = event["data"]["readings"][0]["slot"]
        usage = f"/api/v1/usage?by=slot&machine=http-old&period={slot[:10]}"
        asks = (
            lambda: self.worker.post([event]).status,
            lambda: self.worker.get(usage).status,
        )
        for ask in asks:
            self.wait_acknowledged()
            self.assertEqual(self.worker.stop(), 0)
            self.damage_row("http-old", slot)
            self.worker.start().wait_ready()
            self.assertIn(ask(), (500, 503))
            last = self.assert_refused(slot)
            self.assertIn("http-old", "\n".join(last))
            self.restore(last)
        # One of the last day is found by the look at the coverage: nobody has to ask.
        self.assertEqual(self.worker.stop(), 0)
        slot = newest["data"]["readings"][0]["slot"]
        self.damage_row(newest["subject"], slot)
        self.worker.start()
        last = self.assert_refused(slot)
        self.assertIn(newest["subject"], "\n".join(last))
        self.restore(last)
        self.assert_all_is_back()

    def test_a_file_damaged_under_a_running_worker_ends_it_with_the_first_page_that_is_read(self):
        for damage in (self.all_but_the_header, self.only_the_header):
            with self.subTest(damage=damage.__name__):
                self.wait_acknowledged()
                self.agent.freeze()
                self.assertEqual(self.worker.stop(), 0)
                # What it needs for applying it has looked at, and keeps in memory.
                self.worker.start().wait_ready()
                damage()
                done = subprocess.run(
                    [program("meterbill"), "usage", "--by", "slot", "--server", self.worker.url],
                    capture_output=True,
                    text=True,
                    timeout=60,
                    check=False,
                )
                self.assertNotEqual(done.returncode, 0, done.stdout)
                self.assert_refused("malformed")
                # And again: the file shows it from the start.
                self.worker.start()
                last = self.assert_refused("check")
                self.agent.thaw()
                self.restore(last)
        self.assert_all_is_back()


if __name__ == "__main__":
    unittest.main()
