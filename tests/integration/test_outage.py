"""Broker and worker away for a minute: ticks go on, the agents' memory stays flat, everything
arrives afterwards."""

import os
import time
import unittest

from harness import Agent, ProgramTest, Worker, wait_until
import capture
from http_capture import HttpCapture
from kafka_broker import KafkaBroker
from recount_wire import items_of
from tcp_proxy import TcpProxy

OUTAGE_S = float(os.environ.get("METERBILL_OUTAGE_SECONDS", "60"))
GROWTH_BYTES_MAX = 2 * 2**20


def covers(records):
    """(metered, estimated) µs of all epochs and slots together, as the captured readings say."""
    greatest = {}
    for record in records:
        for item in items_of(record, time.time_ns() // 1000):
            if item.kind == "reading" and item.cover:
                row = greatest.setdefault((item.epoch, item.slot), {})
                for name, value in item.cover.items():
                    row[name] = max(value, row.get(name, 0))
    return tuple(
        sum(row[name] for row in greatest.values()) for name in ("metered_us", "estimated_us")
    )


class OutageTest(ProgramTest):
    def test_a_minute_without_broker_and_worker_is_metered_and_arrives_afterwards(self):
        proxy = TcpProxy(target_port=0)
        self.addCleanup(proxy.close)
        broker = KafkaBroker(proxy_port=proxy.port)
        self.addCleanup(broker.close)
        broker.start()
        proxy.target_port = broker.proxied_port
        broker.create_topic("away")
        worker = self.keep(Worker(self.scratch, kafka=broker.url("away"))).wait_ready()
        post = HttpCapture(worker.port)
        self.addCleanup(post.close)
        by_http = self.keep(Agent(self.scratch, post.url, "by-http", "by-http"))
        by_kafka = self.keep(Agent(self.scratch, broker.url("away"), "by-kafka", "by-kafka"))

        def captured():
            return {
                by_http: post.posts(),
                by_kafka: capture.capture_topic(broker.bootstrap, "away"),
            }

        wait_until(
            lambda: all(len(r) >= 3 for r in captured().values()),
            30,
            "messages of both agents",
            0.5,
        )
        before = {
            agent: (covers(records), agent.rss_bytes()) for agent, records in captured().items()
        }

        post.refuse_connections()
        proxy.hole()  # The broker's side stays open and says nothing: the worse kind of away.
        self.assertTrue(self.stays(OUTAGE_S / 2, by_http.running, by_kafka.running, worker.running))
        proxy.cut()
        self.assertTrue(self.stays(OUTAGE_S / 2, by_http.running, by_kafka.running, worker.running))
        after_rss = {agent: agent.rss_bytes() for agent in before}
        self.assertFalse(worker.ready(), "ready without its broker")
        proxy.heal()
        post.accept_connections()

        for agent, (cover, _) in before.items():
            wait_until(
                lambda: covers(captured()[agent])[0] >= cover[0] + OUTAGE_S * 10**6,
                60,
                f"the outage of {agent.name}",
                0.5,
            )
            metered, estimated = covers(captured()[agent])
            # Every tick was taken: the time is metered, none of it had to be bridged.
            self.assertEqual(estimated, cover[1], agent.name)
            self.assertGreaterEqual(metered, cover[0] + OUTAGE_S * 10**6)
        for agent, (_, rss) in before.items():
            self.assertLess(after_rss[agent] - rss, GROWTH_BYTES_MAX, f"memory of {agent.name}")
        wait_until(worker.ready, 30, "the worker ready again")
        self.assertEqual((by_http.stop(), by_kafka.stop()), (0, 0))
        records = [record for records in captured().values() for record in records]
        self.assert_bills_equal(worker, records)

    @staticmethod
    def stays(seconds, *conditions):
        """True if all hold for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not all(condition() for condition in conditions):
                return False
            time.sleep(0.2)
        return True


if __name__ == "__main__":
    unittest.main()
