#!/usr/bin/python3
"""./dev run: a worker and an agent on this machine, the bill growing, the statement at the end."""
import argparse
import errno
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

EXIT_USAGE, EXIT_TEMPORARY, EXIT_INTERRUPTED = 64, 75, 130  # sysexits(3); the shell's for Ctrl-C
KIB_S_PER_GIB_HOUR = 1024 * 1024 * 3600


def get(url):
    """The JSON at `url`, or None while nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer, parse_float=str)  # money stays text
    except (OSError, urllib.error.URLError, ValueError):
        return None


def get_status(url):
    """The HTTP status of `url`; None while nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, urllib.error.URLError):
        return None


class Demo:
    """Starts, watches and stops the programs; nothing of it outlives the process."""

    def __init__(self, arguments):
        self.bin = pathlib.Path(arguments.bin)
        self.seconds = arguments.seconds
        self.kafka = arguments.kafka
        self.worker, self.agent = arguments.worker, arguments.agent
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="meterbill-run-"))
        self.programs = []
        self.broker = None
        self.stopping = False
        self.interruptible = False  # nothing is metered yet, so nothing is to be shown

    def start(self, name, *options):
        log = open(self.scratch / f"{name}.log", "wb")
        program = subprocess.Popen([str(self.bin / name), *options], stdout=log, stderr=log,
                                   start_new_session=True)
        self.programs.append((name, program))
        return program

    def check(self):
        for name, program in self.programs:
            if program.poll() is not None:
                text = (self.scratch / f"{name}.log").read_text(errors="replace")
                raise SystemExit(f"{name} ended with {program.returncode}:\n{text}")

    def wait_ready(self, address, what):
        deadline = time.monotonic() + 30
        while get_status(f"http://{address}/readyz") != 200:
            self.check()
            if self.stopping:
                return
            if time.monotonic() > deadline:
                raise SystemExit(f"{what} is not ready after 30 s: see {self.scratch}")
            time.sleep(0.1)

    def run(self):
        sink = f"http://{self.worker}"
        worker_kafka = "off"
        if self.kafka:
            sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
            from kafka_broker import KafkaBroker
            print("starting Kafka …", flush=True)
            self.broker = KafkaBroker()
            self.interruptible = True
            if self.stopping:
                raise KeyboardInterrupt
            self.broker.start()
            self.broker.create_topic("resource_usage", 3)
            self.interruptible = False
            sink = worker_kafka = self.broker.url()
        for part in ("agent", "worker"):
            (self.scratch / part).mkdir()
        self.start("meterbill-worker", f"--worker.state_dir={self.scratch}/worker",
                   f"--worker.kafka={worker_kafka}", f"--http.listen={self.worker}",
                   f"--worker.control={self.scratch}/worker.sock")
        self.wait_ready(self.worker, "the worker")
        self.start("meterbill-agent", f"--agent.state_dir={self.scratch}/agent",
                   "--agent.interval=1s", f"--agent.sink={sink}", f"--http.listen={self.agent}",
                   f"--agent.control={self.scratch}/agent.sock")
        self.wait_ready(self.agent, "the agent")
        print(f"worker  http://{self.worker}/api/v1/status")
        print(f"agent   http://{self.agent}/api/v1/status")
        print(f"sink    {sink}", flush=True)
        self.watch()

    def machine(self):
        status = get(f"http://{self.agent}/api/v1/status") or {}
        return status.get("machine_id", "")

    def watch(self):
        end = time.monotonic() + self.seconds if self.seconds else None
        while not self.stopping and (end is None or time.monotonic() < end):
            time.sleep(min(3, max(0.1, end - time.monotonic())) if end else 3)
            self.check()
            self.line()

    def line(self):
        name = self.machine()
        cost = get(f"http://{self.worker}/api/cost/{name}") or {}
        page = get(f"http://{self.worker}/api/v1/usage?machine={name}&by=day") or {}
        used = {}
        for row in (row for machine in page.get("machines", []) for row in machine["rows"]):
            if row["scope"] == "machine":
                used[row["meter"]] = used.get(row["meter"], 0) + int(row["quantity"])
        cpu = used.get("cpu", 0)
        memory = used.get("memory", 0)
        print(f"{name}   cpu {cpu // 1000000}.{cpu // 1000 % 1000:03d} core·s   "
              f"memory {memory * 10 ** 6 // KIB_S_PER_GIB_HOUR / 10 ** 6:.6f} GiB·h   "
              f"cost {cost.get('total_cost', 0)} {cost.get('currency', '')}", flush=True)

    def statement(self):
        if get_status(f"http://{self.worker}/healthz") != 200:
            return
        subprocess.run([str(self.bin / "meterbill"), "bill", "show",
                        f"--server=http://{self.worker}"], check=False)

    def stop(self):
        for name, program in reversed(self.programs):
            if program.poll() is None:
                if name == "meterbill-worker":
                    print(flush=True)
                    self.statement()
                program.send_signal(signal.SIGTERM)
                try:
                    program.wait(15)
                except subprocess.TimeoutExpired:
                    program.kill()
                    program.wait()
        if self.broker:
            self.broker.close()
        shutil.rmtree(self.scratch, ignore_errors=True)


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def seconds_of(text):
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"'{text}' is no whole number of seconds from 1 on")


def address_of(text):
    host, _, port = text.rpartition(":")
    if host and port.isascii() and port.isdigit() and 0 < int(port) < 65536:
        return text
    raise argparse.ArgumentTypeError(f"'{text}' is no HOST:PORT such as 127.0.0.1:5001")


def is_taken(address):
    """True when another program listens there; what else is wrong the programs say themselves."""
    host, _, port = address.rpartition(":")
    with socket.socket(socket.AF_INET6 if host.startswith("[") else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def parse_arguments():
    parser = Parser(prog="./dev run", description=__doc__)
    parser.add_argument("--bin", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument(
        "--seconds", type=seconds_of, default=0, help="end after so long, not by Ctrl-C"
    )
    parser.add_argument("--kafka", action="store_true", help="through a real single-node Kafka")
    for name, port in (("worker", 5001), ("agent", 5002)):
        parser.add_argument(
            f"--{name}",
            type=address_of,
            default=f"127.0.0.1:{port}",
            metavar="HOST:PORT",
            help=f"where the {name} listens; default 127.0.0.1:{port}",
        )
    arguments = parser.parse_args()
    for address in (arguments.worker, arguments.agent):
        if is_taken(address):
            parser.exit(
                EXIT_TEMPORARY,
                f"{parser.prog}: another program listens on {address}: stop it, or name free "
                "addresses with --worker HOST:PORT --agent HOST:PORT\n",
            )
    return arguments


def main():
    arguments = parse_arguments()
    if arguments.check:
        return
    demo = Demo(arguments)

    def on_signal(_number, _frame):
        demo.stopping = True
        if demo.interruptible:
            demo.interruptible = False
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    try:
        demo.run()
    except KeyboardInterrupt:
        raise SystemExit(EXIT_INTERRUPTED) from None
    finally:
        demo.stop()


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
