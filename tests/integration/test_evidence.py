"""`meterbill usage --raw` lists exactly the messages that made a slot: those that the captured
topic and the requests hold for it, byte for byte, over SIGKILLs of the worker, with repeated and
refused ones among them."""

import base64
import collections
import hashlib
import http.client
import json
import subprocess
import time
import unittest

from harness import ProgramTest, Worker, program, wait_until
import capture
from kafka_broker import KafkaBroker
from recount import EpochSlot
from recount_wire import SLOT_US, items_of, parse_time_us, slot_of, slot_text

MACHINES = ("k-0", "k-1", "h-1")  # k-N: over Kafka, partition N; h-1: over HTTP
STEPS = 60
BINARY_HEADER = b"\x1b[31m\xff"
UNPRINTABLE = "steers \u202e the terminal"


class Producer:
    """What one machine says: growing readings, some repeated, some that cannot be true, samples and
    usage events."""

    def __init__(self, name, rng, slots):
        self.name, self.rng, self.slots = name, rng, slots
        self.seconds, self.events, self.said = collections.Counter(), 0, []

    def _reading(self, slot, scope="machine", cpu_s=None):
        seconds = self.seconds[slot]
        if scope != "machine":
            return {"slot": slot, "scope": scope, "used": {"cpu": str(seconds * 1000)}}
        us = str(seconds * 10**6)
        return {
            "slot": slot,
            "scope": scope,
            "from_us": "0",
            "to_us": us,
            "metered_us": us,
            "estimated_us": "0",
            "off_us": "0",
            "used": {
                "cpu": str(seconds * 1000 if cpu_s is None else cpu_s * 10**6),
                "cpu_capacity": str(2 * seconds * 10**6),
                "uptime": us,
            },
        }

    def _message(self, readings, **more):
        return {
            "machine_id": self.name,
            "epoch": hashlib.md5(self.name.encode()).hexdigest(),
            "boot_id": f"boot-{self.name}",
            "readings": readings,
            **more,
        }

    def _event(self):
        self.events += 1
        return {
            "specversion": "1.0",
            "type": "io.meterbill.usage.v1",
            "source": "urn:example:renderer",
            "id": f"{self.name}-{self.rng.randint(max(1, self.events - 2), self.events)}",
            "subject": self.name,
            "time": self.rng.choice(self.slots),
            "data": {"scope": "user:a\u00e4", "meter": "frames", "quantity": "1.5", "unit": "unit"},
        }

    def next(self):
        """The next value, as bytes."""
        kind = self.rng.choice(
            ["grow"] * 5 + ["both", "again", "again", "late", "mixed", "false", "event", "odd"]
        )
        if kind == "again" and self.said:
            return self.rng.choice(self.said)
        slot, other = self.rng.sample(self.slots, 2)
        before = self._reading(other)  # says nothing new by itself
        self.seconds[slot] += self.rng.randint(1, 9)
        readings = [self._reading(slot), self._reading(slot, "service:a")]
        more = {}
        if kind == "both":
            self.seconds[other] += 1
            readings.append(self._reading(other))
        elif kind == "late" and self.seconds[other]:
            readings.append(before)
        elif kind == "mixed":
            readings[0] = self._reading(slot, cpu_s=10**6)
        elif kind == "false":
            readings = [self._reading(slot, cpu_s=10**6)]
        elif kind == "odd":
            more = {"note": UNPRINTABLE}
        value = self._event() if kind == "event" else self._message(readings, **more)
        text = json.dumps(value, ensure_ascii=self.rng.random() < 0.5)
        if kind == "both":
            text = text.replace("service:a", "service\\u003aa")  # the same scope, written otherwise
        self.said.append(text.encode())
        return self.said[-1]


class Replay:
    """Which messages bring something of each machine and slot: worked out from what was captured,
    in its order, by the recount's reading of docs/wire.md."""

    def __init__(self, now_us):
        self.now_us, self.known = now_us, set()
        self.rows = collections.defaultdict(EpochSlot)
        self.sums = collections.Counter()
        self.messages = collections.defaultdict(list)  # (machine, slot) → (value, place, growth)

    def add(self, record, value, place):
        said = collections.defaultdict(dict)
        for item in items_of(record, self.now_us):
            if item.kind not in ("reading", "usage", "sample"):
                continue
            if item.kind == "usage" and item.identity in self.known:
                continue
            key = (item.machine, item.epoch, item.slot)
            growth = said[item.machine, item.slot]
            if item.kind == "reading":
                row = self.rows[key]
                new = item.scope not in row.used
                before = dict(row.used[item.scope])
                if row.merge(item) or new:
                    growth[item.scope] = {
                        meter: total - before.get(meter, 0)
                        for meter, total in item.used.items()
                        if total > before.get(meter, 0)
                    }
            else:
                self.known.add(item.identity)
                growth[item.scope] = {meter: more for meter, more in item.used.items() if more}
                for meter, amount in item.used.items():
                    self.sums[key + (item.scope, meter)] += amount
        for slot, growth in said.items():
            if growth:
                self.messages[slot].append((value, place, growth))

    def stored(self, machine, slot):
        totals = {
            (epoch, scope, meter): total
            for (name, epoch, at), row in self.rows.items()
            if (name, at) == (machine, slot)
            for scope, used in row.used.items()
            for meter, total in used.items()
        }
        for (name, epoch, at, scope, meter), total in self.sums.items():
            if (name, at) == (machine, slot):
                totals[epoch, scope, meter] = total
        return totals


def http_record(value):
    return {
        "via": "http",
        "received_ms": time.time_ns() // 10**6,
        "method": "POST",
        "path": "/api/v1/events",
        "request_headers": [["Content-Type", "application/cloudevents-batch+json"]],
        "body": base64.b64encode(b"[" + value + b"]").decode(),
        "forwarded": True,
        "status": 204,
    }


def slot_number(text):
    return slot_of(parse_time_us(text))


def bytes_of(message, name):
    if f"{name}_base64" in message:
        return base64.b64decode(message[f"{name}_base64"])
    return message[name].encode()


class EvidenceTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.broker = KafkaBroker().start()
        cls.addClassCleanup(cls.broker.close)

    def setUp(self):
        super().setUp()
        self.broker.create_topic("evidence", 2)
        self.worker = self.keep(Worker(self.scratch, kafka=self.broker.url("evidence")))
        self.worker.wait_ready()
        newest = slot_of(time.time_ns() // 1000)
        self.slots = [slot_text(newest - back) for back in (4, 5, 9)]
        self.posted = []

    def post(self, value):
        """Until it is acknowledged, as an agent does."""

        def acknowledged():
            try:
                return self.worker.post(b"[" + value + b"]", timeout_s=2).status == 204
            except (OSError, http.client.HTTPException):
                if not self.worker.running():
                    self.worker.start()
                return False

        wait_until(acknowledged, 30, "acknowledged")
        self.posted.append((http_record(value), value))

    def play(self):
        producers = [Producer(name, self.random, self.slots) for name in MACHINES]
        kills = set(self.random.sample(range(5, STEPS), 3))
        for step in range(STEPS):
            for partition, producer in enumerate(producers[:2]):
                messages = [
                    {
                        "key": producer.name.encode(),
                        "value": producer.next(),
                        "headers": [("x-note", BINARY_HEADER)],
                    }
                    for _ in range(self.random.randint(1, 5))
                ]
                if self.random.random() < 0.2:
                    messages.append(b"nonsense about " + producer.name.encode())
                if self.random.random() < 0.2:
                    sample = {"machine_id": producer.name, "cpu_usage": 1.5, "memory_usage": step}
                    at = slot_of(time.time_ns() // 1000) - self.random.choice((4, 5, 9))
                    messages.append(
                        {"value": json.dumps(sample), "timestamp_ms": at * SLOT_US // 1000 + step}
                    )
                self.broker.produce(messages, "evidence", partition)
            if step in kills:
                time.sleep(self.random.random() / 20)  # in the middle of what was just produced
                self.worker.kill()
                self.worker.start()
            self.post(producers[2].next())
        self.worker.wait_ready()

    def replay(self):
        records = capture.capture_topic(self.broker.bootstrap, "evidence")
        replay = Replay(time.time_ns() // 1000)
        for record in sorted(records, key=lambda r: (r["partition"], r["offset"])):
            place = (record["partition"], record["offset"])
            replay.add(record, base64.b64decode(record["value"]), place)
        for record, value in self.posted:
            replay.add(record, value, None)
        wait_until(
            lambda: all(
                int(p["lag"]) == 0
                for source in self.worker.status()["sources"]
                for p in source["partitions"]
                if source["name"] == "kafka"
            ),
            30,
            "all of the topic read",
        )
        return replay

    def raw(self, machine, slot):
        return json.loads(
            self.worker.cli("usage", "--raw", f"--machine={machine}", f"--slot={slot}", "--json")
        )

    def assert_walks_back(self, replay, machine, slot):
        found, at = self.raw(machine, slot), slot_number(slot)
        expected = replay.messages[machine, at]
        listed = [
            (
                bytes_of(m, "value"),
                (m["partition"], m["offset"]) if m["source"].startswith("kafka:") else None,
                {g["scope"]: {k: int(v) for k, v in g["used"].items()} for g in m["grew"]},
            )
            for m in found["messages"]
        ]
        self.assertEqual(listed, expected)
        for message in found["messages"]:
            value = bytes_of(message, "value")
            self.assertEqual(message["value_sha256"], hashlib.sha256(value).hexdigest())
            self.assertEqual(message["value_bytes"], len(value))
            if message["source"].startswith("kafka:") and message["headers"]:
                self.assertEqual(bytes_of(message["headers"][0], "value"), BINARY_HEADER)
        addresses = [(m["batch"], m["ordinal"]) for m in found["messages"]]
        self.assertEqual(addresses, sorted(set(addresses)))
        self.assertEqual(found["explained"]["verdict"], "explained")
        self.assertEqual(found["explained"]["differing"], [])
        stored = {
            (row["epoch"], row["reading"]["scope"], meter): int(total)
            for row in found["stored"]
            for meter, total in row["reading"]["used"].items()
        }
        self.assertEqual(stored, replay.stored(machine, at))
        return len(expected)

    def test_a_slot_leads_back_to_exactly_the_messages_that_made_it(self):
        self.play()
        replay = self.replay()
        listed = sum(
            self.assert_walks_back(replay, machine, slot)
            for machine in MACHINES
            for slot in self.slots
        )
        self.assertEqual(listed, sum(map(len, replay.messages.values())))
        self.assertGreater(listed, 100)
        counts = self.worker.counts()
        self.assertGreater(counts["repeated"], 10)
        self.assertGreater(counts["quarantined"], 10)

        text = self.worker.cli("usage", "--raw", "--machine=k-0", f"--slot={self.slots[0]}")
        self.assertNotIn("\x1b", text)
        self.assertNotIn("\u202e", text)
        self.assertIn("Explained  all ", text)

        self.worker.change("machine", "resolve", "h-1", "--boot=boot-h-1", "--rename=h-9")
        for slot in self.slots:  # its usage events are of no boot, and stay
            renamed, stayed = (self.raw(name, slot)["messages"] for name in ("h-9", "h-1"))
            self.assertEqual({m["machine"] for m in renamed}, {"h-1"})
            self.assertTrue(all(m["epoch"] != "events" for m in renamed))
            self.assertTrue(all(m["epoch"] == "events" for m in stayed))
            self.assertEqual(
                sorted(bytes_of(m, "value") for m in renamed + stayed),
                sorted(value for value, *_ in replay.messages["h-1", slot_number(slot)]),
            )

        arguments = ["usage", "--raw", "--machine=k-1", f"--slot={self.slots[1]}", "--json"]
        running = self.worker.cli(*arguments)
        self.assertEqual(self.worker.stop(), 0)
        stopped = subprocess.run(
            [program("meterbill"), *arguments, f"--ledger={self.worker.state_dir}/ledger.db"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        ).stdout
        self.assertEqual(stopped, running)


if __name__ == "__main__":
    unittest.main()
