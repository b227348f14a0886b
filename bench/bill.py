#!/usr/bin/python3
"""The bill of one month of a fleet, as a user gets it: from running totals and from the slots.

The ledger is filled by the worker's own merge and commit (bench/bench_ledger.cc) and kept in
build/bench for the next run. Both ways must give the same bytes. The file is in the page cache as
far as it fits: the bill is asked for once before it is timed.
"""

import argparse
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "integration")]

import harness  # noqa: E402
import processes  # noqa: E402
from bench_tool import bench  # noqa: E402
from report import Report  # noqa: E402

PRICES = ROOT / "bench" / "prices.toml"
PERIOD = "2026-10"
PERIOD_BEGIN_S, SLOT_S = 1_790_805_600, 900  # 2026-10-01 in Berlin
MONTH_SLOTS = 2_980  # with the hour that comes twice
BEFORE_SLOTS = 2_880  # September
SLOTS_TIMEOUT_S = 1_800


class Ledger:
    """A filled one: made unless one with these parameters is there."""

    def __init__(self, machines, scopes, slots, months=1):
        begin, count = PERIOD_BEGIN_S, slots
        if months == 2:
            begin, count = begin - BEFORE_SLOTS * SLOT_S, count + BEFORE_SLOTS
        self.about = {
            "machines": machines,
            "scopes": scopes,
            "slots": count,
            "begin_s": begin,
            "prices": hashlib.sha256(PRICES.read_bytes()).hexdigest(),
        }
        name = f"ledger-{machines}x{scopes}x{count}"
        self.folder = ROOT / "build" / "bench" / name
        self.rows = machines * count
        told = self.folder / "about.json"
        if not told.exists() or json.loads(told.read_text(encoding="utf-8")) != self.about:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            start = time.monotonic()
            bench("ledger", self.folder, PRICES, machines, scopes, count, begin)
            print(f"  filled {name} in {time.monotonic() - start:.0f} s", flush=True)
            told.write_text(json.dumps(self.about), encoding="utf-8")
        self.bytes = (self.folder / "ledger.db").stat().st_size


def peak_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def forget_peak(pid):
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def shown(*arguments):
    """Seconds, peak memory in MiB and the bytes of `meterbill bill show`."""
    start = time.monotonic()
    with subprocess.Popen(
        [harness.program("meterbill"), "bill", "show", "--period", PERIOD, *map(str, arguments)],
        stdout=subprocess.PIPE,
    ) as command:
        out = command.stdout.read()
        _, status, used = os.wait4(command.pid, 0)
        seconds = time.monotonic() - start
        command.returncode = os.waitstatus_to_exitcode(status)
    if command.returncode:
        raise SystemExit(f"meterbill bill show ended with {command.returncode}")
    return seconds, used.ru_maxrss / 1024, out


def from_slots(worker):
    connection = http.client.HTTPConnection("127.0.0.1", worker.port, timeout=SLOTS_TIMEOUT_S)
    with contextlib.closing(connection):
        start = time.monotonic()
        connection.request("GET", f"/api/v1/bill?period={PERIOD}&format=csv&from=slots")
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"from the slots: {answer.status} {body[:200]}")
        return time.monotonic() - start, body


class Times:
    def __init__(self):
        self.worker_s, self.worker_mib, self.command_mib = [], [], []
        self.text_s, self.ledger_s, self.ledger_mib = [], [], []
        self.slots_s, self.slots_mib = [], []


def measure(scratch, ledger, runs, slots_runs):
    worker = harness.Worker(scratch, f"worker-{ledger.rows}", prices=PRICES)
    worker.options["worker.state_dir"] = ledger.folder
    worker.start().wait_ready(600)
    times = Times()
    try:
        _, _, bill = shown("--csv", "--server", worker.url)
        for _ in range(runs):
            forget_peak(worker.pid)
            seconds, mib, out = shown("--csv", "--server", worker.url)
            if out != bill:
                raise SystemExit("two bills of one ledger differ")
            times.worker_s.append(seconds)
            times.command_mib.append(mib)
            times.worker_mib.append(peak_mib(worker.pid))
            times.text_s.append(shown("--server", worker.url)[0])
        for _ in range(slots_runs):
            forget_peak(worker.pid)
            seconds, out = from_slots(worker)
            if out != bill:
                raise SystemExit("the bill from the slots differs from that of the totals")
            times.slots_s.append(seconds)
            times.slots_mib.append(peak_mib(worker.pid))
    finally:
        worker.stop(60)
    for _ in range(runs):
        seconds, mib, out = shown(
            *("--csv", "--ledger", ledger.folder / "ledger.db", "--prices", PRICES)
        )
        if out != bill:
            raise SystemExit("the bill of the stopped ledger differs")
        times.ledger_s.append(seconds)
        times.ledger_mib.append(mib)
    lines = sum(row.startswith(b"line,") for row in bill.splitlines())
    print(
        f"    {ledger.rows:,} rows in {ledger.bytes / 1e9:.2f} GB; {lines:,} lines, "
        f"{len(bill) / 1e6:.1f} MB; equal from totals, slots and the stopped ledger",
        flush=True,
    )
    return times


def bill(report, scratch, arguments):
    slots = arguments.days * 96 if arguments.days else MONTH_SLOTS
    ledger = Ledger(arguments.machines, arguments.scopes, slots)
    times = measure(scratch, ledger, arguments.runs, arguments.slots_runs)
    case = f"{arguments.machines} machines x {arguments.scopes} scopes x 4 meters"
    report.figure(f"{case}, from totals", "s", times.worker_s, 1)
    report.figure(f"{case}, from totals, worker", "MiB", times.worker_mib, 256)
    report.figure(f"{case}, from totals, command", "MiB", times.command_mib, 256)
    report.figure(f"{case}, from totals as text", "s", times.text_s, 1)
    report.figure(f"{case}, from totals, --ledger", "s", times.ledger_s, 1)
    report.figure(f"{case}, from totals, --ledger", "MiB", times.ledger_mib, 256)
    report.figure(f"{case}, from slots", "s", times.slots_s, 15)
    report.figure(f"{case}, from slots, worker", "MiB", times.slots_mib)


def grow(report, scratch, arguments):
    """Twice as many machines, scopes, months kept: how many times the cost."""
    machines, scopes = 250, 10
    grown = {
        "machines": (machines * 2, scopes, 1),
        "scopes": (machines, scopes * 2, 1),
        "months kept": (machines, scopes, 2),
    }
    base = Ledger(machines, scopes, MONTH_SLOTS)
    least = measure(scratch, base, arguments.runs, 1)
    for what, (more_machines, more_scopes, months) in grown.items():
        ledger = Ledger(more_machines, more_scopes, MONTH_SLOTS, months)
        times = measure(scratch, ledger, arguments.runs, 1)
        for way in ("worker_s", "slots_s"):
            ratio = statistics.median(getattr(times, way)) / statistics.median(getattr(least, way))
            case = f"twice the {what}, from {'slots' if way == 'slots_s' else 'totals'}"
            report.figure(case, "x of the time", [ratio])


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--machines", type=int, default=1_000)
    parser.add_argument("--scopes", type=int, default=20, help="parts of each machine")
    parser.add_argument("--days", type=int, help="of usage in the month; default: all of it")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--slots-runs", type=int, default=1, help="from the slots")
    parser.add_argument("--grow", action="store_true", help="also how the cost grows")
    arguments = parser.parse_args()
    report = Report("bill")
    scratch = processes.scratch_dir("bill")
    try:
        bill(report, scratch, arguments)
        if arguments.grow:
            grow(report, scratch, arguments)
    finally:
        processes.remove_scratch(scratch)


if __name__ == "__main__":
    main()
