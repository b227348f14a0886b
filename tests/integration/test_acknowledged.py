"""An HTTP 204 is sent only after the commit is on disk: the system calls of the real worker, in
their order."""

import contextlib
import http.client
import json
import threading
import unittest

from harness import ProgramTest, Worker, wait_until
from kill_points import wal_paths
from strace import Strace
from sync_order import OPTIONS, SyncOrder

CONNECTIONS, REQUESTS = 6, 15
NAME = r"synced-\d+-\d+-end"
EVENTS = {"Content-Type": "application/cloudevents+json"}


def usage_event(machine):
    data = {
        "scope": "user:anna",
        "meter": "frames",
        "quantity": "1",
        "unit": "unit",
        "time": "2026-11-22T10:16:12Z",
    }
    return json.dumps(
        {
            "specversion": "1.0",
            "type": "io.meterbill.usage.v1",
            "source": "urn:test",
            "id": "1",
            "subject": machine,
            "data": data,
        }
    )


class AcknowledgedTest(ProgramTest):
    def post_each(self, worker, connection, statuses):
        """One request after the other on one connection."""
        client = http.client.HTTPConnection("127.0.0.1", worker.port, timeout=60)
        with contextlib.closing(client):
            for number in range(REQUESTS):
                name = f"synced-{connection}-{number}-end"
                event = usage_event(name).replace("urn:test", f"urn:test:{connection}:{number}")
                client.request("POST", "/api/v1/events", event, EVENTS)
                answer = client.getresponse()
                answer.read()
                statuses.append((name, answer.status))

    def test_a_204_is_sent_after_the_rows_of_its_request_are_synced(self):
        worker = self.keep(Worker(self.scratch)).wait_ready()
        trace = Strace(worker.pid, self.scratch / "worker.strace", OPTIONS)
        self.addCleanup(trace.detach)
        statuses = []
        threads = [
            threading.Thread(target=self.post_each, args=(worker, number, statuses))
            for number in range(CONNECTIONS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        trace.detach()
        self.assertEqual({status for _, status in statuses}, {204})
        order = SyncOrder(trace.log(), NAME)
        self.assertEqual(order.faults, [])
        self.assertEqual(sorted(order.proven), sorted(name for name, _ in statuses))
        self.assertEqual(len(order.proven), CONNECTIONS * REQUESTS)
        self.assertEqual(len(order.connections), CONNECTIONS)
        print(f"{len(order.proven)} answers, {order.shared} syncs for several of them")

    def test_nothing_is_acknowledged_that_a_failing_disk_did_not_take(self):
        worker = self.keep(Worker(self.scratch)).wait_ready()
        wal = wait_until(lambda: wal_paths(worker.state_dir), 20, "write-ahead log")[0]
        inject = ["-P", wal, "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=4+"]
        trace = Strace(worker.pid, self.scratch / "worker.strace", inject)
        self.addCleanup(trace.detach)
        statuses = {}
        for number in range(8):
            machine = f"machine-{number}"
            event = usage_event(machine).replace("urn:test", f"urn:test:{number}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                statuses[machine] = worker.post(f"[{event}]".encode(), timeout_s=30).status
        taken = [machine for machine, status in statuses.items() if status == 204]
        self.assertIn("(INJECTED)", trace.log())
        self.assertTrue(1 <= len(taken) <= 3, statuses)
        self.assertEqual(taken, [f"machine-{n}" for n in range(len(taken))])
        self.assertLessEqual(set(statuses.values()) - {204}, {503})
        trace.detach()

        # The disk is well again; the sender sends everything again, as an agent would.
        worker.kill()
        worker.start().wait_ready()
        for number in range(8):
            event = usage_event(f"machine-{number}").replace("urn:test", f"urn:test:{number}")
            self.assertEqual(worker.post(f"[{event}]".encode()).status, 204)
        self.assertEqual(
            {name: [row[4] for row in rows] for name, rows in worker.usage().items()},
            {f"machine-{n}": ["1000000000"] for n in range(8)},
        )


RECEIVED = '7 recvmsg(9<TCP:[a->b]>, {iov=[{iov_base="…synced-1-2-end…"}]}, 0) = 9\n'
WRITTEN = '8 pwrite64(5</l/ledger.db-wal>, "..synced-1-2-end..", 4096, 32) = 4096\n'
SYNCED = "8 fdatasync(5</l/ledger.db-wal>) = 0\n"
SENT = '7 sendmsg(9<TCP:[a->b]>, {iov=[{iov_base="HTTP/1.1 204 No Content"}]}, 0) = 30\n'
SYNC_BEGINS = "8 fdatasync(5</l/ledger.db-wal> <unfinished ...>\n"
SYNC_ENDS = "8 <... fdatasync resumed>) = 0\n"
OTHER_SYNCED = "8 fdatasync(6</l/ledger.db>) = 0\n"


class SyncOrderTest(unittest.TestCase):
    """The reader of the log finds what it is there to find."""

    def test_the_right_order_is_proven(self):
        for log in [
            RECEIVED + WRITTEN + SYNCED + SENT,
            RECEIVED + WRITTEN + SYNC_BEGINS + SYNC_ENDS + SENT,
            RECEIVED + SYNCED + WRITTEN + WRITTEN + OTHER_SYNCED + SYNCED + SENT,
        ]:
            order = SyncOrder(log, NAME)
            self.assertEqual((order.proven, order.faults), (["synced-1-2-end"], []), log)

    def test_every_other_order_is_a_fault(self):
        for log in [
            RECEIVED + WRITTEN + SENT,  # never synced
            RECEIVED + WRITTEN + SENT + SYNCED,  # too late
            RECEIVED + WRITTEN + SYNC_BEGINS + SENT + SYNC_ENDS,  # begun, not returned
            RECEIVED + SYNCED + WRITTEN + SENT,  # of what came before
            RECEIVED + SYNC_BEGINS + WRITTEN + SYNC_ENDS + SENT,  # begun before the write
            RECEIVED + WRITTEN + OTHER_SYNCED + SENT,  # of another file
            RECEIVED + WRITTEN + SYNCED.replace("= 0", "= -1 EIO (I/O error)") + SENT,
            RECEIVED + WRITTEN + SYNCED.replace("= 0", "= 0 (INJECTED)") + SENT,
            RECEIVED + SYNCED + SENT,  # never written
            RECEIVED + SENT + WRITTEN + SYNCED,
            WRITTEN + SYNCED + SENT,  # never asked for
        ]:
            order = SyncOrder(log, NAME)
            self.assertEqual((order.proven, len(order.faults)), ([], 1), log)


if __name__ == "__main__":
    unittest.main()
