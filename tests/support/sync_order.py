"""Whether what a worker acknowledged was on disk before, read from strace's log of it.

A request that names a machine nobody has named before makes the worker write that name into its
write-ahead log. The name is therefore the thread through strace's log:
  received on a connection → written to the log → the log synced → `204` sent on that connection
Lines stand in the order in which strace saw a call begin or end, so "the sync had returned 0 before
the answer began" is a comparison of line numbers.
"""

import collections
import dataclasses
import re

RECEIVING = ("recvmsg", "recvfrom", "read", "readv")
SENDING = ("sendmsg", "sendto", "write", "writev")
WRITING = ("pwrite64", "pwritev", "write", "writev")
SYNCING = ("fdatasync", "fsync")
OPTIONS = (
    "-yy",
    "-s",
    "8192",  # a page of the ledger, whole
    "-e",
    "signal=none",
    "-e",
    "trace=" + ",".join(sorted({*RECEIVING, *SENDING, *WRITING, *SYNCING})),
)

_LINE = re.compile(r"^(\d+) +(?:<\.\.\. (\w+) resumed>(.*)|(\w+)\((.*))$")
_UNFINISHED = " <unfinished ...>"
_FILE = re.compile(r"^\d+<(.*?)>(?=,|\)|$)")
_RESULT = re.compile(r"\) += ([^=]*)$")


@dataclasses.dataclass
class Call:
    """`begin` and `end` are line numbers; `end` is None when the log ends before the call does."""

    name: str
    text: str
    begin: int
    end: int = None

    @property
    def file(self):
        found = _FILE.match(self.text)
        return found[1] if found else ""

    @property
    def result(self):
        found = _RESULT.search(self.text)
        return found[1].strip() if found and self.end is not None else None


def calls_of(log):
    """The calls in the order in which they began."""
    calls, open_calls = [], {}
    for number, line in enumerate(log.splitlines()):
        match = _LINE.match(line)
        if not match:
            continue
        thread, resumed, rest, name, text = match.groups()
        if resumed:
            call = open_calls.pop(thread, None)
            if call is not None:
                call.text, call.end = call.text + rest, number
        elif text.endswith(_UNFINISHED):
            open_calls[thread] = Call(name, text[: -len(_UNFINISHED)], number)
            calls.append(open_calls[thread])
        else:
            calls.append(Call(name, text, number, number))
    return calls


class SyncOrder:
    """`proven`: the acknowledged names whose sync returned before the answer began. `faults`: a
    sentence for each other one. `shared`: how many syncs stood for more than one name."""

    def __init__(self, log, name_pattern):
        self.proven, self.faults, self.connections = [], [], set()
        calls, self._name = calls_of(log), re.compile(name_pattern)
        self._written = self._first_writes(calls)
        self._syncs = [
            call
            for call in calls
            if call.name in SYNCING and call.file.endswith("-wal") and call.result == "0"
        ]
        counted = collections.Counter()
        for name, answer in self._answers(calls):
            sync = self._sync_between(name, answer)
            if isinstance(sync, str):
                self.faults.append(f"{name}: {sync}")
            else:
                self.proven.append(name)
                counted[sync.begin] += 1
        self.shared = sum(1 for names in counted.values() if names > 1)

    def _first_writes(self, calls):
        written = {}
        for call in calls:
            if call.name in WRITING and call.file.endswith("-wal"):
                for name in self._name.findall(call.text):
                    written.setdefault(name, call)
        return written

    def _answers(self, calls):
        """(name, the call that sent its 204). A connection is answered in the order it asked."""
        waiting = collections.defaultdict(collections.deque)
        for call in calls:
            if not call.file.startswith("TCP"):
                continue
            if call.name in RECEIVING:
                for name in self._name.findall(call.text):
                    waiting[call.file].append(name)
            elif call.name in SENDING and '"HTTP/1.1 204 ' in call.text:
                self.connections.add(call.file)
                if not waiting[call.file]:
                    self.faults.append(f"an answer in line {call.begin} to no request")
                else:
                    yield waiting[call.file].popleft(), call

    def _sync_between(self, name, answer):
        """The sync that stands between the write and the answer, or what is wrong."""
        write = self._written.get(name)
        if write is None or write.end is None or write.begin > answer.begin:
            return f"answered in line {answer.begin} before it was written"
        for sync in self._syncs:
            if write.end < sync.begin and sync.end < answer.begin:
                return sync
        return (
            f"written in line {write.begin}, answered in line {answer.begin}, "
            "and no sync between them returned 0"
        )
