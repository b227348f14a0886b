"""The peer `kafka streams` of `./dev bench drain`: peers/kafka_streams, compiled and run."""

import json
import pathlib
import re
import shutil
import subprocess
from fractions import Fraction

import maven_jars
import processes

HERE = pathlib.Path(__file__).resolve().parent / "peers" / "kafka_streams"
TIMEOUT_S = 400
BILLIONTHS = 10**9


def sums(values):
    """What the store must hold after these messages, added up by other means: machines, cpu and
    memory in billionths."""
    machines, cpu, memory = set(), Fraction(), Fraction()
    for value in values:
        record = json.loads(value, parse_float=Fraction)
        machines.add(record["machine_id"])
        cpu += record["cpu_usage"]
        memory += record["memory_usage"]
    return len(machines), int(cpu * BILLIONTHS), int(memory * BILLIONTHS)


class KafkaStreams:
    """Compiles in `scratch`, which belongs to the caller."""

    def __init__(self, scratch):
        pom = HERE / "pom.xml"
        self.version = re.search("<kafka.version>(.*)</", pom.read_text("utf-8")).group(1)
        self._scratch = scratch
        jars = maven_jars.jars(f"kafka-streams-{self.version}", pom)
        classes = scratch / "classes"
        subprocess.run(
            ["javac", "-cp", f"{jars}/*", "-d", classes, HERE / "SumPerMachine.java"], check=True
        )
        self._class_path = f"{classes}:{jars}/*"

    def about(self):
        """The version and the settings, as they are printed with the figures."""
        settings = [
            line
            for name in ("streams.properties", "jvm.options")
            for line in (HERE / name).read_text("utf-8").splitlines()
            if line and not line.startswith("#")
        ]
        return f"Kafka Streams {self.version}, {' '.join(settings)}"

    def drain(self, broker, topic, count, expected):
        """Messages a second. Ends the benchmark when the store does not hold what `sums` says."""
        state, log = self._scratch / "streams-state", self._scratch / "streams.log"
        log.unlink(missing_ok=True)
        run = processes.Process(
            [
                "java",
                f"@{HERE}/jvm.options",
                "-cp",
                self._class_path,
                "SumPerMachine",
                broker.bootstrap,
                topic,
                count,
                state,
                HERE / "streams.properties",
            ],
            log,
        )
        try:
            code = run.wait(TIMEOUT_S)
        finally:
            if run.running():
                run.kill()
            shutil.rmtree(state, ignore_errors=True)
        if code:
            raise SystemExit(f"kafka streams ended with {code}:\n{run.log_tail()}")
        told = json.loads(run.log_tail().splitlines()[-1])
        held = (told["machines"], int(told["cpu"]), int(told["memory"]))
        if held != expected:
            raise SystemExit(f"kafka streams holds {held}, not {expected}")
        return count / told["seconds"]
