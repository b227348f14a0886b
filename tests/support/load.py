"""A fleet of machines that never were: readings, samples and usage events as agents and
applications would send them, with restarts, late slots, repetition and disorder, fast enough to
keep a worker's batches busy.

What the fleet believes to have used is kept nowhere: the recount works it out from what was
captured.
"""

import contextlib
import http.client
import json
import random
import threading
import time
import uuid

TICK_US = 50_000
MACHINES, CORES = 8, 4
# Far below the 64 epochs a slot may have: at the limit the order of arrival would decide what
# counts.
RUNS_MAX = 30


def slot_text(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(seconds // 900 * 900))


def now_text():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class LoadedMachine:
    """One machine's meters and its runs. Each message carries the growth of one tick."""

    def __init__(self, name, rng):
        self.name, self._random = name, rng
        self._boot, self._boot_us = str(uuid.UUID(int=rng.getrandbits(128))), rng.randrange(10**9)
        self._labels = (
            {"rack": str(rng.randrange(3)), "note": 'a,b=c\\"ü'} if rng.random() < 0.7 else {}
        )
        self._seq, self._runs, self._sent, self._events = 0, 0, [], []
        self._begin()

    def _begin(self):
        self._runs += 1
        self._epoch, self._slots = f"{self._random.getrandbits(128):032x}", {}

    def _grow(self, slot, scopes):
        slot_scopes = self._slots.setdefault(slot, {})
        whole = slot_scopes.setdefault(
            "machine", {"from_us": self._boot_us, "metered_us": 0, "used": {}}
        )
        self._boot_us += TICK_US
        whole["to_us"] = self._boot_us
        whole["metered_us"] += TICK_US
        self._add(
            whole["used"],
            cpu_capacity=TICK_US * CORES,
            uptime=TICK_US,
            memory_capacity=2_000_000,
            cpu=self._random.randrange(TICK_US * CORES),
            memory=self._random.randrange(2_000_000),
            net_out=self._random.randrange(10**7),
        )
        for scope in scopes:
            self._add(
                slot_scopes.setdefault(scope, {"used": {}})["used"],
                cpu=self._random.randrange(1000),
            )

    @staticmethod
    def _add(used, **amounts):
        for meter, amount in amounts.items():
            used[meter] = used.get(meter, 0) + amount

    def _readings(self, slot):
        for scope, state in self._slots[slot].items():
            used = {meter: str(total) for meter, total in state["used"].items()}
            reading = {"slot": slot, "scope": scope, "used": used}
            if scope == "machine":
                reading |= {
                    "from_us": str(state["from_us"]),
                    "to_us": str(state["to_us"]),
                    "metered_us": str(state["metered_us"]),
                    "estimated_us": "0",
                    "off_us": "0",
                    "final": False,
                }
            yield reading

    def message(self):
        """The next message: (event id, value as a dict). Sometimes an old one again."""
        if self._sent and self._random.random() < 0.1:
            return self._random.choice(self._sent)
        if self._runs < RUNS_MAX and self._random.random() < 0.03:
            self._begin()
        now = int(time.time())
        # Within an epoch the slot never goes back; a run may begin late and catch up.
        late = slot_text(now) not in self._slots and self._random.random() < 0.3
        slot = slot_text(now - 900 if late else now)
        self._grow(slot, [f"service:{n}" for n in "abc" if self._random.random() < 0.3])
        self._seq += 1
        value = {
            "machine_id": self.name,
            "cpu_usage": 1.5,
            "memory_usage": 2.25,
            "epoch": self._epoch,
            "boot_id": self._boot,
            "labels": self._labels,
            "seq": self._seq,
            "readings": list(self._readings(slot)),
        }
        message = (f"{self._epoch}-{self._seq}", value)
        self._sent = (self._sent + [message])[-20:]
        return message

    def usage(self):
        """A usage event of an application on this machine, sometimes an old one again: (event id,
        data). An id is never used for two quantities: which of them counts would depend on the
        order of arrival."""
        if self._events and self._random.random() < 0.2:
            return self._random.choice(self._events)
        quantity = f"{self._random.randrange(10**6)}.{self._random.randrange(10**9):09d}"
        self._events.append(
            (
                f"job-{self.name}-{len(self._events)}",
                {
                    "scope": "user:anna",
                    "meter": "frames",
                    "quantity": quantity,
                    "unit": "unit",
                    "time": now_text(),
                },
            )
        )
        return self._events[-1]


def structured(identity, value):
    machine = value["machine_id"]
    return {
        "specversion": "1.0",
        "type": "io.meterbill.reading.v1",
        "source": f"urn:meterbill:agent:{machine}",
        "id": identity,
        "subject": machine,
        "time": now_text(),
        "data": value,
    }


def usage_event(machine, identity, data):
    return {
        "specversion": "1.0",
        "type": "io.meterbill.usage.v1",
        "source": "urn:test:load",
        "id": identity,
        "subject": machine,
        "time": data["time"],
        "data": data,
    }


class Load:
    """Sends in the background from `start` to `finish`; whatever was begun is brought to its end by
    `finish`. `pause_s`: how long it does nothing between two messages."""

    pause_s = 0.0

    def __init__(self, seed, prefix, machines=MACHINES):
        rng = random.Random(seed)
        self._random = random.Random(rng.getrandbits(64))
        self.machines = [
            LoadedMachine(f"{prefix}-{n}", random.Random(rng.getrandbits(64)))
            for n in range(machines)
        ]
        self.sent, self.error = 0, None
        self._stop, self._turn = threading.Event(), threading.RLock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()
        return self

    def finish(self, timeout_s=60):
        self._stop.set()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            raise AssertionError(f"the load is still waiting for an answer after {timeout_s} s")
        if self.error:
            raise self.error

    def paused(self):
        """As a context: what was begun is over, and nothing is sent."""
        return self._turn

    def _run(self):
        try:
            while not self._stop.is_set():
                with self._turn:
                    self.send_some()
                self._stop.wait(self.pause_s)
        except Exception as error:  # Shown by `finish`, in the thread that can fail the test.
            self.error = error


class HttpLoad(Load):
    """Posts batches until each is answered with 204, as an agent would: the same again after an
    answer that never came."""

    def __init__(self, port, seed, prefix="http"):
        super().__init__(seed, prefix)
        self._port, self._connection = port, None

    def send_some(self):
        events = []
        for machine in self._random.sample(self.machines, self._random.randrange(1, 5)):
            events.append(structured(*machine.message()))
            if self._random.random() < 0.1:
                events.append(usage_event(machine.name, *machine.usage()))
        body = json.dumps(events).encode()
        while (status := self._post(body)) != 204:
            if status not in (None, 503):
                raise AssertionError(f"the worker answered {status} to a well-formed batch")
            time.sleep(0.05)
        self.sent += len(events)

    def _post(self, body):
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=40)
            self._connection.request(
                "POST",
                "/api/v1/events",
                body,
                {"Content-Type": "application/cloudevents-batch+json"},
            )
            answer = self._connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            self._disconnect()
            return None

    def _disconnect(self):
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.close()
            self._connection = None

    def finish(self, timeout_s=60):
        super().finish(timeout_s)
        self._disconnect()


class KafkaLoad(Load):
    """Produces to a broker that stays up, spread over its partitions without any regard to the
    machine, so that one machine's readings come out of order; samples of the prototype among
    them."""

    pause_s = 0.002

    def __init__(self, broker, topic, partitions, seed, prefix="kafka"):
        super().__init__(seed, prefix)
        self._kafka, self._topic, self._partitions = broker.connect(), topic, partitions

    def send_some(self):
        records = []
        for machine in self._random.sample(self.machines, self._random.randrange(1, 5)):
            identity, value = machine.message()
            records.append(
                {
                    "key": machine.name,
                    "value": json.dumps(value),
                    "headers": [
                        ("ce_specversion", "1.0"),
                        ("ce_id", identity),
                        ("ce_source", f"urn:meterbill:agent:{machine.name}"),
                        ("ce_type", "io.meterbill.reading.v1"),
                        ("ce_subject", machine.name),
                        ("content-type", "application/json"),
                    ],
                }
            )
            if self._random.random() < 0.1:
                records.append(
                    {
                        "value": json.dumps(usage_event(machine.name, *machine.usage())),
                        "headers": [("content-type", "application/cloudevents+json")],
                    }
                )
            if self._random.random() < 0.3:
                cpu, memory = self._random.randrange(1000), self._random.randrange(1000)
                sample = {
                    "machine_id": f"{machine.name}-old",
                    "cpu_usage": cpu / 10,
                    "memory_usage": memory / 10,
                }
                records.append({"value": json.dumps(sample)})
            if self._random.random() < 0.02:
                records.append({"value": b'{"machine_id": "broken", "cpu_usage": 012.3}'})
        self.produce(records, self._random.randrange(self._partitions))
        self.sent += len(records)

    def produce(self, records, partition):
        self._kafka.produce(self._topic, records, partition)

    def finish(self, timeout_s=60):
        super().finish(timeout_s)
        self._kafka.close()
