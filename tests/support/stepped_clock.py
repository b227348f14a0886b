"""A wall clock that a test sets while programs run under it; the machine's own clock is never
touched.

libfaketime is loaded into the programs that are started with `command()`. It reads the offset from
a file at each call, and only CLOCK_REALTIME moves: CLOCK_MONOTONIC and CLOCK_BOOTTIME stay true, as
when somebody sets the clock of a running host.
"""

import os
import pathlib
import time

SLOT_S = 900


def _library():
    found = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        raise AssertionError("libfaketime is missing: apt-get install faketime")
    return found[0]


class SteppedClock:
    """`offset_s`: how far ahead of the machine's clock it begins, in whole seconds. Several
    programs may run under one."""

    def __init__(self, path, offset_s=0):
        self._path, self.offset_s = pathlib.Path(path), 0
        self.step(offset_s)

    def step(self, seconds):
        self.offset_s += seconds
        new = self._path.with_suffix(".new")
        new.write_text(f"{self.offset_s:+d}\n", encoding="ascii")
        os.replace(new, self._path)  # Read at any moment: never half written.

    def time_ns(self):
        return time.time_ns() + self.offset_s * 10**9

    def command(self, argv):
        """`argv`, to be run under this clock; the process keeps its id."""
        return [
            "env",
            f"LD_PRELOAD={_library()}",
            f"FAKETIME_TIMESTAMP_FILE={self._path}",
            "FAKETIME_NO_CACHE=1",
            "DONT_FAKE_MONOTONIC=1",
            "NO_FAKE_STAT=1",
            *argv,
        ]


def offset_into_slot(seconds):
    """Offset to the moment `seconds` into a slot that has not begun, at least one slot ahead: a
    clock that is stepped back from there is still past the date the programs were built."""
    now = int(time.time())
    return (now // SLOT_S + 2) * SLOT_S + seconds - now
