#!/usr/bin/python3
"""What the agent takes of the machine that it meters: CPU a tick, and memory.

Ours ticks every second and sends to Kafka. Beside it, in turn: `collectd` with the same interval
and write_kafka to the same broker; `collectd_processes`, which counts processes too; and
`node_exporter`, scraped once a second. CPU is the clock of the process, user and system; memory is
Pss at the end of the time, where pages that programs share count by their share.
"""

import argparse
import contextlib
import pathlib
import subprocess
import sys
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "integration")]

import agent_peers  # noqa: E402
import certificates  # noqa: E402
import harness  # noqa: E402
import kafka_broker  # noqa: E402
import processes  # noqa: E402
from bench_tool import run_as_program  # noqa: E402
from report import Report  # noqa: E402

CASES = ("plain", "tls")
WARM_UP_S = 5


def cpu_us(pid):
    """Of all its threads, also those that ended: the CPU-time clock of another process, as
    clock_getcpuclockid has it."""
    return time.clock_gettime_ns(~pid << 3 | 2) / 1000


def pss_mib(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
        return next(int(line.split()[1]) for line in rollup if line.startswith("Pss:")) / 1024


def watch(program, seconds, delivered):
    """(µs a second, MiB). `delivered`: how much came out of it; ends the benchmark when that does
    not go on every second, or the program is gone."""
    time.sleep(WARM_UP_S)
    before, from_us, start = delivered(), cpu_us(program.pid), time.monotonic()
    time.sleep(seconds)
    used = (cpu_us(program.pid) - from_us) / (time.monotonic() - start)
    pss = pss_mib(program.pid)
    if not program.running() or delivered() - before < seconds - 1:
        raise SystemExit(f"nothing came out of it every second:\n{program.log_tail()}")
    return used, pss


@contextlib.contextmanager
def stopping(program):
    try:
        yield
    finally:
        program.stop()


class Bed:
    """A broker, plain or with TLS, for the programs of one case."""

    def __init__(self, scratch, tls):
        self.broker, self.authority = kafka_broker.KafkaBroker(), None
        self.bootstrap = self.broker.bootstrap
        if tls:
            port = processes.free_port()
            authority = certificates.Authority(scratch)
            self.broker.add_listener(
                "TLS", port, "SSL", authority.listener("broker", "IP:127.0.0.1")
            )
            self.authority, self.bootstrap = authority.path, f"127.0.0.1:{port}"

    def messages(self, topic):
        """How many its one partition has."""
        told = subprocess.run(
            ["kcat", "-Q", "-b", self.broker.bootstrap, "-t", f"{topic}:0:-1"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        return int(told.split()[-1])

    def ours(self, folder, topic, seconds):
        options = {"kafka.security.protocol": "SSL", "kafka.ssl.ca.location": self.authority}
        agent = harness.Agent(
            folder, f"kafka://{self.bootstrap}/{topic}", **(options if self.authority else {})
        ).start()
        with stopping(agent):
            return watch(agent, seconds, lambda: self.messages(topic))

    def collectd(self, folder, topic, seconds, more=None):
        collectd = agent_peers.start_collectd(folder, self.bootstrap, topic, self.authority, more)
        with stopping(collectd):
            return watch(collectd, seconds, lambda: self.messages(topic))

    def collectd_processes(self, folder, topic, seconds):
        return self.collectd(folder, topic, seconds, agent_peers.PROCESSES)

    def node_exporter(self, folder, _topic, seconds):
        port = processes.free_port()
        exporter = agent_peers.start_node_exporter(folder, port)
        with stopping(exporter), agent_peers.Scraper(port) as scraper:
            return watch(exporter, seconds, lambda: scraper.answers)


def run_case(report, scratch, case, arguments):
    bed = Bed(scratch, tls=case == "tls")
    programs = [bed.ours, bed.collectd, bed.collectd_processes, bed.node_exporter]
    runs = {program.__name__: [] for program in programs}
    with bed.broker:
        for number in range(arguments.runs):
            for program in programs:
                name = f"{program.__name__}-{number}"
                folder = scratch / name
                folder.mkdir()
                bed.broker.create_topic(name)
                runs[program.__name__].append(program(folder, name, arguments.seconds))
                processes.remove_scratch(folder)
    for at, (what, unit) in enumerate([("CPU", "us/tick"), ("Pss", "MiB")]):
        ours, *peers = ([run[at] for run in of_one] for of_one in runs.values())
        for peer, theirs in zip(list(runs)[1:], peers):
            report.add(f"{case} {what}", unit, ours, peer, theirs)


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=30, help="that each program is watched")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--case", action="append", choices=CASES, help="default: all")
    arguments = parser.parse_args()
    report = Report("agent")
    report.about("collectd", agent_peers.collectd_about())
    report.about("collectd_processes", agent_peers.settings(agent_peers.PROCESSES))
    report.about("node_exporter", agent_peers.node_exporter_about())
    scratch = processes.scratch_dir("agent")
    try:
        for case in arguments.case or CASES:
            run_case(report, scratch, case, arguments)
    finally:
        processes.remove_scratch(scratch)


if __name__ == "__main__":
    run_as_program(main)
