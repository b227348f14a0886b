"""Bad input through the real worker, by Kafka and by HTTP: each item quarantined with its reason
and its exact bytes, counted, and everything else in the batch applied."""

import base64
import collections
import json
import time
import unittest

from harness import ProgramTest, Worker, request, wait_until
from bad_input import GOOD, MESSAGE, NO_JSON, ROWS, SLOT
import capture
from kafka_broker import KafkaBroker


def neighbour(route, number, side):
    """One good reading; a scope of its own shows that it was applied."""
    return (
        f'{{"machine_id":"{route}-near","epoch":"00000000000000000000000000000001",'
        f'"boot_id":"b","readings":[{{"slot":"{SLOT}","scope":"row:{number}-{side}",'
        f'"used":{{"cpu":"{1000 + number}"}}}}]}}'
    ).encode()


def quarantine_of(worker):
    """Every quarantined item, whole, oldest first."""
    ids, before = [], []
    while True:
        page = json.loads(worker.cli("quarantine", "list", "--json", *before))["items"]
        if not page:
            break
        ids += [item["id"] for item in page]
        before = ["--before", str(ids[-1])]
    return [json.loads(worker.cli("quarantine", "show", str(n), "--json")) for n in sorted(ids)]


class Expected:
    """What a route's rows come to."""

    def __init__(self):
        self.counts = collections.Counter(applied=0, repeated=0, quarantined=0)
        self.reasons = collections.Counter()
        self.items = {}  # value → (name, reason, how often, number of items, key, headers)

    def add(self, row, value, reason, headers):
        self.counts["applied"] += row.applied
        self.counts["repeated"] += row.repeated + row.applied * (row.times - 1)
        if reason:
            self.counts["quarantined"] += row.bad * row.times
            self.reasons[reason] += row.bad * row.times
            self.items[value] = (row.name, reason, row.bad * row.times, row.key, headers)


class BadInputTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.broker = KafkaBroker().start()
        cls.addClassCleanup(cls.broker.close)

    def by_kafka(self, expected):
        """Everything as one batch of records, a good one before each and after the last."""
        records = []
        for number, row in enumerate([*ROWS, *GOOD]):
            value = row.value_for("kafka", number if row.reason else len(ROWS))
            headers = [(n, v.encode() if isinstance(v, str) else v) for n, v in row.headers]
            expected.add(row, value, row.reason, headers)
            stamp = row.timestamp_us // 1000
            bad = {"value": value, "key": row.key, "headers": headers, "timestamp_ms": stamp}
            records += [neighbour("kafka", number, 0), *[bad] * row.times]
        records.append(neighbour("kafka", len(records), 1))
        expected.counts["applied"] += len(ROWS) + len(GOOD) + 1
        self.broker.produce(records, "resource_usage", batch_max=len(records))

    def by_http(self, worker, expected):
        """Each row in the middle of a batch of its own. Returns the exchanges as a proxy would have
        kept them."""
        exchanges = []
        headers = [("content-type", b"application/cloudevents+json")]
        for number, row in enumerate([*ROWS, *GOOD]):
            if row.http is None:
                continue
            value = row.value_for("http", number if row.reason else len(ROWS))
            for _ in range(row.times):
                elements = [neighbour("http", number, 0), value, neighbour("http", number, 1)]
                body = b"[" + b",".join(elements) + b"]"
                exchanges.append(self.post(worker, body, row))
            if row.http == NO_JSON:
                continue
            self.assertIn("applied=", exchanges[-1]["result"], row.name)
            expected.add(row, value, row.reason, headers)
            expected.counts["applied"] += 2
            expected.counts["repeated"] += 2 * (row.times - 1)
        return exchanges

    def post(self, worker, body, row):
        before = worker.counts() if row.http == NO_JSON else None
        received_ms = time.time_ns() // 1_000_000
        answer = worker.post(body)
        if row.http == NO_JSON:
            self.assertEqual((row.name, answer.status), (row.name, 400))
            self.assertEqual(set(answer.json()), {"error", "detail"}, row.name)
            self.assertEqual(worker.counts(), before, row.name)
        else:
            self.assertEqual((row.name, answer.status), (row.name, 204))
        return {
            "via": "http",
            "received_ms": received_ms,
            "method": "POST",
            "path": "/api/v1/events",
            "request_headers": [["Content-Type", "application/cloudevents-batch+json"]],
            "body": base64.b64encode(body).decode(),
            "forwarded": True,
            "status": answer.status,
            "result": answer.headers.get("MeterBill-Result", ""),
        }

    def assert_quarantined(self, items, expected):
        """Reason, count, exact value, key and headers of every item; nothing more."""
        found = collections.defaultdict(list)
        for item in items:
            value = None if item["tombstone"] else base64.b64decode(item["value_base64"])
            found[value].append(item)
        self.assertEqual(
            sorted(entry[0] for entry in expected.items.values()),
            sorted(expected.items[v][0] if v in expected.items else repr(v) for v in found),
        )
        for value, (name, reason, count, key, headers) in expected.items.items():
            with self.subTest(name):
                mine = found[value]
                self.assertEqual({item["reason"] for item in mine}, {reason})
                self.assertEqual(sum(item["count"] for item in mine), count)
                for item in mine:
                    self.assertEqual(base64.b64decode(item["key_base64"]), key or b"")
                    self.assertEqual(
                        [(h["name"], base64.b64decode(h["value_base64"])) for h in item["headers"]],
                        headers,
                    )
                    self.assertEqual(item["value_bytes"], len(value or b""))
                    self.assertEqual((item["state"], item["releasable"]), ("held", True))
                    self.assertTrue(item["detail"])

    def test_each_is_quarantined_with_its_reason_and_bytes_and_all_else_is_applied(self):
        self.broker.create_topic("resource_usage", configs={"retention.ms": -1})
        worker = self.keep(Worker(self.scratch, kafka=self.broker.url())).wait_ready()
        expected = {"kafka": Expected(), "http": Expected()}
        exchanges = self.by_http(worker, expected["http"])
        self.by_kafka(expected["kafka"])
        both = expected["http"].counts + expected["kafka"].counts

        def read_from_sources():  # told of a moment after the ledger has it
            return sum(int(of["counts"]["read"]) for of in worker.status()["sources"])

        wait_until(lambda: read_from_sources() >= sum(both.values()), 30, "all was read")

        status = worker.status()
        for source in status["sources"]:
            counts = {key: int(value) for key, value in source["counts"].items()}
            wanted = dict(expected[source["name"]].counts)
            self.assertEqual(counts, {**wanted, "read": sum(wanted.values())}, source["name"])
        self.assertEqual(worker.counts(), dict(both))
        self.assertEqual(int(status["counts"]["read"]), sum(both.values()))
        self.assertEqual(int(status["quarantine"]["held"]), both["quarantined"])

        items = quarantine_of(worker)
        for route in ("http", "kafka"):
            mine = [item for item in items if item["source"].split(":")[0] == route]
            with self.subTest(route):
                self.assert_quarantined(mine, expected[route])

        # Every good item beside them is on the bill, and nothing of the bad ones is.
        records = capture.capture_topic(self.broker.bootstrap, "resource_usage") + exchanges
        counted = self.assert_bills_equal(worker, records)
        self.assertEqual(dict(counted.counts), dict(both))
        self.assertEqual(
            dict(counted.reasons), dict(expected["http"].reasons + expected["kafka"].reasons)
        )

        # It is on disk, not in memory.
        worker.kill()
        worker.start().wait_ready()
        self.assertEqual((quarantine_of(worker), worker.counts()), (items, dict(both)))

    def test_a_body_that_is_no_event_is_refused_and_not_counted(self):
        worker = self.keep(Worker(self.scratch)).wait_ready()
        event, batch = "application/cloudevents+json", "application/cloudevents-batch+json"
        bare = b'{"machine_id": "Machine_B", "cpu_usage": 12.3, "memory_usage": 61.2}'
        good = MESSAGE.encode()
        for name, content_type, body, status in [
            ("nothing", event, b"", 400),
            ("nothing of a batch", batch, b"", 400),
            ("a word", event, b"nonsense", 400),
            ("a list where one event stands", event, b"[" + good + b"]", 400),
            ("an event where a list stands", batch, good, 400),
            ("a number", batch, b"12.3", 400),
            ("a list without an end", batch, b"[" + good, 400),
            ("a list with a hole", batch, b"[" + good + b",," + good + b"]", 400),
            ("two lists", batch, b"[" + good + b"][" + good + b"]", 400),
            ("bytes that are not UTF-8", batch, b'[{"x":"\xff"}]', 400),
            ("a sample", event, bare, 400),
            ("a sample in a list", batch, b"[" + good + b"," + bare + b"]", 400),
            ("a sample as plain JSON", "application/json", bare, 400),
            ("an event as plain JSON", "application/json", good, 415),
            ("text", "text/plain", good, 415),
            ("no content type", None, good, 415),
            ("more than 1 MiB", batch, b"[" + good + b" " * 1_048_576 + b"]", 413),
        ]:
            with self.subTest(name):
                headers = {"Content-Type": content_type} if content_type else {}
                answer = request(worker.port, "POST", "/api/v1/events", body, headers)
                self.assertEqual((answer.status, set(answer.json())), (status, {"error", "detail"}))
                self.assertEqual(sum(worker.counts().values()), 0)
        nothing = worker.post([])
        self.assertEqual(
            nothing.headers["MeterBill-Result"], "applied=0,repeated=0,quarantined=0"
        )
        self.assertEqual(worker.status()["machines"], "0")


if __name__ == "__main__":
    unittest.main()
