"""What every benchmark has in common: runs of ours and of a peer in turn, and their report.

A report is a list of {"case", "unit", "ours": [runs], "peer", "theirs": [runs], "ratio": median}
in build/bench/NAME.json, each row with the machine and with what the peer is: its version and
settings. The ratio is that of each pair of neighbouring runs, so that what slows the machine for a
while slows both; its median is reported.
"""

import json
import os
import pathlib
import platform
import statistics
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[1]


class Report:
    def __init__(self, name):
        self.name, self.rows, self.machine = name, [], machine()
        self._about = {}
        print(f"{name}: {self.machine}", flush=True)

    def about(self, peer, text):
        """The version and the settings of a peer, before its first row."""
        self._about[peer] = text
        lines = textwrap.wrap(
            f"{peer}: {text}",
            80,
            initial_indent="  ",
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        print("\n".join(lines), flush=True)

    def add(self, case, unit, ours, peer, theirs):
        ratios = [one / other for one, other in zip(ours, theirs)]
        row = {
            "case": case,
            "unit": unit,
            "ours": [round(run, 3) for run in ours],
            "peer": peer,
            "theirs": [round(run, 3) for run in theirs],
            "ratio": round(statistics.median(ratios), 3),
            "machine": self.machine,
            "about": self._about.get(peer, ""),
        }
        self.rows.append(row)
        print(
            f"  {case}: {statistics.median(ours):,.3f} {unit}; {peer} "
            f"{statistics.median(theirs):,.3f}; {row['ratio']:.2f} x",
            flush=True,
        )
        self.write()

    def figure(self, case, unit, ours, goal=None):
        """Runs without a peer; a goal stands in its place."""
        median = statistics.median(ours)
        row = {
            "case": case,
            "unit": unit,
            "ours": [round(run, 3) for run in ours],
            "peer": "" if goal is None else "goal",
            "theirs": [] if goal is None else [goal],
            "ratio": None if goal is None else round(median / goal, 3),
            "machine": self.machine,
            "about": "",
        }
        self.rows.append(row)
        said = "" if goal is None else f"; goal {goal:,}"
        print(f"  {case}: {median:,.3f} {unit}{said}", flush=True)
        self.write()

    def write(self):
        """After each row: what was measured stays when a later case fails or is interrupted."""
        folder = os.environ.get("METERBILL_BENCH_DIR") or ROOT / "build" / "bench"
        path = pathlib.Path(folder) / f"{self.name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.rows, indent=1) + "\n", encoding="utf-8")


def machine():
    """The processor and kernel: figures of two machines are not to be compared."""
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    cores = pathlib.Path("/sys/devices/system/cpu/online").read_text(encoding="ascii").strip()
    return f"{model}, processors {cores}, Linux {platform.release()}"
