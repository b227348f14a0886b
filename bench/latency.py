#!/usr/bin/python3
"""From the tick of an agent to the bill that shows it, on an idle system.

Ours is an agent that ticks every second, the way its readings go (Kafka, HTTP) and a worker, from
the full second on which a tick is due to the answer of /api/cost/{machine} that shows another cost.
Beside it, half a second after each tick: the same way without us, between two SQLite commits that
are on disk when they return. `round trip` is one message through Kafka, `exchange` one request on
loopback.
"""

import argparse
import json
import pathlib
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "integration")]

import harness  # noqa: E402
import kafka_broker  # noqa: E402
import processes  # noqa: E402
from bench_tool import bench, run_as_program  # noqa: E402
from report import Report  # noqa: E402

MACHINE = "bench"
PEERS = {"kafka": "round trip", "http": "exchange"}
PERCENTILES = (50, 99)


def percentile(runs, percent):
    """The smallest value that so many percent of all do not exceed, in milliseconds."""
    ordered = sorted(runs)
    return ordered[-(-len(ordered) * percent // 100) - 1] / 1000


def measure(scratch, broker, number, ticks):
    """What meterbill-bench tells of one run. `broker`: None for HTTP."""
    folder = scratch / f"run-{number}"
    folder.mkdir()
    topics = [f"{name}-{number}" for name in ("usage", "trip")]
    if broker:
        for topic in topics:
            broker.create_topic(topic)
    worker = harness.Worker(folder, kafka=broker.url(topics[0]) if broker else "off")
    sink = broker.url(topics[0]) if broker else worker.url
    agent = harness.Agent(folder, sink, machine=MACHINE, http__listen="off")
    try:
        worker.start().wait_ready()
        agent.start()
        processes.wait_until(lambda: worker.cost(MACHINE), 30, "the first tick")
        trip = [broker.bootstrap, topics[1]] if broker else []
        return json.loads(bench("latency", worker.port, MACHINE, ticks, folder, *trip))
    finally:
        for service in (agent, worker):
            if service.running():
                service.stop()
        processes.remove_scratch(folder)


def run_case(report, scratch, broker, case, arguments):
    runs = [
        measure(scratch, broker, f"{case}-{number}", arguments.ticks)
        for number in range(arguments.runs)
    ]
    for percent in PERCENTILES:
        ours, theirs = (
            [percentile(told[side], percent) for told in runs] for side in ("ours_us", "peer_us")
        )
        report.add(f"{case} p{percent}", "ms", ours, PEERS[case], theirs)
    resolution = max(told["poll_us"] for told in runs) / 1000
    print(f"    of ours at most {resolution:.2f} ms is waiting for the next question", flush=True)


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--ticks", type=int, default=100, help="of one run, a second each")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--case", action="append", choices=PEERS, help="default: all")
    arguments = parser.parse_args()
    cases = arguments.case or list(PEERS)
    report = Report("latency")
    commits = "and two commits of SQLite, WAL, synchronous=FULL"
    report.about(
        "round trip",
        f"librdkafka and Kafka {kafka_broker.VERSION}, 1 partition, acks=all, linger.ms=0, "
        + commits,
    )
    report.about("exchange", f"a POST on a kept connection, answered 204 by a thread, {commits}")
    scratch = processes.scratch_dir("latency")
    try:
        if "kafka" in cases:
            with kafka_broker.KafkaBroker() as broker:
                run_case(report, scratch, broker, "kafka", arguments)
        if "http" in cases:
            run_case(report, scratch, None, "http", arguments)
    finally:
        processes.remove_scratch(scratch)


if __name__ == "__main__":
    run_as_program(main)
