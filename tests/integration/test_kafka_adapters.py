"""The Kafka adapters against a real broker."""

import os
import subprocess
import sys
import unittest

from harness import program

from broker_bed import BrokerBed
from kafka_broker import KafkaBroker
from tcp_proxy import TcpProxy

GTEST_OPTIONS = [word for word in sys.argv if word.startswith("--gtest")]


class KafkaAdaptersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.proxy = TcpProxy(target_port=0)
        cls.addClassCleanup(cls.proxy.close)
        cls.broker = KafkaBroker(proxy_port=cls.proxy.port)
        cls.broker.start()
        cls.addClassCleanup(cls.broker.close)
        cls.proxy.target_port = cls.broker.proxied_port

    def test_source_and_sink(self):
        bed = BrokerBed(self.broker, self.proxy)
        self.addCleanup(bed.close)
        done = subprocess.run([program("kafka_source_test"), *GTEST_OPTIONS], check=False,
                              env={**os.environ, "METERBILL_BED_PORT": str(bed.port)}, timeout=240)
        self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main(argv=[word for word in sys.argv if word not in GTEST_OPTIONS])
