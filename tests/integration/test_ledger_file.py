"""What a worker says while it runs, read from its ledger after it has stopped; and the prices that
it has used."""

import datetime
import hashlib
import os
import re
import sqlite3
import subprocess
import sys
import unittest
import unittest.mock

from harness import ProgramTest, Worker, program
from processes import free_port

PRICES = """currency = "EUR"
time_zone = "UTC"
[[price]]
meter = "cpu"
unit = "core_hour"
price = "0.02"
[[price]]
meter = "frames"
unit = "unit"
price = "1.5"
from = "{day}"
"""
CHANGED = re.compile(
    r"meterbill: the price of (\w+) per (\w+) since (\S+) was (edited|removed) after"
)


def yesterday():
    return datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=1)


def reading_message(machine, epoch, boot, seconds, labels=None):
    us = str(seconds * 10**6)
    used = {"cpu": str(36 * 10**6), "cpu_capacity": str(2 * seconds * 10**6), "uptime": us}
    return {
        "machine_id": machine,
        "epoch": epoch * 32,
        "boot_id": boot,
        "labels": labels or {},
        "readings": [
            {
                "slot": f"{yesterday()}T10:00:00Z",
                "scope": "machine",
                "from_us": "0",
                "to_us": us,
                "metered_us": us,
                "estimated_us": "0",
                "off_us": "0",
                "used": used,
            }
        ],
    }


def usage_event(number, **data):
    return {
        "specversion": "1.0",
        "type": "io.meterbill.usage.v1",
        "source": "urn:example:renderer",
        "id": number,
        "subject": "node-4",
        "time": f"{yesterday()}T10:16:12Z",
        "data": {"scope": "machine", "meter": "frames", "quantity": "1.5", "unit": "unit", **data},
    }


def events():
    """Two honest machines, one name used by two, an application's events, and what is refused."""
    return [
        reading_message("web-1", "a", "boot-a", 600),
        reading_message("lab-7", "b", "boot-b", 800, {"site": "lab-3"}),
        reading_message("lab-7", "c", "boot-c", 800),
        usage_event("job-1"),
        usage_event("job-2", scope="user:anna"),
        usage_event("job-2"),
        usage_event("job-3", quantity="many"),
        usage_event("job-4", time="yesterday"),
    ]


class LedgerFileTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.prices = self.scratch / "prices.toml"
        self.prices.write_text(PRICES.format(day=yesterday()), encoding="utf-8")
        self.worker = self.keep(Worker(self.scratch, prices=self.prices)).wait_ready()
        self.ledger = self.worker.state_dir / "ledger.db"
        answer = self.worker.post(events())
        self.assertEqual(
            (answer.status, answer.headers["MeterBill-Result"]),
            (204, "applied=5,repeated=1,quarantined=2"),
        )

    def meterbill(self, *arguments):
        return subprocess.run(
            [program("meterbill"), *arguments],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def from_file(self, *arguments, prices=None):
        return self.meterbill(
            *arguments, f"--ledger={self.ledger}", f"--prices={prices or self.prices}"
        )

    def files(self):
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.worker.state_dir.iterdir()
        }


class StoppedLedgerTest(LedgerFileTest):
    def questions(self):
        day = str(yesterday())
        for form in ([], ["--json"], ["--csv"]):
            yield ["usage", "--by", "slot", "--period", day, *form]
            yield ["usage", "--machine", "node-4", "--period", day[:7], *form]
            yield ["usage", "--coverage", "--period", day, *form]
            yield ["usage", "--coverage", "--by", "slot", "--period", day, *form]
            yield ["bill", "show", "--period", day, *form]
            yield ["bill", "show", "--machine", "lab-7", "--period", day, *form]
        for form in ([], ["--json"]):
            yield ["quarantine", "list", *form]
            yield ["quarantine", "show", "1", *form]
            yield ["machine", "list", *form]
            yield ["machine", "list", "--machine", "lab-7", *form]

    def assert_file_says_the_same(self, said, before):
        for question, answer in said.items():
            with self.subTest(question=" ".join(question)):
                done = self.from_file(*question)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertEqual(done.stdout, answer)
        self.assertEqual(self.files(), before)

    def test_every_question_is_answered_byte_for_byte_and_no_file_changes(self):
        said = {tuple(question): self.worker.cli(*question) for question in self.questions()}
        self.assertEqual(len(said), 26)
        # Answers to compare, not empty ones.
        texts = "".join(said.values())
        for word in ("node-4", "user:anna", "bad_number", "boot-c", "STATEMENT", "2.25"):
            self.assertIn(word, texts)

        self.assertEqual(self.worker.stop(), 0)
        before = self.files()
        self.assertEqual(sorted(before), ["ledger.db", "ledger.lock"])
        self.assert_file_says_the_same(said, before)

        # And of a worker that was killed, whose last batch is still in the WAL.
        self.worker.start().wait_ready()
        self.assertEqual(self.worker.post([usage_event("job-2")]).status, 204)
        self.worker.kill()
        before = self.files()
        self.assertGreater((self.worker.state_dir / "ledger.db-wal").stat().st_size, 0)
        for question, answer in said.items():
            self.assertEqual(self.from_file(*question).stdout, answer, question)
        after = self.files()
        self.assertEqual(after["ledger.db"], before["ledger.db"])
        self.assertEqual(after["ledger.db-wal"], before["ledger.db-wal"])

        # It starts again and says the same as ever.
        self.worker.start().wait_ready()
        for question, answer in said.items():
            self.assertEqual(self.worker.cli(*question), answer, question)

    def test_status_has_the_counts_and_says_that_nothing_runs(self):
        self.worker.stop()
        done = self.from_file("status")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(f"{self.ledger}\n  why     the worker is stopped", done.stdout)
        self.assertIn("5 applied   1 repeated   2 quarantined", done.stdout)
        self.assertIn("1 held (lab-7)", done.stdout)
        agent = f"--agent=http://127.0.0.1:{free_port()}"
        done = self.from_file("status", agent)
        self.assertEqual(done.returncode, 69)  # asked for, and not there
        self.assertIn("1 held (lab-7)", done.stdout)

    def test_a_ledger_in_use_is_refused_with_the_remedy(self):
        done = self.from_file("usage")
        self.assertEqual((done.returncode, done.stdout), (75, ""))
        self.assertIn(f"in use by process {self.worker.pid}", done.stderr)
        self.assertIn("ask that one, with --server URL, or stop it first", done.stderr)

    def test_what_is_no_ledger_of_ours_is_refused_with_the_remedy(self):
        self.worker.stop()
        day = ["--period", str(yesterday())]
        table = [
            (["usage", f"--ledger={self.scratch}/none.db"], 66, "none.db: there is no such file"),
            (["usage", f"--ledger={self.scratch}"], 66, "there is no such file"),
            (["usage", f"--ledger={self.prices}"], 65, "if it is a worker's ledger, restore"),
            (["usage", f"--ledger={self.ledger}", "--prices=none.toml"], 66, "none.toml"),
            (["usage", f"--ledger={self.ledger}", "--server=http://a:1"], 64, "give one of them"),
            (["usage", "--prices=none.toml"], 64, "--prices goes with --ledger"),
            (["usage", f"--ledger={self.ledger}", "--machine=x", *day], 66, "no machine 'x'"),
        ]
        for arguments, code, said in table:
            with self.subTest(arguments=arguments):
                done = self.meterbill(*arguments)
                self.assertEqual((done.returncode, done.stdout), (code, ""))
                self.assertIn(said, done.stderr)
        self.assertEqual(
            [p.name for p in self.scratch.iterdir() if p.suffix in (".lock", ".db")], []
        )

        later = sqlite3.connect(self.ledger)
        later.execute("PRAGMA user_version=99")
        later.close()
        done = self.from_file("usage")
        self.assertEqual(done.returncode, 65)
        self.assertIn("its schema version is 99", done.stderr)
        self.assertIn("install the program that wrote it", done.stderr)

    def test_a_ledger_of_before_the_totals_of_time_is_brought_up_to_date(self):
        said = [self.worker.cli("bill", "show", "--json"), self.worker.cli("usage", "--coverage")]
        self.worker.stop()
        with sqlite3.connect(self.ledger) as ledger:
            ledger.executescript(
                "DELETE FROM total; DELETE FROM meter WHERE name LIKE '=%';"
                "UPDATE meta SET segments_digest='of then'; PRAGMA user_version=6;"
            )
        self.worker.start().wait_ready()
        self.assertEqual(
            [self.worker.cli("bill", "show", "--json"), self.worker.cli("usage", "--coverage")],
            said,
        )
        with sqlite3.connect(self.ledger) as ledger:
            names = {name for (name,) in ledger.execute("SELECT name FROM meter")}
        self.assertLessEqual({"=metered", "=estimated", "=off", "=special"}, names)

    def test_a_worker_leaves_the_ledger_of_a_newer_one_as_it_is_and_names_the_remedy(self):
        self.worker.stop()
        with sqlite3.connect(self.ledger) as ledger:
            (own,) = ledger.execute("PRAGMA user_version").fetchone()
        # Killed, the newer one leaves its log behind: who opens the file must not write it back.
        newer = (
            "import os, signal, sqlite3, sys\n"
            "sqlite3.connect(sys.argv[1]).execute('PRAGMA user_version=' + sys.argv[2])\n"
            "os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        subprocess.run([sys.executable, "-c", newer, self.ledger, str(own + 1)], check=False)
        self.assertGreater((self.worker.state_dir / "ledger.db-wal").stat().st_size, 0)
        before = self.files()
        self.worker.start()
        self.assertEqual(self.worker.wait_exit(20), 65)
        said = self.worker.log()
        self.assertIn(f"its schema version is {own + 1}, this program knows up to {own}", said)
        self.assertIn("install the program that wrote it, or put its copy", said)
        self.assertIn(f"ledger.db.before-{own + 1}, in place", said)
        after = self.files()
        for name in ("ledger.lock", "ledger.db-shm"):  # the process, and the log's index
            before.pop(name, None), after.pop(name, None)
        self.assertEqual(after, before)

    def test_other_prices_bill_what_the_ledger_holds(self):
        """The totals in it stand under the segments of the prices it was written with."""
        self.worker.stop()
        other = self.scratch / "other.toml"
        other.write_text(
            PRICES.format(day=yesterday()).replace('"0.02"', '"0.01"')
            + '[[price]]\nmeter = "cpu"\nunit = "core_hour"\nprice = "3"\n'
            + f'from = "{yesterday()}"\n',
            encoding="utf-8",
        )
        month = f"--period={str(yesterday())[:7]}"
        bill = ["bill", "show", month, "--machine=web-1", "--csv"]
        ours = self.from_file(*bill).stdout
        self.assertRegex(ours, r"\b0\.0002\b")  # 36 core-seconds, a hundredth of an hour
        self.assertRegex(self.from_file(*bill, prices=other).stdout, r"\b0\.03\b")


class UsedPricesTest(LedgerFileTest):
    def check(self, *arguments):
        done = self.meterbill("prices", "check", f"--prices={self.prices}", *arguments)
        return done.returncode, CHANGED.findall(done.stderr), done

    def test_an_edited_or_dropped_price_is_named_by_check_and_statement(self):
        text = self.prices.read_text(encoding="utf-8")
        server = f"--server={self.worker.url}"
        self.assertEqual(self.check(server)[:2], (0, []))
        self.assertIn("2 price versions, none of them changed", self.check(server)[2].stdout)

        # A price from tomorrow on is no change.
        later = '[[price]]\nmeter = "cpu"\nunit = "core_hour"\nprice = "9"\nfrom = "2099-01-01"\n'
        self.prices.write_text(text + later, encoding="utf-8")
        self.assertEqual(self.check(server)[:2], (0, []))

        frames = ("frames", "unit", str(yesterday()))
        self.prices.write_text(text.replace('"1.5"', '"1.6"'), encoding="utf-8")
        self.assertEqual(self.check(server)[:2], (65, [(*frames, "edited")]))
        self.assertIn("put the old price back", self.check(server)[2].stderr)
        self.assertIn('"change":"edited"', self.check(server, "--json")[2].stdout)

        # The worker that is started with it says so on the statement, and so does its file.
        self.worker.stop()
        self.worker.start().wait_ready()
        bill = self.worker.cli("bill", "show", "--period", str(yesterday()))
        warning = re.sub(r"\s+", " ", bill)
        self.assertIn(f"price of frames per unit since {yesterday()} was edited", warning)
        self.worker.stop()
        self.assertEqual(
            self.from_file("bill", "show", "--period", str(yesterday())).stdout, bill
        )

        self.prices.write_text(text.replace(f'"{yesterday()}"', '"2099-01-01"'), encoding="utf-8")
        ledger = f"--ledger={self.ledger}"
        self.assertEqual(self.check(ledger)[:2], (65, [(*frames, "removed")]))
        self.prices.write_text(text, encoding="utf-8")
        self.assertEqual(self.check(ledger)[:2], (0, []))

    def test_a_currency_that_is_changed_is_named_by_check_and_statement(self):
        text = self.prices.read_text(encoding="utf-8")
        currency = re.search(r'currency = "(\w+)"', text).group(1)
        other = "CHF" if currency != "CHF" else "EUR"
        self.prices.write_text(text.replace(f'"{currency}"', f'"{other}"'), encoding="utf-8")
        sentence = (
            f"currency of the prices was changed from {currency} with 2 decimals to {other} with 2 "
            "decimals after they were used"
        )
        code, changed, done = self.check(f"--server={self.worker.url}")
        self.assertEqual((code, changed), (65, []))
        self.assertIn(sentence, done.stderr)
        for _ in range(2):  # a warning does not become the new state of things
            self.worker.stop()
            self.worker.start().wait_ready()
        bill = self.worker.cli("bill", "show", "--period", str(yesterday()))
        self.assertIn(sentence, re.sub(r"\s+", " ", bill))
        self.assertIn(sentence, self.worker.get("/api/v1/prices").json()["warnings"][0])
        self.worker.stop()
        self.prices.write_text(text, encoding="utf-8")
        self.assertEqual(self.check(f"--ledger={self.ledger}")[:2], (0, []))

    def test_without_a_worker_the_file_is_checked_all_the_same(self):
        nobody = f"--server=http://127.0.0.1:{free_port()}"
        # Whoever names a worker wants it asked; one of the configuration need not run.
        listen = {"METERBILL_WORKER_HTTP_LISTEN": nobody.removeprefix("--server=http://")}
        for arguments, expected in ([nobody], 69), ([], 0):
            with self.subTest(arguments=arguments), unittest.mock.patch.dict(os.environ, listen):
                code, changed, done = self.check(*arguments)
                self.assertEqual((code, changed, done.stderr.count("\n")), (expected, [], 1))
                self.assertIn("not compared with the prices that were used", done.stderr)
                self.assertIn("core_hour", done.stdout)
        self.prices.write_text("currency = 1\n", encoding="utf-8")
        self.assertEqual(self.check(nobody)[0], 65)


if __name__ == "__main__":
    unittest.main()
