#!/usr/bin/python3
"""Readings over HTTP, each request answered once its commit is on disk.

Ours is a worker and 8 connections that each send one request of 100 readings after the other.
Beside it, in turn: `fdatasync`, 8 threads that append the bytes of as many requests to one file and
sync each append, on the same disk.
"""

import argparse
import http.client
import json
import pathlib
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "integration")]

import harness  # noqa: E402
import processes  # noqa: E402
from bench_tool import bench, run_as_program  # noqa: E402
from report import Report  # noqa: E402

CONNECTIONS, BATCH, SHAPE, MACHINES = 8, 100, "readings-1000", 1000


def requests(port, count):
    """One list a connection: each request is 100 machines one tick later, and machines stay with
    their connection, as agents do, so that nothing comes out of order."""
    turns = MACHINES // BATCH
    ticks = -(-count // CONNECTIONS)
    values = bench("print", SHAPE, ticks * MACHINES, int(time.time()) - ticks - 60).splitlines()
    made = [[] for _ in range(CONNECTIONS)]
    for first in range(0, len(values), BATCH):
        connection = first // BATCH % turns
        if connection >= CONNECTIONS or sum(map(len, made)) >= count:
            continue
        events = []
        for value in values[first : first + BATCH]:
            machine = json.loads(value)["machine_id"]
            events.append(
                f'{{"specversion":"1.0","id":"bench","source":"urn:meterbill:agent:{machine}",'
                f'"type":"io.meterbill.reading.v1","subject":"{machine}","data":{value}}}'
            )
        body = ("[" + ",".join(events) + "]").encode()
        made[connection].append(
            f"POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Content-Type: application/cloudevents-batch+json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
    return made


class Connection(threading.Thread):
    def __init__(self, port, sends):
        super().__init__()
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sends, self.failure = sends, None

    def run(self):
        for request in self._sends:
            self._socket.sendall(request)
            answer = http.client.HTTPResponse(self._socket, method="POST")
            answer.begin()
            answer.read()
            result = answer.headers["MeterBill-Result"]
            if answer.status != 204 or result != f"applied={BATCH},repeated=0,quarantined=0":
                self.failure = f"{answer.status} {result}"
                return


def ingest(scratch, count):
    """Requests a second."""
    worker = harness.Worker(scratch, "worker")
    worker.start().wait_ready()
    try:
        made = requests(worker.port, count)
        connections = [Connection(worker.port, sends) for sends in made]
        start = time.monotonic()
        for connection in connections:
            connection.start()
        for connection in connections:
            connection.join()
        seconds = time.monotonic() - start
        failures = [connection.failure for connection in connections if connection.failure]
        if failures:
            raise SystemExit(f"not as it should be answered: {failures[0]}")
        return count / seconds, sum(len(r) for sends in made for r in sends) // count
    finally:
        worker.stop()
        processes.remove_scratch(worker.state_dir)


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=4_000)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    report = Report("ingest")
    scratch = processes.scratch_dir("ingest")
    try:
        ours, peers = [], []
        for _ in range(arguments.runs):
            speed, size = ingest(scratch, arguments.requests)
            ours.append(speed)
            told = json.loads(
                bench("sync", scratch / "synced", size, arguments.requests, CONNECTIONS)
            )
            (scratch / "synced").unlink()
            peers.append(told["count"] / told["seconds"])
        report.add(f"{BATCH} readings a request", "requests/s", ours, "fdatasync", peers)
    finally:
        processes.remove_scratch(scratch)


if __name__ == "__main__":
    run_as_program(main)
