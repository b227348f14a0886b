"""Every record that the topic held, kept as evidence, and the two faults that take records away:
the topic made anew, and retention that passes the worker."""

import base64
import random

import capture
from chaos_bed import PARTITIONS, RECOVERY_S, TOPIC
from chaos_load import digest
from processes import Timeout, wait_until
from recount_wire import sample_of

SAMPLE = b'{"machine_id": "made-anew", "cpu_usage": 12.3, "memory_usage": 61.2}'


class TopicEvidence:
    """`records`: (incarnation, partition, offset) → captured record. `unread`: places that the
    worker could not read any more; of those, `gaps` are (incarnation, partition, from, to) that
    retention took. `replayed`: samples that it was to put aside."""

    def __init__(self, bed):
        self.bed, self.incarnation = bed, 0
        self.records, self.unread, self.replayed = {}, set(), set()
        self.gaps = set()

    def capture(self):
        # A consumer hardly comes to the end of what grows without a pause.
        with self.bed.kafka_load.paused():
            records = capture.capture_topic(self.bed.broker.bootstrap, TOPIC, timeout_s=300)
        for record in records:
            place = (self.incarnation, record["partition"], record["offset"])
            self.records.setdefault(place, {**record, "incarnation": self.incarnation})

    def ends(self):
        """Of this incarnation, as captured: partition → offset after the last record."""
        ends = {}
        for incarnation, partition, offset in self.records:
            if incarnation == self.incarnation:
                ends[partition] = max(offset + 1, ends.get(partition, 0))
        return ends

    def billed(self):
        left_out = self.unread | self.replayed
        return [record for place, record in sorted(self.records.items()) if place not in left_out]

    def put_aside(self):
        return len(self.replayed - self.unread)

    def lost_acknowledged(self):
        """Places of the load's acknowledged messages where something else, or nothing, was
        captured. What a deleted topic held beyond the last capture went with it."""
        return [
            place
            for place, sent in self.bed.kafka_load.acknowledged.items()
            if place not in self.records
            or digest(base64.b64decode(self.records[place]["value"])) != sent
        ]


def make_topic_anew(bed, evidence, choice):
    """Half of the time the worker sees that the topic is gone before there is another."""
    rng = random.Random(choice)
    _wait_read(bed)
    with bed.kafka_load.paused():
        # Held still and without a connection, it reads nothing that is not captured.
        bed.worker.freeze()
        bed.links["worker-broker"].cut()
        evidence.capture()
        old = evidence.ends()
        samples = [r for r in evidence.billed()[-2000:] if sample_of(r)]
        bed.broker.delete_topic(TOPIC)
        if choice < 0.5:
            bed.links["worker-broker"].heal()
            bed.worker.thaw()
            _wait_halted(bed, "the topic is gone")
        bed.broker.create_topic(TOPIC, PARTITIONS)
        bed.links["worker-broker"].heal()
        bed.worker.thaw()
        evidence.incarnation += 1
        bed.kafka_load.incarnation = evidence.incarnation
        for partition in range(PARTITIONS):
            # Not as they were: a log with the same records in their places is the same log.
            brought = [capture.again(r) for r in rng.sample(samples, min(20, len(samples)))]
            brought = [{**message, "timestamp_ms": None} for message in brought]
            bed.broker.produce([SAMPLE] * rng.randrange(1, 8) + brought, TOPIC, partition)
    _wait_for_load(bed, 20)
    with bed.kafka_load.paused():
        _wait_halted(bed, "kafka accept --partition")
        positions = bed.positions()
        for partition, end in old.items():
            _, read = positions[partition]
            assert read <= end, f"partition {partition}: read to {read}, but it ended at {end}"
            evidence.unread |= {
                (evidence.incarnation - 1, partition, offset) for offset in range(read, end)
            }
        for partition in range(PARTITIONS):
            bed.worker.change("kafka", "accept", "--partition", str(partition))
        bed.worker.wait_ready(RECOVERY_S)
        evidence.capture()
        evidence.replayed |= {
            place
            for place, record in evidence.records.items()
            if place[0] == evidence.incarnation and sample_of(record)
        }


def _wait_read(bed):
    """Of a partition that nothing was read of, nothing can be missing."""
    wait_until(
        lambda: all(bed.positions().get(p, (0, 0))[1] for p in range(PARTITIONS)),
        RECOVERY_S,
        "something was read of each partition",
        0.5,
    )


def _wait_halted(bed, reason):
    def halted():
        shown = bed.kafka()["partitions"]
        return len(shown) == PARTITIONS and all(
            p["state"] == "halted" and reason in p["reason"] for p in shown
        )

    try:
        wait_until(halted, RECOVERY_S, f"both partitions halted: {reason}", 0.2)
    except Timeout as timeout:
        raise Timeout(f"{timeout}: {bed.kafka()['partitions']}") from None


def _wait_for_load(bed, messages):
    before = bed.kafka_load.sent
    wait_until(lambda: bed.kafka_load.sent >= before + messages, RECOVERY_S, "more of the load")


def let_retention_pass(bed, evidence, choice):
    """Records that the worker has not read are deleted while it is away. It must say exactly
    which."""
    _wait_read(bed)
    if choice < 0.5:
        bed.worker.kill()
    else:
        assert bed.worker.stop() == 0, "the worker did not stop in good order"
    positions = bed.positions()

    def unread():
        evidence.capture()
        return {p: end - positions[p][1] for p, end in evidence.ends().items()}

    _wait_for_load(bed, 30)
    wait_until(lambda: max(unread().values()) > 1, RECOVERY_S, "records that were not read", 0.5)
    counts = unread()
    partition = max(counts, key=counts.get)
    read = positions[partition][1]
    low = read + 1 + int(choice * (counts[partition] - 1))
    bed.broker.delete_records(TOPIC, low, partition)
    evidence.unread |= {
        (evidence.incarnation, partition, offset) for offset in range(read, low)
    }
    bed.worker.start().wait_ready(RECOVERY_S)
    gap = (evidence.incarnation, partition, read, low - 1)
    evidence.gaps.add(gap)
    records = f"record {read}" if read == low - 1 else f"records {read} to {low - 1}"
    said = f"{records} of partition {partition} expired unread"
    try:
        wait_until(lambda: gap in bed.gaps() and said in bed.worker.log(), RECOVERY_S, said, 0.2)
    except Timeout as timeout:
        raise Timeout(f"{timeout}: {bed.gaps()}, {bed.kafka()['partitions']}") from None
    wait_until(lambda: bed.positions()[partition][1] > low, RECOVERY_S, "on behind the gap", 0.5)
