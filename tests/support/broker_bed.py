"""Lets a test program in C++ give orders to a broker and to the proxy before it (broker_bed.h)."""

import socketserver
import threading

import processes
from kafka_wire import KafkaError

UNKNOWN_TOPIC, NOT_LEADER = 3, 6


class BrokerBed:
    """Serves one program after another; an order is a line of words, its answer `ok TEXT` or
    `failed TEXT`."""

    def __init__(self, broker, proxy):
        self.broker, self.proxy = broker, proxy
        bed = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                for line in self.rfile:
                    self.wfile.write(bed.answer(line.decode().split()).encode() + b"\n")

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def answer(self, words):
        try:
            text = getattr(self, "do_" + words[0])(*words[1:])
            return f"ok {text}" if text is not None else "ok"
        except Exception as error:  # whatever it is, the program's test fails and shows it
            return f"failed {type(error).__name__}: {error}".replace("\n", " ")

    def do_direct(self):
        return self.broker.bootstrap

    def do_proxied(self):
        return f"127.0.0.1:{self.proxy.port}"

    def do_create(self, topic, partitions, *configs):
        self.broker.create_topic(topic, int(partitions), dict(c.split("=", 1) for c in configs))

    def do_delete(self, topic):
        self.broker.delete_topic(topic)

    def do_recreate(self, topic, partitions, count, prefix):
        """As fast as it goes, with records in each partition."""
        self.broker.delete_topic(topic)
        self.broker.create_topic(topic, int(partitions))
        for partition in range(int(partitions)):
            self.do_produce(topic, partition, count, prefix)

    def do_add_partitions(self, topic, partitions):
        self.broker.add_partitions(topic, int(partitions))

    def do_produce(self, topic, partition, count, prefix):
        values = [f"{prefix}-{partition}-{n}" for n in range(int(count))]
        if not values:
            return None

        def produced():
            try:
                return str(self.broker.produce(values, topic, int(partition)))
            except KafkaError as error:
                # A new partition's broker takes a moment to know that it leads it.
                if error.code not in (UNKNOWN_TOPIC, NOT_LEADER):
                    raise
                return None
        return processes.wait_until(produced, 20, f"{topic}[{partition}] to be written")

    def do_produce_odd(self, topic):
        """Records at the edges of the format."""
        every = bytes(range(256))
        return self.broker.produce(
            [{"value": every, "key": every, "headers": [("a", every), ("a", b"2"), ("n", None)],
              "timestamp_ms": 1234},
             {"value": None, "key": None, "headers": []},
             {"value": b"", "key": b"", "headers": [("e", b"")]}], topic)

    def do_delete_records(self, topic, before):
        self.broker.delete_records(topic, int(before))

    def do_restart(self):
        self.broker.kill()
        self.broker.restart()

    def do_cut(self):
        self.proxy.cut()

    def do_hole(self):
        self.proxy.hole()

    def do_heal(self):
        self.proxy.heal()
