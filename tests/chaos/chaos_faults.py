"""How each kind of fault is made and ended, and what proves that it hit."""

import contextlib
import http.client
import time

# A fault that has not hit yet is tried for so long.
PATIENCE_S = 20


class Fault:
    """`look` is called again and again from `begin` to `end` and sets `hit_at` when the fault has
    shown itself."""

    def __init__(self, bed, planned):
        self.bed, self.kind, self.choice = bed, planned.kind, planned.choice
        self._hold_s = planned.hold_s
        self.began_at = self.hit_at = None

    def start(self):
        self.began_at = time.monotonic()
        self.begin()
        self.look()

    def hit(self):
        self.hit_at = self.hit_at or time.monotonic()

    def is_over(self):
        if self.hit_at is None:
            return time.monotonic() > self.began_at + PATIENCE_S
        return time.monotonic() > self.hit_at + self._hold_s

    def begin(self):
        pass

    def look(self):
        pass


class ProgramFault(Fault):
    def __init__(self, bed, planned):
        super().__init__(bed, planned)
        name = self.kind.split()[1]
        self.program = bed.programs.get(name)
        if self.program is None:
            agents = [a for a in bed.agents if a.name.startswith(f"by-{name.split('-')[0]}")]
            self.program = agents[int(self.choice * len(agents))]


class Kill(ProgramFault):
    def begin(self):
        code = self.program.kill()
        assert code == -9, f"{self.kind}: it had ended by itself with {code}"
        self.hit()

    def end(self):
        if self.program is self.bed.broker:
            self.program.launch()
        else:
            self.program.start()


class Freeze(ProgramFault):
    def begin(self):
        self.program.freeze()
        if self.program.is_frozen():
            self.hit()

    def end(self):
        self.program.thaw()


class LinkFault(Fault):
    def __init__(self, bed, planned):
        super().__init__(bed, planned)
        self.link = bed.links[self.kind.split()[1]]

    def end(self):
        self.link.heal()


class Cut(LinkFault):
    def look(self):
        if self.hit_at is None and self.link.link_count():
            self.link.cut()
            self.hit()


class HalfOpen(LinkFault):
    def begin(self):
        self.link.hole()

    def look(self):
        if self.link.link_count():
            self.hit()


class Slow(LinkFault):
    """Delayed or throttled: it hits when bytes pass."""

    def begin(self):
        self._before = dict(self.link.bytes)
        if self.kind.startswith("delay"):
            self.link.delay_s = 0.02 + 0.8 * self.choice
        else:
            self.link.bytes_per_s = 2000 + int(30_000 * self.choice)

    def look(self):
        if all(self.link.bytes[way] > self._before[way] for way in self._before):
            self.hit()


class FullDisk(Fault):
    """It hits when the program says so. Sometimes the program is killed and started again before
    there is space."""

    def __init__(self, bed, planned):
        super().__init__(bed, planned)
        if self.kind.endswith("worker-disk"):
            self.program, self.disk, self._sign = bed.worker, bed.worker_disk, "disk full since"
        else:
            self.program, self.disk, self._sign = bed.agents[0], bed.agent_disk, "free space"

    def begin(self):
        # A log that is long already has room for all that an agent writes: it begins a new one.
        if self.program is not self.bed.worker:
            assert self.program.stop(60) == 0, "the agent did not stop in good order"
            self.disk.fill()
            self.program.start().wait_answers(PATIENCE_S)

    def look(self):
        # Again: the write-ahead log may have had room of its own.
        self.disk.fill()
        if self.hit_at is not None:
            return
        with contextlib.suppress(OSError, http.client.HTTPException):
            answer = self.program.get("/readyz", 2)
            if answer.status == 503 and self._sign in answer.json()["reason"]:
                self.hit()

    def end(self):
        if self.choice < (0.5 if self.program is self.bed.worker else 0.25):
            self.program.kill()
            self.program.start().wait_answers(PATIENCE_S)
        self.disk.free()


_CLASSES = {
    "kill": Kill,
    "freeze": Freeze,
    "cut": Cut,
    "half-open": HalfOpen,
    "delay": Slow,
    "throttle": Slow,
    "full": FullDisk,
}


def fault_of(bed, planned):
    return _CLASSES[planned.kind.split()[0]](bed, planned)
