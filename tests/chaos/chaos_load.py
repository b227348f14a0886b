"""Messages at a steady pace over a transport that fails: sent until they are acknowledged."""

import contextlib
import hashlib
import time

from kafka_wire import KafkaError
from load import HttpLoad, KafkaLoad


class SteadyHttpLoad(HttpLoad):
    pause_s = 0.1


class SteadyKafkaLoad(KafkaLoad):
    """What is sent again after an answer that never came may stand in the topic twice: its readings
    merge, its events are known, and its samples are billed as the topic holds them.

    `acknowledged`: (incarnation of the topic, partition, offset) → SHA-256 of the value."""

    pause_s = 0.04

    def __init__(self, broker, topic, partitions, seed):
        super().__init__(broker, topic, partitions, seed)
        self._broker = broker
        self.incarnation, self.acknowledged = 0, {}

    def produce(self, records, partition):
        first = None
        while first is None:
            try:
                first = self._kafka.produce(self._topic, records, partition)
            except (OSError, KafkaError):
                self._connect_again()
        for index, record in enumerate(records):
            place = (self.incarnation, partition, first + index)
            self.acknowledged[place] = digest(record["value"])

    def _connect_again(self):
        self._kafka.close()
        time.sleep(0.2)
        with contextlib.suppress(OSError):
            self._kafka = self._broker.connect()


def digest(value):
    return hashlib.sha256(value.encode() if isinstance(value, str) else value).digest()
