"""One round of faults, from the first one to the end of the last."""

import time

from chaos_faults import Kill, fault_of
from processes import Timeout


def play(bed, planned):
    """One round, to its end. Returns the kinds that hit."""
    began_at, todo = time.monotonic(), sorted(planned, key=lambda p: p.start_s)
    active, hits = [], []
    while todo or active:
        while todo and time.monotonic() >= began_at + todo[0].start_s:
            fault = fault_of(bed, todo.pop(0))
            active.append(fault)
            fault.start()
        for fault in [fault for fault in active if fault.is_over()]:
            active.remove(fault)
            fault.end()
            if fault.hit_at is not None:
                hits.append(fault.kind)
        for fault in active:
            fault.look()
        check_alive(bed, active)
        time.sleep(0.05)
    return hits


def check_alive(bed, active):
    """Nobody ended who was not killed."""
    killed = [fault.program for fault in active if isinstance(fault, Kill)]
    for name, program in bed.programs.items():
        if program not in killed and not program.running():
            raise Timeout(f"{name} ended by itself:\n{program.log_tail()}")
