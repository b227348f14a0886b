"""A very small Kafka client: produce and administer over one connection to a single-node broker.

kcat cannot set timestamps, null keys beside given ones, repeated headers or arbitrary bytes per
message, and a JVM tool for each topic costs seconds; both matter when every test makes its own
topic. Only request versions that both Kafka 3.9 and 4.1 know, and only the ones before "flexible"
encoding, are used. Reading back is left to kcat, so that no mistake here can hide itself.
"""

import socket
import struct
import time

PRODUCE, LIST_OFFSETS, METADATA = 0, 2, 3
CREATE_TOPICS, DELETE_TOPICS, DELETE_RECORDS, CREATE_PARTITIONS = 19, 20, 21, 37


# Unknown topic or partition, no leader, not the leader: nothing was done.
NO_LEADER = (3, 5, 6)


class KafkaError(Exception):
    def __init__(self, code, what):
        super().__init__(f"{what}: Kafka error {code}")
        self.code = code


def _crc32c_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ (0x82F63B78 if n & 1 else 0)
        table.append(n)
    return table


_CRC = _crc32c_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _varint(n):
    """Zigzag, seven bits a byte."""
    n = (n << 1) ^ (n >> 63)
    out = bytearray()
    while n > 0x7F:
        out.append((n & 0x7F) | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def _var_bytes(data):
    return _varint(-1) if data is None else _varint(len(data)) + data


def _as_bytes(text):
    return text.encode() if isinstance(text, str) else text


def _string(text):
    return (
        struct.pack(">h", -1)
        if text is None
        else struct.pack(">h", len(text.encode())) + text.encode()
    )


def record_batch(messages, now_ms):
    """One uncompressed batch, format 2. A message is a dict of value, key, headers [(name, value)],
    timestamp_ms."""
    stamps = [
        m.get("timestamp_ms") if m.get("timestamp_ms") is not None else now_ms for m in messages
    ]
    records = bytearray()
    for index, (message, stamp) in enumerate(zip(messages, stamps)):
        body = bytearray(b"\0")
        body += _varint(stamp - stamps[0]) + _varint(index)
        body += _var_bytes(_as_bytes(message.get("key"))) + _var_bytes(
            _as_bytes(message.get("value"))
        )
        headers = message.get("headers") or []
        body += _varint(len(headers))
        for name, value in headers:
            body += _var_bytes(_as_bytes(name)) + _var_bytes(_as_bytes(value))
        records += _varint(len(body)) + body
    after_crc = (
        struct.pack(
            ">hiqqqhii", 0, len(messages) - 1, stamps[0], max(stamps), -1, -1, -1, len(messages)
        )
        + records
    )
    after_length = struct.pack(">ibI", -1, 2, crc32c(after_crc)) + after_crc
    return struct.pack(">qi", 0, len(after_length)) + after_length


class _Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        value = struct.unpack_from(">" + form, self.data, self.at)[0]
        self.at += struct.calcsize(">" + form)
        return value

    def string(self):
        length = self.take("h")
        if length < 0:
            return None
        self.at += length
        return self.data[self.at - length : self.at].decode()


class KafkaConnection:
    """One connection; not for sharing between threads. Every call raises OSError when the broker is
    away."""

    def __init__(self, port, timeout_s=15):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._correlation = 0

    def close(self):
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _call(self, api, version, body):
        self._correlation += 1
        request = (
            struct.pack(">hhi", api, version, self._correlation) + _string("meterbill-tests") + body
        )
        self._socket.sendall(struct.pack(">i", len(request)) + request)
        answer = self._exactly(struct.unpack(">i", self._exactly(4))[0])
        reader = _Reader(answer)
        if reader.take("i") != self._correlation:
            raise ConnectionError("answer to another request")
        return reader

    def _exactly(self, count):
        data = bytearray()
        while len(data) < count:
            part = self._socket.recv(count - len(data))
            if not part:
                raise ConnectionError("the broker closed the connection")
            data += part
        return bytes(data)

    def produce(self, topic, messages, partition=0):
        """Sends one batch with acks=all and returns the offset of its first record."""
        batch = record_batch(messages, int(time.time() * 1000))
        body = struct.pack(">hhi", -1, -1, 10000) + struct.pack(">i", 1) + _string(topic)
        body += struct.pack(">ii", 1, partition) + struct.pack(">i", len(batch)) + batch

        def once():
            reader = self._call(PRODUCE, 7, body)
            reader.take("i"), reader.string(), reader.take("i"), reader.take("i")
            return reader.take("h"), reader.take("q")

        return self._until_led(once, f"produce to {topic}[{partition}]")

    @staticmethod
    def _until_led(once, what, timeout_s=20):
        """Repeats a request that was refused before it did anything, because the partition's leader
        is still taking its place: it may stand in the metadata a little earlier."""
        end = time.monotonic() + timeout_s
        while True:
            code, value = once()
            if not code:
                return value
            if code not in NO_LEADER or time.monotonic() > end:
                raise KafkaError(code, what)
            time.sleep(0.05)

    def partition_count(self, topic):
        """0 when there is no such topic, or no leader for one of its partitions yet."""
        reader = self._call(METADATA, 4, struct.pack(">i", 1) + _string(topic) + b"\0")
        reader.take("i")
        for _ in range(reader.take("i")):
            reader.take("i"), reader.string(), reader.take("i"), reader.string()
        reader.string(), reader.take("i"), reader.take("i")
        code = reader.take("h")
        reader.string(), reader.take("b")
        count = reader.take("i")
        codes = [code]
        for _ in range(count):
            codes.append(reader.take("h"))
            reader.take("i"), reader.take("i")
            for _list in range(2):
                for _ in range(reader.take("i")):
                    reader.take("i")
        return 0 if any(codes) else count

    def end_offsets(self, topic, partitions):
        """Of each partition, the offset of the next record."""
        body = struct.pack(">ii", -1, 1) + _string(topic) + struct.pack(">i", partitions)
        for partition in range(partitions):
            body += struct.pack(">iq", partition, -1)
        reader = self._call(LIST_OFFSETS, 1, body)
        reader.take("i"), reader.string()
        ends = {}
        for _ in range(reader.take("i")):
            partition = reader.take("i")
            self._check(reader.take("h"), f"end of {topic}[{partition}]")
            reader.take("q")
            ends[partition] = reader.take("q")
        return ends

    def create_topic(self, topic, partitions, configs):
        body = struct.pack(">i", 1) + _string(topic) + struct.pack(">ihi", partitions, 1, 0)
        body += struct.pack(">i", len(configs))
        for name, value in configs.items():
            body += _string(name) + _string(str(value))
        reader = self._call(CREATE_TOPICS, 4, body + struct.pack(">i?", 10000, False))
        reader.take("i"), reader.take("i"), reader.string()
        self._check(reader.take("h"), f"create {topic}")

    def delete_topic(self, topic):
        reader = self._call(
            DELETE_TOPICS, 3, struct.pack(">i", 1) + _string(topic) + struct.pack(">i", 10000)
        )
        reader.take("i"), reader.take("i"), reader.string()
        self._check(reader.take("h"), f"delete {topic}")

    def add_partitions(self, topic, partitions):
        body = (
            struct.pack(">i", 1)
            + _string(topic)
            + struct.pack(">iii?", partitions, -1, 10000, False)
        )
        reader = self._call(CREATE_PARTITIONS, 1, body)
        reader.take("i"), reader.take("i"), reader.string()
        self._check(reader.take("h"), f"add partitions to {topic}")

    def delete_records(self, topic, before_offset, partition=0):
        body = (
            struct.pack(">i", 1) + _string(topic) + struct.pack(">iiq", 1, partition, before_offset)
        )

        def once():
            reader = self._call(DELETE_RECORDS, 1, body + struct.pack(">i", 10000))
            reader.take("i"), reader.take("i"), reader.string(), reader.take("i")
            reader.take("i"), reader.take("q")
            return reader.take("h"), None

        self._until_led(once, f"delete records of {topic}[{partition}]")

    @staticmethod
    def _check(code, what):
        if code:
            raise KafkaError(code, what)
