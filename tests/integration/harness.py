"""Real workers and agents under test: started with the options of design section 10, watched over
HTTP, stopped by their pid."""

import contextlib
import csv
import http.client
import io
import json
import os
import pathlib
import random
import subprocess
import sys
import time
import unittest
from fractions import Fraction

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import processes
import recount
from kill_points import KillPoint, wal_paths
from processes import free_port, wait_until


def bin_dir():
    """METERBILL_BIN, as CMake sets it; by hand, the newest build in the tree."""
    if os.environ.get("METERBILL_BIN"):
        return pathlib.Path(os.environ["METERBILL_BIN"])
    built = sorted(ROOT.glob("build/*/bin/meterbill-worker"), key=lambda p: p.stat().st_mtime)
    return built[-1].parent if built else ROOT / "build" / "release" / "bin"


def program(name):
    return bin_dir() / name


def have_programs():
    return all(program(n).exists() for n in ("meterbill-worker", "meterbill-agent", "meterbill"))


class JsonNumber(str):
    """A JSON number as it was written: `total_cost` is compared by its text and by its exact value,
    never as a float."""

    @property
    def exact(self):
        return Fraction(str(self))


def parse_json(data):
    return json.loads(data, parse_int=JsonNumber, parse_float=JsonNumber)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return parse_json(self.body)


def request(port, method, path, body=None, headers=None, timeout_s=10):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    with contextlib.closing(connection):
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


def meterbill(*arguments):
    """Standard output of the CLI. Fails the test when it does not exit 0."""
    done = subprocess.run(
        [program("meterbill"), *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:
        command = " ".join(map(str, arguments))
        raise AssertionError(f"meterbill {command}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


class Service:
    """A program of ours with a state directory, an HTTP port and a control socket of its own.
    `options` are long options without the dashes; None leaves one out. `clock`: the SteppedClock it
    lives under, if not the machine's."""

    program_name, section = "", ""
    programs = None  # the folder of its program, if not that of ours

    def __init__(self, scratch, name, clock=None, **options):
        self.name, self.scratch, self.clock = name, pathlib.Path(scratch), clock
        self.port = free_port()
        self.state_dir = self.scratch / f"{name}-state"
        self.state_dir.mkdir(parents=True, exist_ok=True)
        self.log_path = self.scratch / f"{name}.log"
        self.options = {
            f"{self.section}.state_dir": self.state_dir,
            f"{self.section}.control": self.scratch / f"{name}.sock",
            "http.listen": f"127.0.0.1:{self.port}",
        }
        self.options.update({key.replace("__", "."): value for key, value in options.items()})
        self.environment = {}
        self._process = None

    def argv(self):
        argv = [(self.programs or bin_dir()) / self.program_name] + [
            f"--{key}={value}" for key, value in self.options.items() if value is not None
        ]
        return self.clock.command(argv) if self.clock else argv

    def start(self):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("METERBILL_")}
        environment.update(self.environment)
        self._process = processes.Process(
            self.argv(), self.log_path, env=environment, cwd=self.scratch
        )
        return self

    pid = property(lambda self: self._process.pid)

    def running(self):
        return self._process is not None and self._process.running()

    def get(self, path, timeout_s=10):
        return request(self.port, "GET", path, timeout_s=timeout_s)

    def status(self):
        return self.get("/api/v1/status").json()

    def responds(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.get("/healthz", 2).status == 200
        return False

    def ready(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.get("/readyz", 2).status == 200
        return False

    def wait_ready(self, timeout_s=15):
        def ready():
            if not self.running():
                raise AssertionError(
                    f"{self.name} ended with {self._process.exit_code()}:\n"
                    f"{self._process.log_tail()}"
                )
            return self.ready()

        try:
            wait_until(ready, timeout_s, f"{self.name} ready")
        except processes.Timeout as timeout:
            raise processes.Timeout(f"{timeout}\n{self._process.log_tail()}") from None
        return self

    def wait_answers(self, timeout_s=15):
        """Running and answering, ready or not."""

        def answers():
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.get("/readyz", 2).status in (200, 503)
            if not self.running():
                raise AssertionError(f"{self.name} ended:\n{self._process.log_tail()}")
            return False

        wait_until(answers, timeout_s, f"{self.name} answers")
        return self

    def kill(self):
        return self._process.kill()

    def stop(self, timeout_s=20):
        return self._process.stop(timeout_s)

    def freeze(self):
        self._process.freeze()

    def thaw(self):
        self._process.thaw()

    def is_frozen(self):
        return self._process.is_frozen()

    def wait_exit(self, timeout_s):
        return self._process.wait(timeout_s)

    def rss_bytes(self):
        """Resident memory that is its own: anonymous pages. Files it maps may come and go with the
        page cache."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("RssAnon:"):
                    return int(line.split()[1]) * 1024
        raise AssertionError(f"no RssAnon of {self.name}")

    def log_tail(self):
        return self._process.log_tail()

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def kill_at(self, call, when, trigger_timeout_s=20):
        """SIGKILL when it enters the `when`-th such call on its write-ahead log; True if that was
        inside a transaction. A program that does not come to the call in time is killed as it
        stands, and that is no hit."""
        wait_until(lambda: wal_paths(self.state_dir), 20, f"write-ahead log of {self.name}")
        point = KillPoint(self.pid, wal_paths(self.state_dir), call, when, self.scratch)
        try:
            self.wait_exit(trigger_timeout_s)
            point.finish()
        except subprocess.TimeoutExpired:
            point.detach()
            self.kill()
        return point.hit()


class Worker(Service):
    program_name, section = "meterbill-worker", "worker"

    def __init__(self, scratch, name="worker", kafka="off", prices=None, **options):
        super().__init__(scratch, name, worker__kafka=kafka, worker__prices=prices, **options)

    url = property(lambda self: f"http://127.0.0.1:{self.port}")

    def post(self, events, **more):
        """Posts structured events; bytes are sent as they are."""
        body = events if isinstance(events, bytes) else json.dumps(events).encode()
        return request(
            self.port,
            "POST",
            "/api/v1/events",
            body,
            {"Content-Type": "application/cloudevents-batch+json"},
            **more,
        )

    def cost(self, machine):
        """`total_cost` of the current billing period as it was written, or None for a machine not
        known (yet)."""
        answer = self.get(f"/api/cost/{machine}")
        return answer.json()["total_cost"] if answer.status == 200 else None

    def counts(self):
        return {
            key: int(value)
            for key, value in self.status()["counts"].items()
            if key in ("applied", "repeated", "quarantined")
        }

    def cli(self, *arguments):
        """`meterbill` against this worker: its standard output. Fails the test when it does not
        exit 0."""
        return meterbill(*arguments, "--server", self.url)

    def change(self, *arguments):
        """The same for the commands that change something, which take the control socket."""
        return meterbill(*arguments, "--control", self.options["worker.control"])

    def usage(self):
        """machine → sorted (scope, labels, slot, meter, base units), from `usage --by slot
        --csv`."""
        rows = list(csv.reader(io.StringIO(self.cli("usage", "--by", "slot", "--csv"))))
        machines = {}
        for machine, scope, labels, slot, meter, base, _unit in rows[1:]:
            machines.setdefault(machine, []).append((scope, labels, slot, meter, base))
        return {machine: sorted(usage) for machine, usage in machines.items()}


class Agent(Service):
    program_name, section = "meterbill-agent", "agent"

    def __init__(self, scratch, sink, name="agent", machine="test-1", interval="1s", **options):
        super().__init__(
            scratch,
            name,
            agent__machine_id=machine,
            agent__interval=interval,
            agent__sink=sink,
            **options,
        )
        self.machine = machine


@unittest.skipUnless(have_programs(), f"no programs in {bin_dir()}: build them first")
class ProgramTest(unittest.TestCase):
    """A test with real programs: a scratch directory, and everything that was started is gone at
    its end."""

    def setUp(self):
        self.scratch = processes.scratch_dir(type(self).__name__)
        self.addCleanup(processes.remove_scratch, self.scratch)
        seed = int(os.environ.get("METERBILL_SEED") or time.time_ns() % 10**9)
        print(f"{self.id()}: METERBILL_SEED={seed}", flush=True)
        self.random = random.Random(seed)

    def keep(self, service):
        """Starts a service and sees to its end."""
        self.addCleanup(lambda: service.running() and service.kill())
        return service.start()

    def assert_bills_equal(self, worker, records, prices_text=None, timeout_s=30):
        """Every machine's bill and usage, worker's against recount's, to the last digit; nothing
        more, nothing less."""
        clock_ns = worker.clock.time_ns() if worker.clock else time.time_ns()
        counted = recount.recount(records, prices_text, clock_ns // 1000)
        self.assertTrue(counted.machines, "nothing was captured")
        usage, costs, expected = bill_differences(worker, counted, timeout_s)
        self.assertEqual(usage, [])
        self.assertEqual(costs, expected)
        return counted


def bill_differences(worker, counted, timeout_s):
    """The first rows of usage that one side has and the other has not; the costs of all machines,
    the worker's and the recount's. Waits for the worker to come to the end, then looks once more: a
    bill that runs past the right one is wrong."""
    period, _, _ = counted.book.period(recount.slot_of(counted.now_us))
    expected = {name: counted.bill(name, period)["total_cost"] for name in counted.machines}
    usage = {name: rows for name in expected if (rows := counted.usage(name))}

    def costs():
        return {name: str(worker.cost(name)) for name in expected}

    with contextlib.suppress(processes.Timeout):
        wait_until(
            lambda: costs() == expected and worker.usage() == usage,
            timeout_s,
            "equal bills",
            poll_s=0.3,
        )
    return differences(worker.usage(), usage), costs(), expected


def differences(ours, theirs):
    """The first rows of usage that one side has and the other has not."""

    def rows(machines):
        return {(machine, *row) for machine, usage in machines.items() for row in usage}

    one, other = rows(ours), rows(theirs)
    return sorted(
        [("worker", *row) for row in one - other] + [("recount", *row) for row in other - one]
    )[:20]
