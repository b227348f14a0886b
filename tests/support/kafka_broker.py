#!/usr/bin/env python3
"""A real single-node Kafka broker (KRaft) on loopback, for tests and for trying things by hand.

The jars come from the ordinary Maven client once and are kept in
${XDG_CACHE_HOME:-~/.cache}/meterbill/kafka-VERSION. By hand:  python3 tests/support/kafka_broker.py
--port 9092 --topic resource_usage --seconds 600
"""

import argparse
import base64
import contextlib
import pathlib
import signal
import subprocess
import sys
import time
import uuid

import maven_jars
import processes
from kafka_wire import KafkaConnection, KafkaError

VERSION = "4.1.1"
TOPIC = "resource_usage"
HERE = pathlib.Path(__file__).resolve().parent
UNKNOWN_TOPIC, TOPIC_EXISTS = 3, 36
_JAVA = [
    "java",
    "-Xms64m",
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
    f"-Dlog4j.configuration=file:{HERE}/kafka/log4j.properties",
]


def jars(version=VERSION):
    """The folder of the broker's jars; fetched at first use."""
    pom = HERE / "kafka" / "pom.xml"
    return maven_jars.jars(f"kafka-{version}", pom, **{"kafka.version": version})


class KafkaBroker:
    """Starts at construction time of `start`, keeps its port and data over `restart`, and is
    cleared away by `close`.

    With `proxy_port` a second listener is opened on `proxied_port` that tells its clients to come
    back by `proxy_port`: point a TcpProxy from the one to the other, and every byte of a client
    that bootstraps through it stays in the proxy.
    """

    def __init__(self, scratch=None, port=None, version=VERSION, proxy_port=None, configs=None):
        self.version = version
        self.port = port or processes.free_port()
        self.controller_port = processes.free_port()
        self.proxy_port = proxy_port
        self.proxied_port = processes.free_port() if proxy_port else None
        self._own_scratch = scratch is None
        self.scratch = pathlib.Path(scratch) if scratch else processes.scratch_dir("kafka")
        self.scratch.mkdir(parents=True, exist_ok=True)
        self._configs = dict(configs or {})
        self._scram_logins = []
        self._more_listeners = {}
        self._process = None

    bootstrap = property(lambda self: f"127.0.0.1:{self.port}")
    log_path = property(lambda self: self.scratch / "broker.log")

    def url(self, topic=TOPIC):
        """What `worker.kafka` and `agent.sink` take; by the proxy when there is one."""
        return f"kafka://127.0.0.1:{self.proxy_port or self.port}/{topic}"

    def add_listener(self, name, port, protocol, settings, advertised_port=None):
        """One more listener, before `start`: `protocol` is Kafka's, `settings` are its own. Clients
        are told to come back by `advertised_port`, where that is another one."""
        self._more_listeners[name] = (port, protocol, advertised_port or port)
        for key, value in settings.items():
            self._configs[f"listener.name.{name.lower()}.{key}"] = value

    def add_scram_login(self, name, password):
        """Known from the first start on, to every listener that takes SCRAM-SHA-512."""
        self._scram_logins.append(f"SCRAM-SHA-512=[name={name},password={password}]")

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def _properties(self):
        listeners = {"PLAIN": self.port}
        advertised = {"PLAIN": self.port}
        if self.proxy_port:
            listeners["PROXIED"] = self.proxied_port
            advertised["PROXIED"] = self.proxy_port
        protocols = ["CONTROLLER:PLAINTEXT"] + [f"{name}:PLAINTEXT" for name in listeners]
        for name, (port, protocol, advertised_port) in self._more_listeners.items():
            listeners[name], advertised[name] = port, advertised_port
            protocols.append(f"{name}:{protocol}")
        settings = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAIN",
            "listeners": ",".join(
                [f"{n}://127.0.0.1:{p}" for n, p in listeners.items()]
                + [f"CONTROLLER://127.0.0.1:{self.controller_port}"]
            ),
            "advertised.listeners": ",".join(f"{n}://127.0.0.1:{p}" for n, p in advertised.items()),
            "listener.security.protocol.map": ",".join(protocols),
            "log.dirs": self.scratch / "data",
            "auto.create.topics.enable": "false",
            "group.initial.rebalance.delay.ms": 0,
            "offsets.topic.num.partitions": 1,
            "offsets.topic.replication.factor": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.num.partitions": 1,
            "transaction.state.log.min.isr": 1,
            "num.network.threads": 2,
            "num.io.threads": 2,
            "num.recovery.threads.per.data.dir": 1,
            "log.segment.delete.delay.ms": 100,
            # A broker killed and started again waits for its former self to count as gone.
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            "controlled.shutdown.enable": "false",
            "initial.broker.registration.timeout.ms": 60000,
            **self._configs,
        }
        return "".join(f"{key}={value}\n" for key, value in settings.items())

    def _format(self):
        path = self.scratch / "kraft.properties"
        path.write_text(self._properties(), encoding="ascii")
        if not (self.scratch / "data").is_dir():
            cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
            done = subprocess.run(
                [
                    *_JAVA,
                    "-cp",
                    f"{jars(self.version)}/*",
                    "kafka.tools.StorageTool",
                    "format",
                    f"--cluster-id={cluster}",
                    *[word for login in self._scram_logins for word in ("--add-scram", login)],
                    "-c",
                    path,
                ],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise RuntimeError(f"kafka storage format: {done.stdout}{done.stderr}")
        return path

    def start(self, timeout_s=90):
        self.launch()
        self.wait_ready(timeout_s)
        return self

    def launch(self):
        """As `start`, but nothing is waited for."""
        path = self._format()
        self._process = processes.Process(
            [*_JAVA, "-cp", f"{jars(self.version)}/*", "kafka.Kafka", path],
            self.log_path,
            cwd=self.scratch,
        )

    def wait_ready(self, timeout_s=90):
        def answers():
            if not self._process.running():
                raise RuntimeError(f"the broker ended:\n{self._process.log_tail()}")
            with contextlib.suppress(OSError):
                KafkaConnection(self.port, 1).close()
                return (
                    subprocess.run(
                        ["kcat", "-b", self.bootstrap, "-L", "-m", "2"],
                        check=False,
                        capture_output=True,
                    ).returncode
                    == 0
                )
            return False

        processes.wait_until(answers, timeout_s, f"broker on port {self.port}", poll_s=0.1)

    pid = property(lambda self: self._process.pid)

    def running(self):
        return self._process is not None and self._process.running()

    def log_tail(self):
        return self._process.log_tail()

    def kill(self):
        """SIGKILL: what the broker had not written is gone, what it had stays in the page cache."""
        return self._process.kill()

    def stop(self):
        self._process.stop(30)

    def freeze(self):
        self._process.freeze()

    def thaw(self):
        self._process.thaw()

    def is_frozen(self):
        return self._process.is_frozen()

    def restart(self, timeout_s=90):
        """The same data and ports again, after `stop` or `kill`."""
        if self.running():
            self.stop()
        return self.start(timeout_s)

    def close(self):
        if self.running():
            self._process.kill()
        if self._own_scratch:
            processes.remove_scratch(self.scratch)

    def connect(self):
        return KafkaConnection(self.port)

    def create_topic(self, name=TOPIC, partitions=1, configs=None):
        """Also right after a delete of the same name, which the broker finishes in the
        background."""
        with self.connect() as kafka:

            def made():
                try:
                    kafka.create_topic(name, partitions, configs or {})
                except KafkaError as error:
                    if error.code != TOPIC_EXISTS:
                        raise
                    return False
                return True

            processes.wait_until(made, 20, f"topic {name}", poll_s=0.1)
            processes.wait_until(
                lambda: kafka.partition_count(name) == partitions, 20, f"leaders of {name}"
            )

    def delete_topic(self, name=TOPIC):
        with self.connect() as kafka:
            kafka.delete_topic(name)
            processes.wait_until(
                lambda: kafka.partition_count(name) == 0, 20, f"end of topic {name}"
            )

    def add_partitions(self, name, partitions):
        with self.connect() as kafka:
            kafka.add_partitions(name, partitions)
            processes.wait_until(
                lambda: kafka.partition_count(name) == partitions, 20, f"partitions of {name}"
            )

    def delete_records(self, name, before_offset, partition=0):
        with self.connect() as kafka:
            kafka.delete_records(name, before_offset, partition)

    def produce(self, messages, topic=TOPIC, partition=0, batch_max=500):
        """Messages are values (bytes or text) or dicts of value, key, headers and timestamp_ms.
        Returns the first offset."""
        messages = [m if isinstance(m, dict) else {"value": m} for m in messages]
        first = None
        with self.connect() as kafka:
            for at in range(0, len(messages), batch_max):
                offset = kafka.produce(topic, messages[at : at + batch_max], partition)
                first = offset if first is None else first
        return first


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=9092)
    parser.add_argument(
        "--seconds", type=float, default=0, help="stop after so long; 0: until Ctrl-C or SIGTERM"
    )
    parser.add_argument("--kafka-version", default=VERSION)
    parser.add_argument("--topic", action="append", default=[], metavar="NAME[:PARTITIONS]")
    parser.add_argument(
        "--data", help="keep the data here; default: a scratch directory that is removed"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with KafkaBroker(options.data, options.port, options.kafka_version) as broker:
        for topic in options.topic:
            name, _, partitions = topic.partition(":")
            with contextlib.suppress(KafkaError):
                with broker.connect() as kafka:
                    kafka.create_topic(name, int(partitions or 1), {})
        print(f"ready {broker.bootstrap} pid {broker.pid}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            end = time.monotonic() + options.seconds if options.seconds else float("inf")
            while broker.running() and time.monotonic() < end:
                time.sleep(0.2)


if __name__ == "__main__":
    main()
