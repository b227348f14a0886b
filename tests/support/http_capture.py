"""An HTTP proxy between agents and the worker that keeps every exchange, byte for byte, as evidence
for the recount.

One exchange is a dict, and one line of JSON in the capture file (bytes as base64):
  {"via": "http", "n", "received_ms", "method", "path", "request_headers": [[name, value]], "body",
   "forwarded": whether the worker was given the request, "status": what the worker answered or
   null, "response_headers", "response_body", "outcome"} `outcome` is what the agent saw: answered,
   dropped (the worker answered, the agent was not told), faked (we answered for the worker),
   refused, or lost (the worker did not answer).
"""

import base64
import contextlib
import http.client
import http.server
import json
import socket
import struct
import threading
import time

import processes

_HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, *_):
        pass

    def setup(self):
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.proxy.connections.add(self.connection)

    def finish(self):
        self.proxy.connections.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    proxy = property(lambda self: self.server.proxy)

    def _body(self):
        if "chunked" in (self.headers.get("Transfer-Encoding") or "").lower():
            body = bytearray()
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return bytes(body)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _exchange(self):
        body = self._body()
        order = self.proxy.next_order()
        exchange = {
            "via": "http",
            "received_ms": self.proxy.time_ns() // 1_000_000,
            "method": self.command,
            "path": self.path,
            "request_headers": [list(h) for h in self.headers.items()],
            "body": base64.b64encode(body).decode(),
            "forwarded": False,
            "status": None,
            "response_headers": [],
            "response_body": "",
            "outcome": "refused",
        }
        self.close_connection = True
        # Kept before the agent learns anything: who has seen an answer finds the exchange in the
        # capture.
        if order == "refuse":
            self.proxy.keep(exchange)
            self._reset()
        elif isinstance(order, int):
            exchange["outcome"] = "faked"
            self.proxy.keep(exchange)
            self._answer(
                order,
                [("Retry-After", "1"), ("Content-Type", "application/json")],
                b'{"error":"unavailable"}',
            )
        else:
            self._forward(exchange, body, order)

    def _forward(self, exchange, body, order):
        answer, data = self._ask_worker(exchange, body)
        if answer is None:
            exchange["outcome"] = "lost" if exchange["forwarded"] else "refused"
        else:
            exchange.update(
                status=answer.status,
                response_headers=[list(h) for h in answer.getheaders()],
                response_body=base64.b64encode(data).decode(),
                outcome="dropped" if order == "drop" else "answered",
            )
        self.proxy.keep(exchange)
        if exchange["outcome"] != "answered":
            self._reset()
        else:
            self.close_connection = False
            self._answer(
                answer.status,
                [h for h in answer.getheaders() if h[0].lower() not in _HOP_BY_HOP],
                data,
            )

    def _ask_worker(self, exchange, body):
        """The worker's answer and its body; (None, b"") when there was none."""
        worker = http.client.HTTPConnection(
            "127.0.0.1", self.proxy.target_port, timeout=self.proxy.worker_timeout_s
        )
        try:
            worker.connect()
            exchange["forwarded"] = True
            headers = {
                n: v
                for n, v in self.headers.items()
                if n.lower() not in _HOP_BY_HOP and n.lower() != "host"
            }
            worker.request(
                self.command,
                self.path,
                body,
                {"Host": f"127.0.0.1:{self.proxy.target_port}", **headers},
            )
            answer = worker.getresponse()
            return answer, answer.read()
        except (OSError, http.client.HTTPException):
            return None, b""
        finally:
            worker.close()

    def _answer(self, status, headers, data):
        with contextlib.suppress(OSError):
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(data)))
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(data)
            self.wfile.flush()

    def _reset(self):
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # The streams hold the descriptor too; only detaching all of them lets the kernel send
            # the RST.
            self.rfile.close()
            self.connection.close()

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = _exchange


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def handle_error(self, *_):
        """A peer that went away is the point of the exercise."""


class HttpCapture:
    """Agents post to `port`, the worker listens on `target_port`. Methods may be called from any
    thread. `time_ns` is the worker's clock."""

    def __init__(
        self, target_port, path=None, port=None, worker_timeout_s=30, time_ns=time.time_ns
    ):
        self.target_port, self.port = target_port, port or processes.free_port()
        self.worker_timeout_s, self.time_ns = worker_timeout_s, time_ns
        self.exchanges, self.connections = [], set()
        self._path, self._lock = path, threading.Lock()
        self._orders, self._standing = [], "pass"
        self._server, self._closed = None, False
        self._listen()

    url = property(lambda self: f"http://127.0.0.1:{self.port}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _listen(self):
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        self._server.proxy = self
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def order(self, what, times=1):
        """What happens to the next `times` requests: "drop" (forward, then swallow the worker's
        answer), "refuse" (reset), or a status such as 503 that we answer without asking the
        worker."""
        with self._lock:
            self._orders += [what] * times

    def always(self, what):
        """As `order`, for every request until `always("pass")`."""
        with self._lock:
            self._standing = what

    def next_order(self):
        with self._lock:
            return self._orders.pop(0) if self._orders else self._standing

    def refuse_connections(self):
        """As if nobody listened: the port is closed and open connections are reset."""
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def accept_connections(self):
        self._listen()

    def keep(self, exchange):
        with self._lock:
            exchange["n"] = len(self.exchanges)
            self.exchanges.append(exchange)
            if self._path and not self._closed:
                with open(self._path, "a", encoding="ascii") as out:
                    out.write(json.dumps(exchange) + "\n")

    def posts(self):
        """The exchanges with events in them, oldest first."""
        with self._lock:
            return [
                e
                for e in self.exchanges
                if e["method"] == "POST" and e["path"].startswith("/api/v1/events")
            ]

    def close(self):
        """From now on the file belongs to the caller; who still waits for the worker's answer
        writes nothing any more."""
        with self._lock:
            self._closed = True
        self.refuse_connections()
