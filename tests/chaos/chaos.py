#!/usr/bin/python3
"""Real agents, a real worker and a real Kafka broker under faults: programs killed and frozen,
links cut, delayed, half open and throttled, the topic made anew, retention passing the worker,
disks full.

At the end all faults stop, everything is delivered, and an independent recount of what the topic
and the requests held must come to the same bills, to the last digit. The same seed makes the same
faults in the same order. Exit 1, with the logs kept, when anything is wrong.
"""

import argparse
import collections
import datetime
import pathlib
import shutil
import signal
import sys
import threading
import time
import traceback

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / folder) for folder in ("chaos", "support", "integration")]

import capture  # noqa: E402
import chaos_plan  # noqa: E402
import chaos_round  # noqa: E402
import chaos_topic  # noqa: E402
import harness  # noqa: E402
import processes  # noqa: E402
import small_disk  # noqa: E402
from chaos_bed import Bed  # noqa: E402
from chaos_verdict import Verdict  # noqa: E402

EXIT_USAGE, EXIT_UNAVAILABLE, EXIT_INTERRUPTED = 64, 69, 130
PROGRESS_S = 5
# A kind that has not hit after so many tries is a failure.
TRIES = 3


class Chaos:
    def __init__(self, seconds, seed):
        self._seconds, self._seed = seconds, seed
        self.scratch = processes.scratch_dir("chaos")
        self.made, self.hits = collections.Counter(), collections.Counter()
        self._bed = self._evidence = None
        self._over = threading.Event()
        self._start = time.monotonic()

    def run(self):
        """What is wrong, one text each; nothing when all is well."""
        with Bed(self.scratch, self._seed) as self._bed:
            self._start = time.monotonic()
            threading.Thread(target=self._tell, daemon=True).start()
            try:
                failures = self._play_and_judge()
            except Exception:  # Whatever it is: the logs tell more.
                failures = [traceback.format_exc()]
            finally:
                self._over.set()
            if failures:
                self._keep_evidence()
            code = self._bed.worker.stop()
            if code:
                failures.append(f"the worker ended with {code}")
        left = processes.running_in(self.scratch)
        if left:
            failures.append(f"left over: {left}")
        return failures

    def _play_and_judge(self):
        bed = self._bed
        evidence = self._evidence = chaos_topic.TopicEvidence(bed)
        for planned in chaos_plan.rounds(self._seed):
            late = time.monotonic() > self._start + self._seconds
            if late and (self._all(self.hits, 1) or self._all(self.made, TRIES)):
                break
            self.made.update(fault.kind for fault in planned)
            self._note(f"begins {planned}")
            hits = self._play(evidence, planned)
            self._note(f"hit {hits}")
            self.hits.update(hits)
        bed.heal()
        bed.recover()
        bed.drain()
        verdict = Verdict(bed, evidence).reach()
        self._summary(verdict)
        missing = sorted(set(chaos_plan.KINDS) - set(self.hits))
        if missing:
            verdict.failures.append(f"never hit: {', '.join(missing)}")
        return verdict.failures

    @staticmethod
    def _all(counts, least):
        return all(counts[kind] >= least for kind in chaos_plan.KINDS)

    def _play(self, evidence, planned):
        alone = {
            "topic-recreated": chaos_topic.make_topic_anew,
            "retention": chaos_topic.let_retention_pass,
        }
        if planned[0].kind not in alone:
            return chaos_round.play(self._bed, planned)
        self._bed.recover()
        alone[planned[0].kind](self._bed, evidence, planned[0].choice)
        return [planned[0].kind]

    def _note(self, text):
        """For whoever reads the programs' logs after a failure."""
        now = datetime.datetime.now(datetime.timezone.utc)
        with open(self.scratch / "faults.log", "a", encoding="utf-8") as log:
            log.write(f"{now:%Y-%m-%dT%H:%M:%S.%fZ} {text}\n")

    def _tell(self):
        while not self._over.wait(PROGRESS_S):
            groups = collections.Counter()
            for kind, hits in self.hits.copy().items():
                groups[kind.split()[0]] += hits
            faults = ", ".join(f"{name} {hits}" for name, hits in sorted(groups.items()))
            print(
                f"{self._elapsed()} of {self._seconds} s  {self._bed.messages()} messages  "
                f"{sum(groups.values())} faults: {faults or 'none yet'}",
                flush=True,
            )

    def _elapsed(self):
        return int(time.monotonic() - self._start)

    def _summary(self, verdict):
        print(f"\n{'fault':<24} {'made':>5} {'hit':>5}")
        for kind in chaos_plan.KINDS:
            print(f"{kind:<24} {self.made[kind]:>5} {self.hits[kind]:>5}")
        print(f"{'all':<24} {sum(self.made.values()):>5} {sum(self.hits.values()):>5}\n")
        figures = ", ".join(f"{name} {count}" for name, count in verdict.figures.items())
        print(f"{figures}; {self._elapsed()} s", flush=True)

    def _keep_evidence(self):
        """What is on disks that go with us, and in our memory."""
        self._bed.heal()
        for service in (self._bed.worker, self._bed.agents[0]):
            shutil.copytree(service.state_dir, self.scratch / f"{service.name}-kept")
        capture.write_records(self.scratch / "topic.jsonl", self._evidence.records.values())


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def parse_arguments():
    def minutes(text):
        value = float(text)
        if not 0 < value <= 24 * 60:
            raise argparse.ArgumentTypeError("more than 0 and at most 1440")
        return value

    parser = Parser(
        prog="./dev chaos",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--minutes",
        type=minutes,
        required=True,
        help="make faults for so long, and until each kind has hit",
    )
    parser.add_argument("--seed", type=int, help="default: a fresh one, which is printed")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if arguments.check:
        return 0
    if not harness.have_programs():
        print(f"no programs in {harness.bin_dir()}: build them first", file=sys.stderr)
        return EXIT_UNAVAILABLE
    seed = time.time_ns() % 10**9 if arguments.seed is None else arguments.seed
    replay = f"./dev chaos --minutes {arguments.minutes:g} --seed {seed}"
    print(replay, flush=True)
    try:
        small_disk.own_mounts()
    except OSError as error:
        print(f"disks that run full need it: {error}", file=sys.stderr)
        return EXIT_UNAVAILABLE
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    chaos = Chaos(int(arguments.minutes * 60), seed)
    try:
        failures = chaos.run()
    except KeyboardInterrupt:
        processes.remove_scratch(chaos.scratch)
        return EXIT_INTERRUPTED
    except Exception:
        failures = [traceback.format_exc()]
    if not failures:
        processes.remove_scratch(chaos.scratch)
        print("every bill equals the recount, to the last digit")
        return 0
    for failure in failures:
        print(f"FAILED: {failure}", flush=True)
    print(f"logs and records are kept in {chaos.scratch}; again: {replay}", flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
