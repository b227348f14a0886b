#!/usr/bin/python3
"""A fleet over Kafka: `meterbill loadgen` plays agents that send one message a second each.

The lag is what the broker has less what the ledger has committed, looked at many times a second by
itself: the broker is asked for its ends first, then the ledger's file, so a lag of 0 was true. In
the end the usage of every machine in the ledger must be, byte for byte, what loadgen says it
sent.
"""

import argparse
import contextlib
import filecmp
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "integration")]

import harness  # noqa: E402
import kafka_broker  # noqa: E402
import processes  # noqa: E402
from report import Report  # noqa: E402

PARTITIONS = 4
LOOK_S = 0.02
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class Lag(threading.Thread):
    """Looks at the lag until it is stopped."""

    def __init__(self, broker, topic, worker):
        super().__init__()
        self._broker, self._topic, self._worker = broker, topic, worker
        self._stop_asked = threading.Event()
        self.looks, self.failure = [], None  # (time, messages)

    def run(self):
        ledger = f"file:{self._worker.state_dir / 'ledger.db'}?mode=ro"
        try:
            with (
                self._broker.connect() as kafka,
                contextlib.closing(sqlite3.connect(ledger, uri=True)) as database,
            ):
                while not self._stop_asked.wait(LOOK_S):
                    ends = kafka.end_offsets(self._topic, PARTITIONS)
                    (committed,) = database.execute(
                        "SELECT ifnull(sum(next_offset), 0) FROM position"
                    ).fetchone()
                    self.looks.append((time.monotonic(), sum(ends.values()) - committed))
        except Exception as error:  # told by who started the thread
            self.failure = error

    def stop(self):
        self._stop_asked.set()
        self.join()
        if self.failure:
            raise self.failure

    def by_second(self):
        """The least lag of each whole second in which messages may have come."""
        first = self.looks[0][0]
        seconds = {}
        for at, lag in self.looks:
            second = int(at - first)
            seconds[second] = min(lag, seconds.get(second, lag))
        return [seconds[second] for second in sorted(seconds)][1:-1]


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def memory_mib(pid, name, file="status"):
    """`VmHWM` is the peak of resident memory, `Pss` of smaps_rollup what is its own of it now."""
    with open(f"/proc/{pid}/{file}", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(name + ":")) / 1024


def check(worker, totals, scratch):
    """Every machine, slot and meter; raises when anything is not as it was sent."""
    shown = scratch / "usage.csv"
    with open(shown, "wb") as out:
        subprocess.run(
            [harness.program("meterbill"), "usage", "--by", "slot", "--csv"]
            + ["--server", worker.url, "--period", "this-month"],
            stdout=out,
            check=True,
        )
    if not filecmp.cmp(shown, totals, shallow=False):
        raise SystemExit(f"the ledger differs from what was sent: {shown} {totals}")
    with open(totals, encoding="utf-8") as rows:
        return sum(1 for _ in rows) - 1


def run_fleet(scratch, broker, agents, arguments):
    topic = f"fleet-{agents}"
    broker.create_topic(topic, PARTITIONS)
    worker = harness.Worker(scratch, f"worker-{agents}", kafka=broker.url(topic))
    worker.start().wait_ready()
    totals = scratch / f"totals-{agents}.csv"
    lag = Lag(broker, topic, worker)
    try:
        lag.start()
        before = cpu_seconds(worker.pid)
        load = subprocess.Popen(
            [harness.program("meterbill"), "loadgen", "--sink", broker.url(topic), "--json"]
            + ["--agents", str(agents), "--scopes", str(arguments.scopes)]
            + ["--seconds", str(arguments.seconds)]
            + ["--totals", totals, "--server", worker.url],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        load_peak, load_cpu = 0.0, 0.0
        while load.poll() is None:
            with contextlib.suppress(OSError, StopIteration):
                load_peak = max(load_peak, memory_mib(load.pid, "VmHWM"))
                load_cpu = cpu_seconds(load.pid)
            time.sleep(0.2)
        out, said = load.communicate()
        lag.stop()
        if load.returncode:
            raise SystemExit(f"loadgen ended with {load.returncode}: {out}{said}")
        told = json.loads(out)
        cpu = cpu_seconds(worker.pid) - before
        processes.wait_until(
            lambda: int(worker.status()["counts"]["read"]) >= told["acknowledged"],
            600,
            "all of it in the ledger",
        )
        result = {
            "agents": agents,
            "acknowledged": told["acknowledged"],
            "per_s": told["acknowledged_per_s"],
            "delay_p50_ms": told["delay_p50_ms"],
            "delay_p99_ms": told["delay_p99_ms"],
            "by_second": lag.by_second(),
            "greatest_lag": max(messages for _, messages in lag.looks),
            "looks_per_s": len(lag.looks) / arguments.seconds,
            "worker_peak_mib": memory_mib(worker.pid, "VmHWM"),
            "worker_pss_mib": memory_mib(worker.pid, "Pss", "smaps_rollup"),
            "worker_cpu_s": cpu,
            "loadgen_peak_mib": load_peak,
            "loadgen_cpu_s": load_cpu,
        }
        result["equal_rows"] = check(worker, totals, scratch)
        return result
    finally:
        if lag.is_alive():
            lag.stop()
        worker.stop()
        processes.remove_scratch(worker.state_dir)
        broker.delete_topic(topic)


def tell(report, result, seconds):
    case = f"{result['agents']} agents"
    drained = [lag for lag in result["by_second"] if lag <= 0]
    share = 100 * len(drained) / max(1, len(result["by_second"]))
    rows = {
        "messages/s": result["per_s"],
        "% of seconds with lag 0": share,
        "messages of greatest lag": result["greatest_lag"],
        "ms delay p50": result["delay_p50_ms"],
        "ms delay p99": result["delay_p99_ms"],
        "MiB worker peak": result["worker_peak_mib"],
        "MiB worker Pss": result["worker_pss_mib"],
        "% of a core, worker": 100 * result["worker_cpu_s"] / seconds,
        "MiB loadgen peak": result["loadgen_peak_mib"],
        "% of a core, loadgen": 100 * result["loadgen_cpu_s"] / seconds,
    }
    for unit, value in rows.items():
        report.figure(case, unit, [value])
    print(
        f"    {result['looks_per_s']:.0f} looks a second; {result['equal_rows']:,} rows of the "
        f"ledger equal what was sent",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--agents", type=int, action="append", help="default: 10000 20000 50000")
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--scopes", type=int, default=0, help="parts of each machine")
    arguments = parser.parse_args()
    report = Report("fleet")
    scratch = processes.scratch_dir("fleet")
    try:
        with kafka_broker.KafkaBroker() as broker:
            for agents in arguments.agents or (10_000, 20_000, 50_000):
                tell(report, run_fleet(scratch, broker, agents, arguments), arguments.seconds)
    finally:
        processes.remove_scratch(scratch)


if __name__ == "__main__":
    main()
