"""`meterbill kafka check` against a real broker: each step that can fail, TLS and logins with
certificates made here, and its probe beside a running worker."""

import base64
import concurrent.futures as futures
import json
import re
import socketserver
import subprocess
import threading
import unittest

from harness import ROOT, Agent, ProgramTest, Worker, program, wait_until
import capture
import processes
from certificates import Authority
from kafka_broker import KafkaBroker
from processes import free_port

LISTENERS = ("LOGIN", "TLS", "OTHERNAME", "EXPIRED", "EARLY", "SENTON", "MUTUAL", "TLSLOGIN")
PORTS = {name: free_port() for name in LISTENERS}
SAMPLE = '{"machine_id": "Machine_B", "cpu_usage": 12.3, "memory_usage": 61.2}'
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
PLAIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required user_meterbill="geheim";'


def make_broker(folder):
    """One listener for each thing that can be right or wrong. The authority's certificate is in
    `folder`, as ca.pem."""
    authority = Authority(folder, "authority")
    (folder / "ca.pem").write_bytes(authority.path.read_bytes())
    # Its proxied listener sends clients on to a port that nobody listens on.
    broker = KafkaBroker(proxy_port=free_port())
    here = authority.listener("here", "IP:127.0.0.1,DNS:localhost")
    add = broker.add_listener
    add("LOGIN", PORTS["LOGIN"], "SASL_PLAINTEXT", {
        "sasl.enabled.mechanisms": "PLAIN", "plain.sasl.jaas.config": PLAIN})
    add("TLS", PORTS["TLS"], "SSL", here)
    add("OTHERNAME", PORTS["OTHERNAME"], "SSL",
        authority.listener("elsewhere", "DNS:kafka-1.example,IP:192.0.2.5"))
    add("EXPIRED", PORTS["EXPIRED"], "SSL",
        authority.listener("expired", "IP:127.0.0.1", days_ago=3, days=1))
    add("EARLY", PORTS["EARLY"], "SSL", authority.listener("early", "IP:127.0.0.1", days_ago=-3))
    # Found as localhost, the broker sends its clients on to 127.0.0.1.
    add("SENTON", PORTS["SENTON"], "SSL", authority.listener("local", "DNS:localhost"))
    add("MUTUAL", PORTS["MUTUAL"], "SSL", {
        **here, "ssl.client.auth": "required", "ssl.truststore.type": "PEM",
        "ssl.truststore.location": authority.path})
    add("TLSLOGIN", PORTS["TLSLOGIN"], "SASL_SSL", {
        **here, "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
        "plain.sasl.jaas.config": PLAIN, "scram-sha-512.sasl.jaas.config": SCRAM})
    broker.add_scram_login("meterbill", "geheim")
    return broker


class NoKafka(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.recv(1024)


class KafkaCheckTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = processes.scratch_dir("kafka-check")
        cls.addClassCleanup(processes.remove_scratch, cls.folder)
        cls.broker = make_broker(cls.folder)
        cls.addClassCleanup(cls.broker.close)
        cls.broker.start()
        cls.broker.create_topic("checked", 3)

    def run_check(self, url, *options, **properties):
        environment = {"METERBILL_WORKER_KAFKA": url} if url else {}
        for name, value in properties.items():
            environment["METERBILL_WORKER_KAFKA_" + name.upper()] = str(value)
        done = subprocess.run([program("meterbill"), "kafka", "check", *options], check=False,
                              env=environment, capture_output=True, text=True, timeout=60)
        self.assertNotIn("geheim", done.stdout + done.stderr)
        self.assertNotIn("falsch", done.stdout + done.stderr)
        return done

    def check(self, url, expected, *options, **properties):
        """Runs it; its steps as (number, result), and the last step."""
        done = self.run_check(url, "--json", *options, **properties)
        self.assertEqual(done.returncode, expected, done.stdout + done.stderr)
        answer = json.loads(done.stdout)
        self.assertEqual(answer["ok"], expected == 0)
        steps = [(step["number"], step["result"]) for step in answer["steps"]]
        return steps, answer["steps"][-1]

    def url(self, topic="checked", port=None, host="127.0.0.1"):
        return f"kafka://{host}:{port or self.broker.port}/{topic}"

    def tls(self, listener, expected, host="127.0.0.1", **properties):
        properties = {"security_protocol": "ssl", "ssl_ca_location": self.folder / "ca.pem",
                      **properties}
        return self.check(self.url(port=PORTS[listener], host=host), expected, **properties)

    def test_all_is_well(self):
        steps, last = self.check(self.url(), 0)
        self.assertEqual(steps, [(1, "ok"), (2, "ok"), (5, "ok"), (6, "ok"), (7, "ok")])
        self.assertEqual(last["detail"], "the same bytes")

    def test_as_text(self):
        done = self.run_check(self.url(port=free_port()))
        self.assertEqual(done.returncode, 69)
        lines = done.stdout.splitlines()
        self.assertRegex(lines[0], r"^ 1 resolve  127\.0\.0\.1 +127\.0\.0\.1 +ok$")
        self.assertRegex(lines[1], r"^ 2 connect  127\.0\.0\.1:\d+ +Connection refused +FAIL$")
        self.assertRegex(lines[2], r"^   remedy   is Kafka running")

    def test_text_fits_80_columns(self):
        ways = [self.url(), self.url("none"), self.url(port=free_port()),
                self.url(port=PORTS["LOGIN"]), self.url(port=PORTS["OTHERNAME"], host="localhost")]
        for url in ways:
            uses_tls = "localhost" in url
            done = self.run_check(url, **({"security_protocol": "ssl",
                                           "ssl_ca_location": self.folder / "ca.pem"}
                                          if uses_tls else {}))
            for line in done.stdout.splitlines():
                self.assertLessEqual(len(line), 80, line)
                self.assertRegex(line, r"^( [1-7] [a-zA-Z]|   (found|remedy)  |            )")

    def test_unknown_host(self):
        steps, last = self.check(self.url(host="kafka-none.invalid"), 69)
        self.assertEqual(steps, [(1, "failed")])
        self.assertIn("DNS", last["remedy"])

    def test_missing_topic(self):
        steps, last = self.check(self.url("none"), 69)
        self.assertEqual(steps[-1], (5, "failed"))
        self.assertIn("--create --topic none", last["remedy"])

    def test_tls_on_a_port_without(self):
        steps, last = self.check(self.url(), 69, security_protocol="ssl")
        self.assertEqual(steps[-1], (3, "failed"))
        self.assertIn("speaks no TLS", last["remedy"])

    def test_login(self):
        login = {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN",
                 "sasl_username": "meterbill"}
        url = self.url(port=PORTS["LOGIN"])
        steps, _ = self.check(url, 0, **login, sasl_password="geheim")
        self.assertEqual(steps, [(n, "ok") for n in (1, 2, 4, 5, 6, 7)])
        _, last = self.check(url, 69, **login, sasl_password="falsch")
        self.assertEqual((last["number"], last["result"]), (4, "failed"))
        self.assertIn("kafka.sasl.password", last["remedy"])
        other = {**login, "sasl_mechanism": "SCRAM-SHA-256"}
        _, last = self.check(url, 69, **other, sasl_password="geheim")
        self.assertEqual((last["number"], last["result"]), (4, "failed"))
        self.assertIn("kafka.sasl.mechanism", last["remedy"])

    def test_without_the_login_that_the_port_wants(self):
        steps, last = self.check(self.url(port=PORTS["LOGIN"]), 69)
        self.assertEqual(steps[-1], (2, "failed"))
        self.assertIn("sasl_plaintext", last["remedy"])

    def test_warns_of_a_topic_that_forgets(self):
        self.broker.create_topic("forgets", 1, {"cleanup.policy": "compact,delete",
                                                "retention.ms": "3600000"})
        steps, _ = self.check(self.url("forgets"), 0)
        self.assertEqual(steps[2:5], [(5, "ok"), (5, "warning"), (5, "warning")])
        self.broker.create_topic("keeps", 1, {"retention.ms": "3600000",
                                              "message.timestamp.type": "LogAppendTime"})
        steps, _ = self.check(self.url("keeps"), 0)
        self.assertNotIn((5, "warning"), steps)

    def test_of_nothing(self):
        done = self.run_check("")
        self.assertEqual(done.returncode, 78)
        self.assertIn("worker.kafka", done.stderr)

    # --- TLS

    def assert_tls_fails(self, answer, detail, remedy):
        steps, last = answer
        self.assertEqual(steps, [(1, "ok"), (2, "ok"), (3, "failed")])
        self.assertRegex(last["detail"], detail)
        self.assertIn(remedy, last["remedy"])

    def test_tls_with_the_authority_named(self):
        steps, last = self.tls("TLS", 0)
        self.assertEqual(steps, [(n, "ok") for n in (1, 2, 3, 5, 6, 7)])
        self.assertEqual(last["detail"], "the same bytes")

    def test_tls_of_an_authority_that_is_not_known(self):
        other = Authority(self.scratch, "other").path
        for properties in ({"ssl_ca_location": other}, {"ssl_ca_location": ""}):
            self.assert_tls_fails(self.tls("TLS", 69, **properties),
                                  r"of 127\.0\.0\.1 is signed by an authority unknown here: "
                                  "/CN=authority$", "set kafka.ssl.ca.location")

    def test_tls_with_an_authority_that_cannot_be_read(self):
        self.assert_tls_fails(self.tls("TLS", 69, ssl_ca_location=self.scratch / "none.pem"),
                              r"ssl\.ca\.location failed", "is it there, and may this user read it")

    def test_tls_of_another_host(self):
        self.assert_tls_fails(self.tls("OTHERNAME", 69),
                              r"is for kafka-1\.example, 192\.0\.2\.5, not for 127\.0\.0\.1$",
                              "name the broker as its certificate does")

    def test_tls_of_another_time(self):
        self.assert_tls_fails(self.tls("EXPIRED", 69), r"/CN=expired expired at 20\d\d-.*Z$",
                              "renew it")
        self.assert_tls_fails(self.tls("EARLY", 69), r"/CN=early is not valid before 20\d\d-.*Z$",
                              "clock")

    def test_tls_unverified_when_the_operator_says_so(self):
        switched_off = {"enable_ssl_certificate_verification": "false"}
        for listener in ("OTHERNAME", "EXPIRED"):
            steps, _ = self.tls(listener, 0, **switched_off)
            self.assertEqual(steps[-1], (7, "ok"))
        # What is then wrong with a certificate is not taken for what failed.
        self.assert_tls_fails(self.tls("MUTUAL", 69, ssl_ca_location="", **switched_off),
                              "certificate required", "kafka.ssl.certificate.location")

    def test_a_broker_that_sends_its_clients_on_to_where_nobody_is(self):
        with futures.ThreadPoolExecutor() as both:  # each waits for the end of a step or two
            tls = both.submit(self.tls, "SENTON", 69, host="localhost")
            plain = both.submit(self.check, self.url(port=self.broker.proxied_port), 69)
        steps, last = tls.result()
        self.assertEqual(steps[2:4] + steps[-1:], [(3, "ok"), (5, "ok"), (6, "failed")])
        self.assertIn("is for localhost, not for 127.0.0.1", last["detail"])
        self.assertIn("advertised.listeners", last["remedy"])
        steps, last = plain.result()
        self.assertEqual(steps[2:3] + steps[-1:], [(5, "ok"), (6, "failed")])
        self.assertIn(f"127.0.0.1:{self.broker.proxy_port}", last["detail"])
        self.assertIn("advertised.listeners", last["remedy"])

    def test_what_a_broker_says_of_the_probe_is_told_beside_another_that_is_no_kafka(self):
        self.broker.create_topic("narrow", 1, {"max.message.bytes": "10"})
        # Its port is open, and what it answers is not Kafka's.
        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), NoKafka) as down:
            threading.Thread(target=down.serve_forever, daemon=True).start()
            brokers = f"127.0.0.1:{self.broker.port},127.0.0.1:{down.server_address[1]}"
            steps, last = self.check(f"kafka://{brokers}/narrow", 69)
            down.shutdown()
        self.assertEqual(steps[-2:], [(5, "ok"), (6, "failed")])
        self.assertIn("Message size too large", last["detail"])
        self.assertIn("the broker's log", last["remedy"])

    def test_tls_to_a_broker_that_wants_a_certificate_of_ours(self):
        self.assert_tls_fails(self.tls("MUTUAL", 69), "certificate required",
                              "kafka.ssl.certificate.location")

    def test_login_over_tls(self):
        login = {"security_protocol": "sasl_ssl", "sasl_mechanism": "PLAIN",
                 "sasl_username": "meterbill"}
        steps, _ = self.tls("TLSLOGIN", 0, **login, sasl_password="geheim")
        self.assertEqual(steps, [(n, "ok") for n in range(1, 8)])
        steps, last = self.tls("TLSLOGIN", 69, **login, sasl_password="falsch")
        self.assertEqual(steps, [(1, "ok"), (2, "ok"), (3, "ok"), (4, "failed")])
        self.assertIn("kafka.sasl.password", last["remedy"])
        self.assert_tls_fails(
            self.tls("TLSLOGIN", 69, **login, sasl_password="geheim", ssl_ca_location=""),
            "signed by an authority unknown", "set kafka.ssl.ca.location")

    def test_login_by_scram(self):
        """librdkafka before 2.6.1 cannot, with Kafka 4; a right password is then refused as well,
        and the remedy must not leave its owner searching for a typing error."""
        login = {"security_protocol": "sasl_ssl", "sasl_mechanism": "SCRAM-SHA-512",
                 "sasl_username": "meterbill", "ssl_ca_location": self.folder / "ca.pem"}
        url = self.url(port=PORTS["TLSLOGIN"])
        for password in ("geheim", "falsch"):
            done = self.run_check(url, "--json", sasl_password=password, **login)
            last = json.loads(done.stdout)["steps"][-1]
            if password == "geheim" and done.returncode == 0:
                continue
            self.assertEqual((done.returncode, last["number"]), (69, 4))
            self.assertIn("kafka.sasl.password", last["remedy"])
            if password == "geheim":
                self.assertIn("cannot log in to Kafka 4 by SCRAM (2.6.1 can)", last["remedy"])

    def test_the_lines_of_the_readme(self):
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        lines = re.search(r"```\n(\[kafka\]\n.*?)```", readme, re.DOTALL).group(1)
        self.assertEqual(lines.count("/etc/meterbill/"), 2)
        (self.folder / "kafka.password").write_text("geheim\n")
        lines = lines.replace("/etc/meterbill/kafka-ca.pem", str(self.folder / "ca.pem"))
        lines = lines.replace("/etc/meterbill", str(self.folder))
        url = self.url(port=PORTS["TLSLOGIN"], host="localhost")
        services = []
        for name, key, make in (
                ("worker", "kafka", lambda path: Worker(self.scratch, kafka=None, config=path)),
                ("agent", "sink", lambda path: Agent(self.scratch, None, config=path))):
            path = self.scratch / f"{name}.conf"
            path.write_text(f"[{name}]\n{key} = {url}\n{lines}")
            steps, _ = self.check("", 0, f"--{name}", f"--config={path}")
            self.assertEqual(steps, [(n, "ok") for n in range(1, 8)])
            services.append(self.keep(make(path)).wait_ready())
        wait_until(lambda: services[0].counts()["applied"], 20, "a reading by TLS and login")
        # Twice as much as has to be taken until the client is told that it has room.
        padded = f'{SAMPLE[:-1]}, "note": "{"x" * 900}"}}'
        for _ in range(5):
            self.broker.produce([padded] * 1_000, "checked")
        wait_until(lambda: services[0].counts()["applied"] > 5_000, 20, "megabytes")

    # --- the probe

    def seen(self, worker):
        """What is billed and shown, but for the counts."""
        return (worker.usage(), str(worker.cost("Machine_B")), worker.cli("machine", "list"),
                worker.cli("quarantine", "list", "--json"))

    def test_probes_beside_a_worker_are_counted_as_repeated_and_nothing_else(self):
        self.broker.create_topic("beside", 2)
        worker = self.keep(Worker(self.scratch, kafka=self.url("beside"))).wait_ready()
        self.broker.produce([SAMPLE] * 3, "beside")
        wait_until(lambda: worker.counts()["applied"] == 3, 20, "the samples")
        seen = self.seen(worker)
        self.assertEqual(seen[1], "3.681")
        for _ in range(5):
            self.check(self.url("beside"), 0)
        expected = {"applied": 3, "repeated": 5, "quarantined": 0}
        wait_until(lambda: sum(worker.counts().values()) >= 8, 20, "the probes")
        self.assertEqual(worker.counts(), expected)
        self.assertEqual(self.seen(worker), seen)
        # A probe may be the last that was read before a crash: the position is proven by it.
        worker.kill()
        worker.start().wait_ready()
        self.assertEqual((worker.counts(), self.seen(worker)), (expected, seen))

        # Readings of an agent around probes.
        agent = self.keep(Agent(self.scratch, self.url("beside"))).wait_ready()
        for _ in range(3):
            before = worker.counts()["applied"]
            self.check(self.url("beside"), 0)
            wait_until(lambda: worker.counts()["applied"] > before, 20, "a reading behind it")
        self.assertEqual(agent.stop(), 0)
        records = capture.capture_topic(self.broker.bootstrap, "beside")
        counted = self.assert_bills_equal(worker, records)
        self.assertEqual(sorted(counted.machines), ["Machine_B", "test-1"])
        probes = [r for r in records if base64.b64decode(r["value"]).startswith(b'{"probe"')]
        self.assertEqual(len(probes), 8)
        self.assertEqual(worker.counts(), dict(counted.counts))
        self.assertEqual(worker.counts()["quarantined"], 0)


if __name__ == "__main__":
    unittest.main()
