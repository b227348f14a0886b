"""Two machines with one name: seen, held, and settled by what the operator decides, to the last
digit. The recount of what one of them sent, or both, says what the bill must be."""

import base64
import hashlib
import json
import pathlib
import time
import unittest

from harness import Agent, ProgramTest, Worker, recount, wait_until
from http_capture import HttpCapture
from load import slot_text, structured
from stepped_clock import SLOT_S, SteppedClock, offset_into_slot

NAME, NEW_NAME = "localhost", "renamed-1"
BOTH_MAX_US = SLOT_S * 10**6 * 105 // 100
BOOTS = ("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222")
FORMER_BOOT = "00000000-0000-4000-8000-000000000000"
DECISIONS = ("keep", "discard", "rename", "sum")


def boot_in(post):
    """An agent that waits for each answer sends one boot at a time."""
    events = json.loads(base64.b64decode(post["body"]))
    (boot,) = {event["data"]["boot_id"] for event in events}
    return boot


def host_root(folder, boot):
    """A folder to read proc/ from: this host's counters, with a boot id of its own."""
    boot_file = pathlib.Path(folder) / "proc/sys/kernel/random/boot_id"
    if not boot_file.exists():
        boot_file.parent.mkdir(parents=True)
        for name in ("stat", "meminfo"):
            (pathlib.Path(folder) / "proc" / name).symlink_to(f"/proc/{name}")
    boot_file.write_text(f"{boot}\n", encoding="ascii")
    return folder


class OneNameTest(ProgramTest):
    def start_worker(self, clock=None):
        worker = self.keep(Worker(self.scratch, clock=clock)).wait_ready()
        proxy = HttpCapture(worker.port, time_ns=clock.time_ns if clock else time.time_ns)
        self.addCleanup(proxy.close)
        return worker, proxy

    def assert_held(self, worker):
        """Nothing of it is billed, and everybody is told."""
        self.assertEqual(worker.status()["conflict"], [NAME])
        self.assertIn(f"1 held ({NAME}) → meterbill machine list", worker.cli("status"))
        self.assertIn("conflict", worker.cli("machine", "list"))
        (bill,) = json.loads(worker.cli("bill", "show", "--json"))["machines"]
        self.assertIn("cpu", [held["meter"] for held in bill["held"]])

    def assert_settled(self, posts, boot, expected, clock=None):
        """Each decision about `boot`, each on a worker that was sent the same. `expected`: decision
        → (name, posts whose sum it must bill)."""
        for decision in DECISIONS:
            with self.subTest(decision=decision):
                worker = self.keep(Worker(self.scratch, decision, clock=clock)).wait_ready()
                for post in posts:
                    self.assertEqual(worker.post(base64.b64decode(post["body"])).status, 204)
                self.assert_held(worker)
                options = {"rename": ["--rename", NEW_NAME]}.get(decision, [f"--{decision}"])
                which = [] if decision == "sum" else ["--boot", boot]
                worker.change("machine", "resolve", NAME, *options, *which)
                self.assertEqual(worker.status()["conflict"], [])
                listed = worker.cli("machine", "list")
                self.assertNotIn("conflict", listed)
                loses = sum(map(len, expected[decision].values())) < len(posts)
                self.assertEqual(f"Discarded  {NAME}: cpu" in listed, loses, listed)
                usage = {name: rows for name, rows in worker.usage().items() if rows}
                self.assertEqual(usage, billed_without_conflicts(expected[decision]))
                bills = json.loads(worker.cli("bill", "show", "--json"))["machines"]
                self.assertEqual([bill["held"] for bill in bills], [[]] * len(bills))
                worker.stop()

    def test_the_same_boot_twice_is_a_conflict_at_its_second_message(self):
        worker, proxy = self.start_worker()
        other_proxy = HttpCapture(worker.port)
        self.addCleanup(other_proxy.close)
        one = self.keep(Agent(self.scratch, proxy.url, "one", NAME))
        wait_until(lambda: len(proxy.posts()) >= 2, 20, "messages of the first")
        self.assertEqual(worker.status()["conflict"], [])
        other = self.keep(Agent(self.scratch, other_proxy.url, "other", NAME))
        seen = len(proxy.posts())
        wait_until(
            lambda: len(other_proxy.posts()) >= 2 and len(proxy.posts()) > seen + 1,
            20,
            "two messages of both",
        )
        self.assert_held(worker)
        self.assertEqual((one.stop(), other.stop()), (0, 0))
        posts = proxy.posts() + other_proxy.posts()
        self.assert_bills_equal(worker, posts)
        # A decision is about a boot, and here both are of the one boot.
        self.assert_settled(
            posts,
            boot_in(posts[0]),
            {
                "keep": {NAME: posts},
                "discard": {},
                "rename": {NEW_NAME: posts},
                "sum": {NAME: posts},
            },
        )

    def test_two_boots_are_a_conflict_before_the_slot_that_both_cover_ends(self):
        """Both machines were restarted while their agent was down, so that each covers the slot
        from its boot on, as estimated."""
        half_s = BOTH_MAX_US // 10**6 // 2 + 2
        wait_until(
            lambda: time.clock_gettime(time.CLOCK_BOOTTIME) > half_s,
            half_s,
            "a host that is up for half a slot",
            1,
        )
        clock = SteppedClock(self.scratch / "clock", offset_into_slot(SLOT_S - 90))
        worker, proxy = self.start_worker(clock=clock)
        agents = []
        for number, boot in enumerate(BOOTS):
            root = self.scratch / f"root-{number}"
            agent = Agent(
                self.scratch,
                proxy.url,
                f"agent-{number}",
                NAME,
                clock=clock,
                agent__source_root=host_root(root, FORMER_BOOT),
            )
            # One tick and no second: nothing of the former boot waits to be sent.
            interval = agent.options["agent.interval"]
            agent.options["agent.interval"] = "5min"
            self.keep(agent).wait_ready()
            agent.kill()
            agent.options["agent.interval"] = interval
            host_root(root, boot)
            self.assertEqual(worker.status()["conflict"], [], f"before boot {number}")
            self.keep(agent).wait_ready()
            agents.append(agent)
            wait_until(lambda: boot in map(boot_in, proxy.posts()), 20, f"boot {number}")
        wait_until(lambda: worker.status()["conflict"] == [NAME], 5, "the conflict")
        self.assertGreater(clock.time_ns() // 10**9 % SLOT_S, SLOT_S // 2, "the slot has ended")
        self.assert_held(worker)
        self.assertEqual([agent.stop() for agent in agents], [0, 0])
        posts = proxy.posts()
        self.assert_bills_equal(worker, posts)
        self.assert_settled(posts, BOOTS[0], self.of_two_boots(posts, BOOTS[0]), clock)

    @staticmethod
    def of_two_boots(posts, boot):
        mine = [post for post in posts if boot_in(post) == boot]
        others = [post for post in posts if boot_in(post) != boot]
        return {
            "keep": {NAME: mine},
            "discard": {NAME: others},
            "rename": {NAME: others, NEW_NAME: mine},
            "sum": {NAME: posts},
        }

    def test_two_fresh_machines_are_a_conflict_when_they_cover_more_than_a_slot_and_5_percent(self):
        """Minute by minute through a slot, as two agents that were just installed would send
        it."""
        worker = self.keep(Worker(self.scratch)).wait_ready()
        slot = int(time.time()) // SLOT_S * SLOT_S - SLOT_S
        machines = [FreshMachine(boot, slot) for boot in BOOTS]

        def conflict_after(*covered_us):
            for machine, us in zip(machines, covered_us):
                self.assertEqual(worker.post([machine.event(us)]).status, 204)
            return worker.status()["conflict"]

        for minute in range(1, 8):
            us = minute * 60 * 10**6
            self.assertEqual(conflict_after(us, us), [], f"minute {minute}")
        half_us = BOTH_MAX_US // 2  # long before the slot ends
        self.assertEqual(conflict_after(half_us, half_us), [], "exactly a slot and 5 %")
        self.assertEqual(conflict_after(half_us + 1), [NAME])
        self.assert_held(worker)


    def test_what_is_shown_of_a_renamed_boot_does_not_depend_on_when_it_was_renamed(self):
        """Of yesterday, a slot each: boot 0 at 0:00, 2:00 and 3:00, boot 1 of the same name at
        1:00; and, when the decision allows, boot 0 under its new name at 3:00, too."""
        day = int(time.time()) // 86_400 * 86_400 - 86_400
        hour = lambda number: day + number * 3_600
        boot, other = BOOTS
        earlier = [(NAME, boot, hour(0)), (NAME, other, hour(1))]
        later = [(NAME, boot, hour(2)), (NAME, boot, hour(3))]
        for number, renamed_after in enumerate((1, 2, 3, 4)):
            with self.subTest(renamed_after=renamed_after):
                name = f"worker-{number}"
                worker = self.keep(Worker(self.scratch, name)).wait_ready()
                for count, (machine, of_boot, slot) in enumerate(earlier + later, 1):
                    event = whole_slot(machine, of_boot, slot)
                    self.assertEqual(worker.post([event]).status, 204)
                    if count == renamed_after:
                        worker.change(
                            "machine", "resolve", NAME, "--rename", NEW_NAME, "--boot", boot
                        )
                event = whole_slot(NEW_NAME, boot, hour(3))
                self.assertEqual(worker.post([event]).status, 204)
                self.assert_shown_after_renaming(worker, day)
                worker.stop()
                worker = self.keep(Worker(self.scratch, name)).wait_ready()
                self.assert_shown_after_renaming(worker, day)
                worker.stop()

    def test_the_boots_of_one_machine_go_to_one_name_and_leave_nothing_when_taken_back(self):
        """Two boots that do not conflict, of yesterday, an hour apart; and another machine."""
        day = int(time.time()) // 86_400 * 86_400 - 86_400
        other, later = "lab-1", "lab-2"
        worker = self.keep(Worker(self.scratch)).wait_ready()
        events = [whole_slot(NAME, boot, day + hour * 3_600) for hour, boot in enumerate(BOOTS)]
        events += [whole_slot(other, FORMER_BOOT, day)]
        self.assertEqual(worker.post(events).status, 204)

        def resolve(*options, boot, name=NAME):
            worker.change("machine", "resolve", name, *options, "--boot", boot)

        def billed():
            """name → slots of a busy core, of all that is listed"""
            machines = json.loads(worker.cli("machine", "list", "--json"))["machines"]
            bill = worker.cli("bill", "show", "--period", slot_text(day)[:10], "--json")
            bill = {m["machine"]: m["lines"] for m in json.loads(bill)["machines"]}
            self.assertEqual([machine["machine"] for machine in machines], sorted(bill))
            cpu = lambda lines: sum(int(l["base_quantity"]) for l in lines if l["meter"] == "cpu")
            return {name: cpu(lines) // (SLOT_S * 10**6) for name, lines in bill.items()}

        alone = {NAME: 2, other: 1}
        self.assertEqual(billed(), alone)
        for boot in BOOTS + BOOTS:  # a repeated decision changes nothing
            resolve("--rename", NEW_NAME, boot=boot)
        self.assertEqual(billed(), {NAME: 0, NEW_NAME: 2, other: 1})
        with self.assertRaisesRegex(AssertionError, f"'{NEW_NAME}' is another machine"):
            resolve("--rename", NEW_NAME, boot=FORMER_BOOT, name=other)
        for boot in BOOTS:
            resolve("--keep", boot=boot)
        for _ in range(2):
            self.assertEqual(billed(), alone)
            self.assertEqual(int(worker.status()["machines"]), 2)
            self.assertEqual(worker.stop(), 0)
            worker.start().wait_ready()
        resolve("--rename", NEW_NAME, boot=FORMER_BOOT, name=other)
        self.assertEqual(billed(), {NAME: 2, other: 0, NEW_NAME: 1})
        resolve("--rename", later, boot=FORMER_BOOT, name=other)
        event = whole_slot(NEW_NAME, BOOTS[0], day + 5 * 3_600)
        self.assertEqual(worker.post([event]).status, 204)
        self.assertEqual(billed(), {NAME: 2, other: 0, later: 1, NEW_NAME: 1})

    def assert_shown_after_renaming(self, worker, day):
        text = lambda hour: slot_text(day + hour * 3_600)
        machines = json.loads(worker.cli("machine", "list", "--json"))["machines"]
        times = {m["machine"]: (m["first_slot"], m["last_slot"]) for m in machines}
        self.assertEqual(times, {NAME: (text(1), text(1)), NEW_NAME: (text(0), text(3))})
        seen = {machine["machine"]: machine["last_seen"] for machine in machines}
        self.assertGreater(seen[NEW_NAME], seen[NAME], "its agent reported last")
        boots = {
            name: json.loads(worker.cli("machine", "list", "--machine", name, "--json"))["boots"]
            for name in (NAME, NEW_NAME)
        }
        decided = {"epochs": 1, "in_conflict": False, "decision": "rename"}
        moved = {"boot_id": BOOTS[0]} | decided
        there = {"boot_id": BOOTS[0], "epochs": 1, "in_conflict": False}
        stays = {"boot_id": BOOTS[1], "epochs": 1, "in_conflict": False}
        self.assertEqual(boots[NAME], [moved | {"renamed_to": NEW_NAME}, stays])
        self.assertEqual(boots[NEW_NAME], [there, moved | {"renamed_from": NAME}])
        period = slot_text(day)[:10]
        bill = json.loads(worker.cli("bill", "show", "--period", period, "--json"))["machines"]
        cover = {
            machine["machine"]: {
                part: int(machine["coverage"][f"{part}_us"]) // 10**6
                for part in ("metered", "estimated", "off", "missing")
            }
            for machine in bill
        }
        # What is due begins with the slot after the first and ends with the day.
        whole = {"estimated": 0, "off": 0}
        self.assertEqual(
            cover,
            {
                NAME: {"metered": SLOT_S, "missing": 23 * 3_600 - SLOT_S} | whole,
                NEW_NAME: {"metered": 3 * SLOT_S, "missing": 24 * 3_600 - 3 * SLOT_S} | whole,
            },
        )


def whole_slot(machine, boot, slot):
    """A core, busy for all of a slot; what an agent reports under another name is another epoch."""
    us = str(SLOT_S * 10**6)
    reading = {
        "slot": slot_text(slot),
        "scope": "machine",
        "from_us": str(slot % 86_400 * 10**6),
        "to_us": str((slot % 86_400 + SLOT_S) * 10**6),
        "metered_us": us,
        "estimated_us": "0",
        "off_us": "0",
        "used": {"cpu": us, "cpu_capacity": us, "uptime": us},
    }
    epoch = hashlib.sha256(f"{machine} {boot}".encode()).hexdigest()[:32]
    value = {"machine_id": machine, "epoch": epoch, "boot_id": boot, "readings": [reading]}
    return structured(f"{epoch}-{slot}", value)


class FreshMachine:
    """One core, half busy, from the start of a slot on."""

    def __init__(self, boot, slot):
        self._boot, self._slot, self._sent = boot, slot, 0

    def event(self, covered_us):
        self._sent += 1
        used = {
            "cpu": str(covered_us // 2),
            "cpu_capacity": str(covered_us),
            "uptime": str(covered_us),
        }
        reading = {
            "slot": slot_text(self._slot),
            "scope": "machine",
            "from_us": "0",
            "to_us": str(covered_us),
            "metered_us": str(covered_us),
            "estimated_us": "0",
            "off_us": "0",
            "final": False,
            "scopes": 0,
            "used": used,
        }
        epoch = self._boot.replace("-", "")
        value = {
            "machine_id": NAME,
            "epoch": epoch,
            "boot_id": self._boot,
            "labels": {},
            "seq": self._sent,
            "readings": [reading],
        }
        return structured(f"{epoch}-{self._sent}", value)


def billed_without_conflicts(posts_by_name):
    """name → usage rows, as if what each name was sent came from one machine. The posts were taken
    in their time; now is late enough for all of them."""
    usage = {}
    for name, posts in posts_by_name.items():
        counted = recount.recount(posts, now_us=max(p["received_ms"] for p in posts) * 1000)
        (machine,) = counted.machines.values()
        machine.conflicts = dict
        usage[name] = counted.usage(NAME)
    return usage


if __name__ == "__main__":
    unittest.main()
