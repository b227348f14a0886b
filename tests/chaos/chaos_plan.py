"""The schedule of faults: a function of its seed and of nothing else.

Faults come in rounds. Those of one round overlap in time and touch different things; the next round
begins when all of them are over, not when everything has recovered from them.
"""

import dataclasses
import random

LINKS = ("worker-broker", "agents-broker", "agents-worker")
PROGRAMS = ("http-agent", "kafka-agent", "worker", "broker")
EVERYTHING = frozenset((*PROGRAMS, *LINKS, "disk-agent"))


@dataclasses.dataclass(frozen=True)
class Kind:
    """`touches`: what no other fault of the same round may touch. `hold_s`: least and most."""

    touches: frozenset
    hold_s: tuple


def _kinds():
    kinds = {}
    for program in PROGRAMS:
        kinds[f"kill {program}"] = Kind(frozenset({program}), (0.1, 3.0))
        kinds[f"freeze {program}"] = Kind(frozenset({program}), (1.0, 6.0))
    for what in ("cut", "delay", "half-open", "throttle"):
        for link in LINKS:
            kinds[f"{what} {link}"] = Kind(frozenset({link}), (1.0, 6.0))
    # Without anything to write nobody notices a full disk.
    kinds["full worker-disk"] = Kind(frozenset({"worker", "agents-worker"}), (1.0, 3.0))
    # The agent is stopped for it: one that waits for an answer takes up to half a minute to end.
    waited_for = {"worker", "agents-worker"}
    kinds["full agent-disk"] = Kind(frozenset({"disk-agent", *waited_for}), (1.0, 3.0))
    kinds["topic-recreated"] = Kind(EVERYTHING, (0.0, 0.0))
    kinds["retention"] = Kind(EVERYTHING, (0.0, 0.0))
    return kinds


KINDS = _kinds()


@dataclasses.dataclass(frozen=True)
class Planned:
    """A fault that is made `start_s` after the beginning of its round and held for `hold_s` from
    the moment that it hit. `choice`, from 0 to 1, settles what is left open: which agent, how
    much."""

    kind: str
    start_s: float
    hold_s: float
    choice: float


def _start_s(kind, rng):
    # A connection to somebody who is dead already cannot be cut.
    return rng.uniform(0, 0.5) if kind.split()[-1] in LINKS else rng.uniform(0, 2)


def rounds(seed):
    """Rounds without end. Each kind comes once before any comes again: a shuffled deck, and then
    the next one."""
    rng = random.Random(seed)
    while True:
        deck = list(KINDS)
        rng.shuffle(deck)
        while deck:
            width, touched, chosen = rng.randint(1, 4), frozenset(), []
            for name in deck:
                if len(chosen) < width and not touched & KINDS[name].touches:
                    chosen.append(name)
                    touched |= KINDS[name].touches
            deck = [name for name in deck if name not in chosen]
            yield [
                Planned(
                    name, _start_s(name, rng), rng.uniform(*KINDS[name].hold_s), rng.random()
                )
                for name in chosen
            ]
