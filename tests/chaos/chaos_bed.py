"""What is under test: a broker, a worker and agents of both transports, each behind a link that can
fail, and a load beside them."""

import contextlib
import signal

import harness
from chaos_load import SteadyHttpLoad, SteadyKafkaLoad
from chaos_plan import LINKS
from counter_truth import CounterTruth
from database_copy import copied_database
from http_capture import HttpCapture
from kafka_broker import KafkaBroker
from processes import free_port, wait_until
from small_disk import SmallDisk
from tcp_proxy import TcpProxy

TOPIC, PARTITIONS = "resource_usage", 2
WORKER_DISK_BYTES, AGENT_DISK_BYTES = 96 * 2**20, 8 * 2**20
RECOVERY_S = 90


def sends(agent):
    with contextlib.suppress(AssertionError):  # exit 69: nothing could be sent
        harness.meterbill("agent", "send", "--control", agent.options["agent.control"])
        return True
    return False


class Bed:
    """A context; at its end everything that it started is gone. `own_mounts` was called before."""

    def __init__(self, scratch, seed):
        self.scratch, self._seed, self._ends = scratch, seed, contextlib.ExitStack()

    def __enter__(self):
        with self._ends:
            self._start()
            # Nothing went wrong: it ends with us.
            self._ends = self._ends.pop_all()
        return self

    def __exit__(self, *_):
        # Whoever interrupts once more waits for the end of what was started.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._ends.close()

    def _start(self):
        self.links = {name: TcpProxy(target_port=0) for name in LINKS}
        for link in self.links.values():
            self._ends.callback(link.close)
        self._start_broker()
        self.worker_disk = self._disk("worker", WORKER_DISK_BYTES)
        url = self._url("worker-broker")
        self.worker = self._keep(
            harness.Worker(self.scratch, kafka=url, evidence__max_bytes="1MiB")
        )
        self.links["agents-worker"].target_port = self.worker.port
        self.capture = HttpCapture(
            self.links["agents-worker"].port, self.scratch / "requests.jsonl"
        )
        self._ends.callback(self.capture.close)
        self._start_agents()
        self.worker.wait_ready(RECOVERY_S)
        self.kafka_load = SteadyKafkaLoad(self.broker, TOPIC, PARTITIONS, self._seed).start()
        self.http_load = SteadyHttpLoad(self.capture.port, self._seed).start()

    def _start_broker(self):
        # What retention took stays away, also when the broker is killed soon after.
        configs = {"log.flush.start.offset.checkpoint.interval.ms": 500}
        self.broker = KafkaBroker(self.scratch / "kafka", configs=configs)
        for name in ("worker-broker", "agents-broker"):
            link = self.links[name]
            link.target_port = free_port()
            listener = name.replace("-broker", "").upper()
            self.broker.add_listener(listener, link.target_port, "PLAINTEXT", {}, link.port)
        self._ends.callback(self.broker.close)
        self.broker.start()
        self.broker.create_topic(TOPIC, PARTITIONS)

    def _start_agents(self):
        """One of them has a small disk, and nothing else happens to its program: an agent takes no
        more than 16 starts in a quarter hour."""
        self.agent_disk = self._disk("on-disk", AGENT_DISK_BYTES)
        by_kafka = self._url("agents-broker")
        sinks = {"on-disk": self.capture.url}
        for number in (1, 2):
            sinks |= {f"by-http-{number}": self.capture.url, f"by-kafka-{number}": by_kafka}
        self.agents = [harness.Agent(self.scratch, sink, n, n) for n, sink in sinks.items()]
        self.truths = {agent: CounterTruth(agent) for agent in self.agents}
        for agent in self.agents:
            self._keep(agent).wait_ready(RECOVERY_S)
        for truth in self.truths.values():
            truth.started()

    def _url(self, link):
        return f"kafka://127.0.0.1:{self.links[link].port}/{TOPIC}"

    def _disk(self, name, size_bytes):
        disk = SmallDisk(self.scratch / f"{name}-state", size_bytes)
        self._ends.callback(disk.close)
        return disk

    def _keep(self, service):
        self._ends.callback(lambda: service.running() and service.kill())
        return service.start()

    @property
    def programs(self):
        return {"broker": self.broker, "worker": self.worker} | {a.name: a for a in self.agents}

    def messages(self):
        """Of the load and of the agents by HTTP, so far."""
        return self.kafka_load.sent + len(self.capture.exchanges)

    def heal(self):
        for link in self.links.values():
            link.heal()
        self.worker_disk.free()
        self.agent_disk.free()
        for program in self.programs.values():
            program.thaw()

    def recover(self):
        """Every program at work, nobody waiting for a retry that is far away."""
        self.broker.wait_ready()
        for service in (self.worker, *self.agents):
            service.wait_ready(RECOVERY_S)
        for agent in self.agents:
            wait_until(lambda agent=agent: sends(agent), RECOVERY_S, "an agent sends")

    def kafka(self):
        """The worker's status of its Kafka source."""
        return next(s for s in self.worker.status()["sources"] if s["name"] == "kafka")

    def gaps(self):
        """(incarnation, partition, from, to) of each gap that the worker names. Its incarnations
        count from 1, ours from 0."""
        return {
            (int(gap["incarnation"]) - 1, *(int(gap[key]) for key in ("partition", "from", "to")))
            for gap in self.worker.status()["gaps"]["newest"]
        }

    def positions(self):
        """partition → (incarnation, next offset), as the ledger has them on its disk."""
        with copied_database(self.worker, "ledger.db") as ledger:
            rows = ledger.execute("SELECT partition, incarnation, next_offset FROM position")
            return {partition: (incarnation, offset) for partition, incarnation, offset in rows}

    def drain(self):
        """The load brought to its end, the agents emptied and stopped."""
        self.kafka_load.finish(RECOVERY_S)
        self.http_load.finish(RECOVERY_S)
        for agent in self.agents:
            wait_until(lambda: has_sent_all(agent), RECOVERY_S, f"all of {agent.name} sent")
        codes = [truth.stop_agent() for truth in self.truths.values()]
        assert not any(codes), f"exit codes of the agents: {codes}"
        # A request that the agent gave up may still be on its way.
        wait_until(lambda: not self.capture.connections, RECOVERY_S, "the last request answered")


def has_sent_all(agent):
    status = agent.status()
    return int(status["spool"]["waiting"]) == 0 and status["sending"]["outage"] is None
