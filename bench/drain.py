#!/usr/bin/python3
"""The messages of a topic, until all are durable and can be asked for.

Ours is a worker with a new ledger, from its start to the moment that its status counts all of
them. Beside it, in turn: `receive`, plain librdkafka that reads the same topic and does nothing
with it; of the prototype's messages also `python commit`, one INSERT and COMMIT a message as the
prototype does, on the first 20,000; and `kafka streams`, exact sums per machine, exactly once.
"""

import argparse
import contextlib
import json
import pathlib
import sqlite3
import sys
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "integration")]

import harness  # noqa: E402
import kafka_broker  # noqa: E402
import processes  # noqa: E402
from bench_tool import bench, run_as_program  # noqa: E402
from kafka_streams import KafkaStreams, sums  # noqa: E402
from report import Report  # noqa: E402

PARTITIONS = 4
COMMITS = 20_000
CASES = {  # case → machines, items a message
    "samples-1000": (1_000, 1),
    "readings-1000": (1_000, 1),
    "readings-100000": (100_000, 1),
    "readings-20-scopes": (1_000, 21),
}


def drain(scratch, broker, topic, count, items):
    """Messages a second of a worker with a new ledger; its peak memory in MiB."""
    worker = harness.Worker(scratch, "worker", kafka=broker.url(topic))
    start = time.monotonic()
    worker.start()
    try:
        while True:
            time.sleep(0.1)
            with contextlib.suppress(OSError):
                read = int(worker.status()["counts"]["read"])
                if read >= items:
                    break
            if not worker.running():
                raise SystemExit(f"the worker ended:\n{worker.log()}")
        seconds = time.monotonic() - start
        counts = worker.status()["counts"]
        if int(counts["read"]) != items or int(counts["quarantined"]):
            raise SystemExit(f"not as it was sent: {counts}")
        with open(f"/proc/{worker.pid}/status", encoding="ascii") as status:
            peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    finally:
        worker.stop()
        processes.remove_scratch(worker.state_dir)
    return count / seconds, peak / 1024


def receive(broker, topic, count):
    return count / json.loads(bench("receive", broker.bootstrap, topic, count))["seconds"]


def python_commit(scratch, values):
    """The prototype's way: parse, INSERT, COMMIT, and SQLite as it is by default."""
    path = scratch / "python.db"
    database = sqlite3.connect(path, isolation_level=None)
    database.execute(
        "CREATE TABLE usage"
        "(id INTEGER PRIMARY KEY, machine_id TEXT, cpu REAL, memory REAL, cost REAL)"
    )
    start = time.monotonic()
    for value in values:
        record = json.loads(value)
        cpu, memory = record["cpu_usage"], record["memory_usage"]
        database.execute("BEGIN")
        database.execute(
            "INSERT INTO usage(machine_id, cpu, memory, cost) VALUES(?, ?, ?, ?)",
            (record["machine_id"], cpu, memory, cpu * 0.05 + memory * 0.01),
        )
        database.execute("COMMIT")
    seconds = time.monotonic() - start
    database.close()
    path.unlink()
    return len(values) / seconds


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--case", action="append", choices=CASES, help="default: all")
    arguments = parser.parse_args()
    report = Report("drain")
    scratch = processes.scratch_dir("drain")
    try:
        streams = None
        cases = arguments.case or list(CASES)
        if any(case.startswith("samples") for case in cases):
            streams = KafkaStreams(scratch)
            report.about("kafka streams", streams.about())
        with kafka_broker.KafkaBroker() as broker:
            for case in cases:
                run_case(report, scratch, broker, streams, case, arguments)
    finally:
        processes.remove_scratch(scratch)


def run_case(report, scratch, broker, streams, case, arguments):
    count = arguments.messages
    # All in the past, so that no message is ahead of the clock.
    machines, items = CASES[case]
    start = int(time.time()) - count // machines - 60
    broker.create_topic(case, PARTITIONS)
    bench("fill", broker.bootstrap, case, case, count, start)
    unit = "messages/s"
    ours, peers, peaks = [], {"receive": []}, []
    if case.startswith("samples"):
        peers.update({"python commit": [], "kafka streams": []})
        values = bench("print", case, count, start).splitlines()
        expected = sums(values)
        del values[COMMITS:]
    for _ in range(arguments.runs):
        peers["receive"].append(receive(broker, case, count))
        speed, peak = drain(scratch, broker, case, count, count * items)
        ours.append(speed)
        peaks.append(peak)
        if case.startswith("samples"):
            peers["kafka streams"].append(streams.drain(broker, case, count, expected))
            peers["python commit"].append(python_commit(scratch, values))
    for peer, theirs in peers.items():
        report.add(case, unit, ours, peer, theirs)
    print(f"    peak memory of the worker {max(peaks):.0f} MiB", flush=True)


if __name__ == "__main__":
    run_as_program(main)
