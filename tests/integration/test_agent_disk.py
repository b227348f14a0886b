"""The agent's own disk full, read-only, damaged or lost: it meters on, says so, and what was used
meanwhile is billed once."""

import base64
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from harness import Agent, ProgramTest, Worker, wait_until
from counter_truth import CounterTruth
from http_capture import HttpCapture
from small_disk import SmallDisk, own_mounts
from test_outage import covers

IS_ROOT = os.geteuid() == 0
ROUNDS, TICKS = 3, 4
DISK_BYTES = 8 * 2**20
BUILD = pathlib.Path(__file__).resolve().parents[2] / "build"


def chattr(flag, *paths):
    subprocess.run(["chattr", flag, *paths], check=True, timeout=10)


def stops_open_files(folder):
    """Whether `chattr +i` there stops writes to a file that is open: a tmpfs lets them through."""
    with tempfile.NamedTemporaryFile(dir=folder, buffering=0) as file:
        chattr("+i", file.name)
        try:
            file.write(b"x")
        except PermissionError:
            return True
        finally:
            chattr("-i", file.name)
    return False


class AgentDiskTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.worker = self.keep(Worker(self.scratch)).wait_ready()
        self.proxy = HttpCapture(self.worker.port)
        self.addCleanup(self.proxy.close)

    def new_agent(self, name="agent"):
        return Agent(self.scratch, self.proxy.url, name, f"{name}-1")

    def start(self, agent):
        """The agent at work, and what it must have metered in the end."""
        truth = CounterTruth(agent)
        self.keep(agent).wait_ready()
        self.wait_sent(agent)
        truth.started()
        return truth

    def posts(self, agent):
        return [
            post
            for post in self.proxy.posts()
            if post["status"] == 204
            and f'"{agent.machine}"'.encode() in base64.b64decode(post["body"])
        ]

    def wait_sent(self, *agents):
        before = {agent: len(self.posts(agent)) for agent in agents}
        wait_until(
            lambda: all(len(self.posts(agent)) >= before[agent] + 2 for agent in agents),
            20,
            "messages of " + ", ".join(agent.name for agent in agents),
            0.1,
        )

    def check_metering_in_memory(self, agent):
        """Not ready and says why; every tick is taken nevertheless."""

        def told():
            readiness = agent.get("/readyz")
            reason = readiness.json()["reason"]
            return readiness.status == 503 and "metering goes on in memory" in reason and reason

        reason = wait_until(told, 20, "not ready, and why")
        self.assertIn("agent.state_dir", reason)
        ticks = set()

        def ticked():
            status = agent.status()
            self.assertEqual(status["metering"]["state"], "metered")
            self.assertNotEqual(status["spool"]["save_error"], "")
            ticks.add(status["metering"]["last_tick"])
            return len(ticks) > TICKS

        wait_until(ticked, 20, "ticks go on", 0.1)
        return reason

    def finish(self, agent, truth):
        self.assertEqual(truth.stop_agent(), 0)
        counted = self.assert_bills_equal(self.worker, self.proxy.posts())
        self.assertEqual(counted.counts["quarantined"], 0)
        truth.check(self, self.worker.usage()[agent.machine])

    def test_a_full_disk_is_metered_through_and_billed_once(self):
        disk = SmallDisk(self.scratch / "agent-state", DISK_BYTES)
        self.addCleanup(disk.close)
        agent = self.new_agent()
        truth = self.start(agent)

        def full():
            disk.fill()  # The write-ahead log may have had room of its own.
            return not agent.ready()

        for number in range(ROUNDS):
            self.wait_sent(agent)
            wait_until(full, 20, "the agent notices its full disk", 0.1)
            self.assertIn("free space", self.check_metering_in_memory(agent))
            if number == ROUNDS - 1:
                self.assertEqual(covers(self.posts(agent))[1], 0, "nothing had to be estimated")
                # What is in memory dies with it; the counters of the kernel do not.
                agent.kill()
                agent.start().wait_answers()
                self.check_metering_in_memory(agent)
            disk.free()
            wait_until(agent.ready, 15, "the agent saves again")
        self.wait_sent(agent)
        self.assertGreater(covers(self.posts(agent))[1], 0, "the time before the kill is estimated")
        for text in ("totals cannot be saved", "totals are saved again"):
            self.assertIn(text, agent.log())
        self.finish(agent, truth)

    @unittest.skipUnless(IS_ROOT, "only root can make files immutable")
    def test_a_state_directory_that_cannot_be_written_is_metered_through(self):
        if not stops_open_files(self.scratch):
            self.assertTrue(stops_open_files(BUILD), f"no disk under {self.scratch}, {BUILD}")
            elsewhere = tempfile.mkdtemp(prefix="agent-state-", dir=BUILD)
            self.addCleanup(shutil.rmtree, elsewhere)
            (self.scratch / "agent-state").symlink_to(elsewhere)
        agent = self.new_agent()
        truth = self.start(agent)
        self.set_writable(agent, False)
        self.addCleanup(self.set_writable, agent, True)
        wait_until(lambda: not agent.ready(), 20, "the agent notices")
        self.check_metering_in_memory(agent)
        self.set_writable(agent, True)
        wait_until(agent.ready, 15, "the agent saves again")
        self.wait_sent(agent)
        self.assertEqual(covers(self.posts(agent))[1], 0, "nothing had to be estimated")
        # To start, it must be able to write: it says so, and bills the time afterwards.
        self.assertEqual(agent.stop(), 0)
        self.set_writable(agent, False)
        agent.start()
        self.assertNotEqual(agent.wait_exit(10), 0)
        last = agent.log().splitlines()[-1]
        self.assertIn(str(agent.state_dir / "spool.db"), last)
        self.assertIn("agent.state_dir", last)
        self.set_writable(agent, True)
        agent.start().wait_ready()
        self.wait_sent(agent)
        self.finish(agent, truth)

    @staticmethod
    def set_writable(agent, writable):
        folder = agent.state_dir.resolve()
        chattr("-i" if writable else "+i", folder, *folder.glob("spool.db*"))

    def test_a_damaged_spool_is_kept_aside_and_a_new_one_begun(self):
        noise = self.random.randbytes
        damages = {
            "header": lambda data, size: noise(size) + data[size:],
            "page": lambda data, size: data[: 2 * size] + noise(size) + data[3 * size :],
            "all": lambda data, size: noise(len(data)),
            "zeros": lambda data, size: bytes(len(data)),
            "truncated": lambda data, size: data[: len(data) // size // 2 * size],
        }
        agents = {name: self.keep(self.new_agent(name)) for name in damages}
        self.wait_sent(*agents.values())
        damaged = {}
        for name, agent in agents.items():
            self.assertEqual(agent.stop(), 0)
            damaged[name] = self.damage(agent.state_dir / "spool.db", damages[name])
            agent.start().wait_ready()
        self.wait_sent(*agents.values())
        for name, agent in agents.items():
            status = agent.status()
            kept = status["spool"]["damaged_file"]
            self.assertIn("spool.db.damaged-", kept, name)
            with open(kept, "rb") as file:
                self.assertEqual(file.read(), damaged[name], name)
            self.assertIn("spool damaged", agent.log(), name)
            self.assertIn(kept, agent.log(), name)
            self.assertEqual(agent.stop(), 0)
        self.assert_bills_equal(self.worker, self.proxy.posts())

    def damage(self, path, change):
        """Returns the bytes of the damaged file."""
        data = path.read_bytes()
        self.assertFalse(path.with_name("spool.db-wal").exists(), "stopped in good order")
        data = change(data, int.from_bytes(data[16:18], "big"))
        path.write_bytes(data)
        return data

    def test_a_log_that_is_none_is_kept_aside_with_its_file(self):
        agent = self.keep(self.new_agent()).wait_ready()
        self.wait_sent(agent)
        agent.kill()
        log = agent.state_dir / "spool.db-wal"
        noise = self.random.randbytes(log.stat().st_size)
        self.assertGreater(len(noise), 0)
        log.write_bytes(noise)
        agent.start().wait_ready()
        self.wait_sent(agent)
        kept = agent.status()["spool"]["damaged_file"]
        self.assertEqual(pathlib.Path(kept + "-wal").read_bytes(), noise)
        self.assertIn("spool damaged", agent.log())
        self.assertEqual(agent.stop(), 0)
        self.assert_bills_equal(self.worker, self.proxy.posts())

    def test_a_spool_damaged_under_a_running_agent_is_metered_through_and_kept_aside(self):
        agent = self.keep(self.new_agent()).wait_ready()
        self.wait_sent(agent)
        for file in agent.state_dir.glob("spool.db*"):
            with open(file, "r+b") as out:
                out.write(self.random.randbytes(file.stat().st_size))
        ticks = set()

        def ticked():
            status = agent.status()
            self.assertEqual(status["metering"]["state"], "metered")
            ticks.add(status["metering"]["last_tick"])
            return len(ticks) > TICKS

        wait_until(ticked, 20, "ticks go on", 0.1)
        self.wait_sent(agent)
        self.assertEqual(covers(self.posts(agent))[1], 0, "nothing had to be estimated")
        self.assertEqual(agent.stop(), 0)
        counted = self.assert_bills_equal(self.worker, self.proxy.posts())
        self.assertEqual(counted.counts["quarantined"], 0)
        # What it had in memory was right; what lies on the disk is not.
        if not self.damaged_files(agent):
            agent.start().wait_ready()
            self.assertEqual(agent.status()["spool"]["damaged_file"], self.damaged_files(agent)[0])
            self.assertEqual(agent.stop(), 0)
        self.assertIn("spool damaged", agent.log())

    @staticmethod
    def damaged_files(agent):
        return sorted(
            str(path)
            for path in agent.state_dir.glob("spool.db.damaged-*")
            if not path.name.endswith(("-wal", "-shm"))
        )

    def test_a_spool_that_is_lost_is_begun_anew_and_what_is_in_memory_saved(self):
        agent = self.keep(self.new_agent()).wait_ready()
        self.wait_sent(agent)
        for file in agent.state_dir.glob("spool.db*"):
            file.unlink()
        wait_until(lambda: agent.status()["spool"]["damaged_file"], 10, "the agent notices")
        self.assertIn("spool damaged", agent.log())
        self.assertTrue((agent.state_dir / "spool.db").exists())
        self.wait_sent(agent)
        self.assertEqual(covers(self.posts(agent))[1], 0, "nothing had to be estimated")
        self.assertEqual(agent.stop(), 0)
        counted = self.assert_bills_equal(self.worker, self.proxy.posts())
        self.assertEqual(counted.counts["quarantined"], 0)

        # Lost while stopped: nothing is known of before, and nothing is invented.
        for file in agent.state_dir.glob("spool.db*"):
            file.unlink()
        agent.start().wait_ready()
        self.wait_sent(agent)
        self.assertEqual(covers(self.posts(agent))[1], 0)
        self.assertIn("nothing is known of before", agent.log())
        self.assertEqual(agent.stop(), 0)
        self.assert_bills_equal(self.worker, self.proxy.posts())


if __name__ == "__main__":
    own_mounts()
    unittest.main()
