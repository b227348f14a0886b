"""The test bed itself: broker, consumer and proxies do what the other tests rely on."""

import base64
import http.client
import http.server
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import capture
from http_capture import HttpCapture
from kafka_broker import KafkaBroker
from processes import wait_until
from tcp_proxy import TcpProxy


def decoded(text):
    return None if text is None else base64.b64decode(text)


class BrokerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = KafkaBroker().start()
        cls.addClassCleanup(cls.broker.close)

    def read(self, topic):
        return capture.capture_topic(self.broker.bootstrap, topic)

    def test_messages_from_kcat_are_there_after_kill_and_restart(self):
        self.broker.create_topic("kept")
        messages = [f"message {n}".encode() for n in range(100)]
        subprocess.run(
            ["kcat", "-P", "-b", self.broker.bootstrap, "-t", "kept", "-X", "acks=all"],
            input=b"\n".join(messages),
            check=True,
        )
        self.assertEqual([decoded(r["value"]) for r in self.read("kept")], messages)
        self.broker.kill()
        self.assertFalse(self.broker.running())
        self.broker.restart()
        self.assertEqual([decoded(r["value"]) for r in self.read("kept")], messages)

    def test_every_byte_of_key_headers_and_value_comes_back(self):
        self.broker.create_topic("bytes", 2)
        every = bytes(range(256))
        sent = [
            {
                "value": every,
                "key": every,
                "headers": [("a", every), ("a", b"2"), ("n", None)],
                "timestamp_ms": 1,
            },
            {"value": None, "key": None, "headers": []},
            {"value": b"", "key": b"", "headers": [("e", b"")]},
            {"value": "\u2028\r\n\x85ü".encode(), "key": "k", "headers": []},
        ]
        self.broker.produce(sent, "bytes", partition=1)
        records = self.read("bytes")
        self.assertEqual(
            [(r["partition"], r["offset"]) for r in records], [(1, 0), (1, 1), (1, 2), (1, 3)]
        )
        self.assertEqual(records[0]["timestamp_ms"], 1)
        for record, message in zip(records, sent):
            self.assertEqual(decoded(record["value"]), message["value"])
            self.assertEqual([(n, decoded(v)) for n, v in record["headers"]], message["headers"])
        self.assertEqual([decoded(r["key"]) for r in records], [every, None, b"", b"k"])

    def test_records_deleted_and_topics_made_anew_start_where_they_should(self):
        self.broker.create_topic("short")
        self.broker.produce([b"a", b"b", b"c"], "short")
        self.broker.delete_records("short", 2)
        self.assertEqual([r["offset"] for r in self.read("short")], [2])
        self.broker.add_partitions("short", 3)
        self.broker.delete_topic("short")
        self.broker.create_topic("short")
        self.broker.produce([b"new"], "short")
        self.assertEqual(
            [(r["offset"], decoded(r["value"])) for r in self.read("short")], [(0, b"new")]
        )

    def test_a_client_behind_the_proxy_stays_behind_it(self):
        # The port must be known to the broker before the proxy can point at the broker.
        with TcpProxy(target_port=0) as proxy, KafkaBroker(proxy_port=proxy.port) as broker:
            proxy.target_port = broker.proxied_port
            broker.create_topic("t")
            subprocess.run(
                ["kcat", "-P", "-b", f"127.0.0.1:{proxy.port}", "-t", "t"], input=b"one", check=True
            )
            proxy.cut()
            lost = subprocess.run(
                [
                    "kcat",
                    "-P",
                    "-b",
                    f"127.0.0.1:{proxy.port}",
                    "-t",
                    "t",
                    "-X",
                    "message.timeout.ms=1000",
                ],
                input=b"two",
                capture_output=True,
                check=False,
            )
            self.assertNotEqual(lost.returncode, 0)
            self.assertEqual(
                [decoded(r["value"]) for r in capture.capture_topic(broker.bootstrap, "t")],
                [b"one"],
            )


class Echo(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            peer, _ = self.listener.accept()
            threading.Thread(target=self.echo, args=(peer,), daemon=True).start()

    @staticmethod
    def echo(peer):
        try:
            while data := peer.recv(65536):
                peer.sendall(data)
        except OSError:
            pass
        peer.close()


class TcpProxyTest(unittest.TestCase):
    def setUp(self):
        self.proxy = TcpProxy(Echo().port)
        self.addCleanup(self.proxy.close)

    def dial(self):
        peer = socket.create_connection(("127.0.0.1", self.proxy.port), 5)
        self.addCleanup(peer.close)
        return peer

    def test_bytes_pass_and_are_captured(self):
        self.proxy.capture()
        peer = self.dial()
        peer.sendall(b"hello")
        self.assertEqual(peer.recv(100), b"hello")
        self.assertEqual(
            (bytes(self.proxy.captured["up"]), bytes(self.proxy.captured["down"])),
            (b"hello", b"hello"),
        )

    def test_a_cut_resets_what_is_open_and_refuses_what_is_new_until_healed(self):
        peer = self.dial()
        peer.sendall(b"x")
        peer.recv(1)
        self.proxy.cut()
        self.assertRaises(
            OSError,
            lambda: (peer.sendall(b"y"), peer.recv(1))[1] or self.fail("closed without a reset"),
        )
        self.assertRaises(ConnectionRefusedError, self.dial)
        self.proxy.heal()
        again = self.dial()
        again.sendall(b"z")
        self.assertEqual(again.recv(1), b"z")

    def test_a_cut_can_fall_inside_an_answer(self):
        self.proxy.capture()
        self.proxy.cut_after("down", 3)
        peer = self.dial()
        peer.sendall(b"abcdef")
        wait_until(lambda: self.proxy.mode == "cut", 5, "the cut")
        self.assertEqual(bytes(self.proxy.captured["down"]), b"abc")

    def test_a_hole_swallows_without_closing_and_gives_up_its_bytes_when_healed(self):
        peer = self.dial()
        peer.sendall(b"a")
        self.assertEqual(peer.recv(1), b"a")
        self.proxy.hole()
        peer.sendall(b"b")
        peer.settimeout(0.3)
        self.assertRaises(socket.timeout, peer.recv, 1)
        new = self.dial()
        new.sendall(b"c")
        self.proxy.heal()
        peer.settimeout(5)
        self.assertEqual((peer.recv(1), new.recv(1)), (b"b", b"c"))

    def test_delay_and_throttle_take_their_time(self):
        peer = self.dial()
        self.proxy.delay_s = 0.1
        start = time.monotonic()
        peer.sendall(b"a")
        peer.recv(1)
        self.assertGreaterEqual(time.monotonic() - start, 0.2)
        self.proxy.delay_s, self.proxy.bytes_per_s = 0, 10000
        start = time.monotonic()
        peer.sendall(b"x" * 4000)
        got = 0
        while got < 4000:
            got += len(peer.recv(4000))
        self.assertGreaterEqual(time.monotonic() - start, 0.4)


class Worker(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bodies = []

    def do_POST(self):
        Worker.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.send_header("MeterBill-Result", "applied=1,repeated=0,quarantined=0")
        self.end_headers()

    def log_message(self, *_):
        pass


class HttpCaptureTest(unittest.TestCase):
    def setUp(self):
        Worker.bodies = []
        self.worker = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Worker)
        threading.Thread(target=self.worker.serve_forever, args=(0.02,), daemon=True).start()
        self.addCleanup(self.worker.server_close)
        self.addCleanup(self.worker.shutdown)
        self.proxy = HttpCapture(self.worker.server_port)
        self.addCleanup(self.proxy.close)

    def post(self, body, connection=None):
        connection = connection or http.client.HTTPConnection(
            "127.0.0.1", self.proxy.port, timeout=5
        )
        self.addCleanup(connection.close)
        connection.request(
            "POST", "/api/v1/events", body, {"Content-Type": "application/cloudevents+json"}
        )
        answer = connection.getresponse()
        answer.read()
        return answer

    def test_an_exchange_is_forwarded_and_kept_byte_for_byte(self):
        body = bytes(range(256))
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.port, timeout=5)
        for _ in range(2):
            answer = self.post(body, connection)
            self.assertEqual(
                (answer.status, answer.headers["MeterBill-Result"]),
                (204, "applied=1,repeated=0,quarantined=0"),
            )
        self.assertEqual(Worker.bodies, [body, body])
        kept = self.proxy.posts()[0]
        self.assertEqual(
            (base64.b64decode(kept["body"]), kept["status"], kept["forwarded"], kept["outcome"]),
            (body, 204, True, "answered"),
        )
        self.assertIn(
            ["MeterBill-Result", "applied=1,repeated=0,quarantined=0"], kept["response_headers"]
        )

    def test_an_answer_that_comes_after_the_end_leaves_no_file_behind(self):
        asked, answer = threading.Event(), threading.Event()

        class SlowWorker(Worker):
            def do_POST(self):
                asked.set()
                answer.wait(10)
                super().do_POST()

        self.worker.RequestHandlerClass = SlowWorker
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "requests.jsonl"
            proxy = HttpCapture(self.worker.server_port, path)
            connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=5)
            self.addCleanup(connection.close)
            connection.request("POST", "/api/v1/events", b"one")
            self.assertTrue(asked.wait(10))
            proxy.close()
            answer.set()
            wait_until(lambda: proxy.exchanges, 10, "the late answer was seen")
            self.assertFalse(path.exists())

    def test_a_dropped_answer_was_applied_and_a_503_was_not(self):
        self.proxy.order("drop")
        self.proxy.order(503)
        self.proxy.order("refuse")
        self.assertRaises((OSError, http.client.HTTPException), self.post, b"one")
        self.assertEqual(self.post(b"two").status, 503)
        self.assertRaises((OSError, http.client.HTTPException), self.post, b"three")
        self.assertEqual(self.post(b"four").status, 204)
        self.assertEqual(Worker.bodies, [b"one", b"four"])
        self.assertEqual(
            [(e["outcome"], e["forwarded"], e["status"]) for e in self.proxy.posts()],
            [
                ("dropped", True, 204),
                ("faked", False, None),
                ("refused", False, None),
                ("answered", True, 204),
            ],
        )

    def test_refused_connections_and_an_absent_worker(self):
        self.proxy.refuse_connections()
        self.assertRaises(ConnectionRefusedError, self.post, b"one")
        self.proxy.accept_connections()
        self.proxy.target_port = 1
        self.assertRaises((OSError, http.client.HTTPException), self.post, b"two")
        self.assertEqual(
            [(e["outcome"], e["forwarded"]) for e in self.proxy.posts()], [("refused", False)]
        )


if __name__ == "__main__":
    unittest.main()
