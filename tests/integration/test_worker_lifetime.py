"""What the worker says when it starts, waits and ends: edited prices, a broker that is away,
operator commands around a stop."""

import http.client
import socket
import threading
import unittest

from harness import ProgramTest, Worker, wait_until
from kafka_broker import KafkaBroker
from load import now_text, usage_event
import processes

PRICES = """currency = "USD"
time_zone = "UTC"
quantity_decimals = 9

[[price]]
meter = "frames"
unit = "unit"
price = "{frames}"

[[price]]
meter = "cpu"
unit = "core_hour"
price = "{cpu}"
"""
EDITED = "was edited after it was used"


class ControlConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self._path)


class WorkerLifetimeTest(ProgramTest):
    def test_a_price_edited_after_it_was_used_is_told_by_every_start_and_statement(self):
        prices = self.scratch / "prices.toml"
        prices.write_text(PRICES.format(frames="2", cpu="1"), encoding="utf-8")
        worker = self.keep(Worker(self.scratch, prices=prices)).wait_ready()
        data = {
            "scope": "machine",
            "meter": "frames",
            "quantity": "3",
            "unit": "unit",
            "time": now_text(),
        }
        self.assertEqual(worker.post([usage_event("render-1", "one", data)]).status, 204)
        self.assertEqual(str(worker.cost("render-1")), "6")

        def warnings():
            return worker.get("/api/v1/bill").json()["warnings"]

        self.assertEqual(warnings(), [])
        self.assertEqual(worker.stop(), 0)
        prices.write_text(PRICES.format(frames="5", cpu="7"), encoding="utf-8")
        worker.start().wait_ready()
        self.assertEqual(len(warnings()), 1, "cpu was never used and may be edited")
        self.assertIn("frames per unit", warnings()[0])
        self.assertIn(EDITED, warnings()[0])
        self.assertEqual(worker.status()["warnings"], warnings())
        self.assertEqual(worker.log().count(EDITED), 1)
        self.assertEqual(worker.stop(), 0)
        prices.write_text(PRICES.format(frames="2", cpu="7"), encoding="utf-8")
        worker.start().wait_ready()
        self.assertEqual(warnings(), [])
        self.assertNotIn("rebuilt", worker.log(), "prices alone change no total")

    def test_a_broker_that_is_away_is_told_once_in_plain_words_and_when_it_is_back(self):
        port = processes.free_port()
        address = f"127.0.0.1:{port}"
        worker = self.keep(Worker(self.scratch, kafka=f"kafka://{address}/away")).wait_answers()

        def reason_once_started():
            reason = worker.get("/readyz").json()["reason"]
            return reason if "the worker is starting" not in reason else None

        self.assertIn(address, wait_until(reason_once_started, 10, "a reason of the broker's"),
                      "before a broker could have answered")

        def lines(text):
            return [line for line in worker.log().splitlines() if text in line]

        wait_until(lambda: lines("source not ready"), 30, "the log tells of the broker")
        reason = worker.get("/readyz").json()["reason"]
        self.assertIn(f"no broker answers at {address}: Connection refused", reason)
        self.assertIn("meterbill kafka check", reason)
        self.assertEqual(str(worker.status()).count("Connection refused"), 2, "source and whole")
        self.assertIn(address, lines("source not ready")[0])
        broker = KafkaBroker(port=port)
        self.addCleanup(broker.close)
        broker.start()
        broker.create_topic("away")
        worker.wait_ready(60)
        wait_until(lambda: lines("source ready again"), 10, "the log tells that it is back")
        said = [line for line in lines("source not ready") if "Connection refused" in line]
        self.assertEqual(len(said), 1, said)

    def test_a_stop_among_operator_commands_answers_each_and_ends(self):
        worker = self.keep(Worker(self.scratch)).wait_ready()
        for _ in range(5):
            answers, running = [], threading.Barrier(13)

            def command():
                connection = ControlConnection(worker.options["worker.control"])
                try:
                    for number in range(1_000):
                        connection.request("POST", "/api/v1/quarantine/1/discard")
                        answer = connection.getresponse()
                        answer.read()
                        answers.append(answer.status)
                        if number == 0:
                            running.wait(30)
                except (OSError, http.client.HTTPException):
                    pass  # The worker has ended.
                finally:
                    connection.close()

            threads = [threading.Thread(target=command) for _ in range(12)]
            for thread in threads:
                thread.start()
            running.wait(30)
            self.assertEqual(worker.stop(), 0, "ended by itself, not killed for taking too long")
            for thread in threads:
                thread.join(30)
                self.assertFalse(thread.is_alive(), "a command was never answered")
            self.assertLessEqual(set(answers), {404, 503})
            worker.start().wait_ready()


if __name__ == "__main__":
    unittest.main()
