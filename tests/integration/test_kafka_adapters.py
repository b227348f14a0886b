"""The Kafka adapters and `meterbill kafka check` against a real broker: one broker for all."""

import json
import os
import subprocess
import sys
import unittest

from harness import program

from broker_bed import BrokerBed
from kafka_broker import KafkaBroker
from processes import free_port
from tcp_proxy import TcpProxy

LOGIN_PORT = free_port()
GTEST_OPTIONS = [word for word in sys.argv if word.startswith("--gtest")]


class KafkaAdaptersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.proxy = TcpProxy(target_port=0)
        cls.addClassCleanup(cls.proxy.close)
        cls.broker = KafkaBroker(proxy_port=cls.proxy.port)
        cls.broker.add_listener("LOGIN", LOGIN_PORT, "SASL_PLAINTEXT", {
            "sasl.enabled.mechanisms": "PLAIN",
            "plain.sasl.jaas.config": "org.apache.kafka.common.security.plain.PlainLoginModule "
                                      'required user_anna="geheim";'})
        cls.broker.start()
        cls.addClassCleanup(cls.broker.close)
        cls.proxy.target_port = cls.broker.proxied_port
        cls.broker.create_topic("checked", 3)

    def test_source_and_sink(self):
        bed = BrokerBed(self.broker, self.proxy)
        self.addCleanup(bed.close)
        done = subprocess.run([program("kafka_source_test"), *GTEST_OPTIONS], check=False,
                              env={**os.environ, "METERBILL_BED_PORT": str(bed.port)}, timeout=240)
        self.assertEqual(done.returncode, 0)

    # --- kafka check

    def check(self, url, expected, *options, **properties):
        """Runs it; its steps as (number, result), and the last step."""
        environment = {"METERBILL_WORKER_KAFKA": url}
        for name, value in properties.items():
            environment["METERBILL_WORKER_KAFKA_" + name.upper()] = value
        done = subprocess.run([program("meterbill"), "kafka", "check", "--json", *options],
                              env=environment, capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertEqual(done.returncode, expected, done.stdout + done.stderr)
        answer = json.loads(done.stdout)
        self.assertEqual(answer["ok"], expected == 0)
        self.assertNotIn("geheim", done.stdout + done.stderr)
        self.assertNotIn("falsch", done.stdout + done.stderr)
        steps = [(step["number"], step["result"]) for step in answer["steps"]]
        return steps, answer["steps"][-1]

    def url(self, topic="checked", port=None, host="127.0.0.1"):
        return f"kafka://{host}:{port or self.broker.port}/{topic}"

    def test_check_all_is_well(self):
        steps, last = self.check(self.url(), 0)
        self.assertEqual(steps, [(1, "ok"), (2, "ok"), (5, "ok"), (6, "ok"), (7, "ok")])
        self.assertEqual(last["detail"], "the same bytes")

    def test_check_as_text(self):
        done = subprocess.run([program("meterbill"), "kafka", "check"], capture_output=True,
                              text=True, check=False, timeout=60,
                              env={"METERBILL_WORKER_KAFKA": self.url(port=free_port())})
        self.assertEqual(done.returncode, 69)
        lines = done.stdout.splitlines()
        self.assertRegex(lines[0], r"^ 1 resolve  127\.0\.0\.1 +127\.0\.0\.1 +ok$")
        self.assertRegex(lines[1], r"^ 2 connect  127\.0\.0\.1:\d+ +Connection refused +FAIL$")
        self.assertRegex(lines[2], r"^   remedy   is Kafka running")

    def test_check_unknown_host(self):
        steps, last = self.check(self.url(host="kafka-none.invalid"), 69)
        self.assertEqual(steps, [(1, "failed")])
        self.assertIn("DNS", last["remedy"])

    def test_check_missing_topic(self):
        steps, last = self.check(self.url("none"), 69)
        self.assertEqual(steps[-1], (5, "failed"))
        self.assertIn("--create --topic none", last["remedy"])

    def test_check_tls_on_a_port_without(self):
        steps, last = self.check(self.url(), 69, security_protocol="ssl")
        self.assertEqual(steps[-1], (3, "failed"))
        self.assertIn("speaks no TLS", last["remedy"])

    def test_check_login(self):
        login = {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN",
                 "sasl_username": "anna"}
        url = self.url(port=LOGIN_PORT)
        steps, _ = self.check(url, 0, **login, sasl_password="geheim")
        self.assertEqual(steps, [(n, "ok") for n in (1, 2, 4, 5, 6, 7)])
        _, last = self.check(url, 69, **login, sasl_password="falsch")
        self.assertEqual((last["number"], last["result"]), (4, "failed"))
        self.assertIn("kafka.sasl.password", last["remedy"])
        other = {**login, "sasl_mechanism": "SCRAM-SHA-256"}
        _, last = self.check(url, 69, **other, sasl_password="geheim")
        self.assertEqual((last["number"], last["result"]), (4, "failed"))
        self.assertIn("kafka.sasl.mechanism", last["remedy"])

    def test_check_without_the_login_that_the_port_wants(self):
        steps, last = self.check(self.url(port=LOGIN_PORT), 69)
        self.assertEqual(steps[-1], (2, "failed"))
        self.assertIn("sasl_plaintext", last["remedy"])

    def test_check_warns_of_a_topic_that_forgets(self):
        self.broker.create_topic("forgets", 1, {"cleanup.policy": "compact,delete",
                                                "retention.ms": "3600000"})
        steps, _ = self.check(self.url("forgets"), 0)
        self.assertEqual(steps[2:5], [(5, "ok"), (5, "warning"), (5, "warning")])
        self.broker.create_topic("keeps", 1, {"retention.ms": "3600000",
                                              "message.timestamp.type": "LogAppendTime"})
        steps, _ = self.check(self.url("keeps"), 0)
        self.assertNotIn((5, "warning"), steps)

    def test_check_of_nothing(self):
        done = subprocess.run([program("meterbill"), "kafka", "check"], capture_output=True,
                              text=True, check=False, timeout=60, env={})
        self.assertEqual(done.returncode, 78)
        self.assertIn("worker.kafka", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[word for word in sys.argv if word not in GTEST_OPTIONS])
