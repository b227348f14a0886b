"""Every URL of worker and agent, and every error that the server makes by itself: JSON with a right
status, errors as {"error", "detail"}."""

import http.client
import re
import socket
import unittest

from harness import ROOT, Agent, Answer, ProgramTest, Worker, request, wait_until

TEXT = ("/metrics",)  # what is JSON nowhere: Prometheus reads it

# method, pattern, what stands for its names and follows it, over, status
WORKER = [
    ("GET", "/healthz", "", "tcp", 200),
    ("GET", "/readyz", "", "tcp", 200),
    ("GET", "/version", "", "tcp", 200),
    ("GET", "/metrics", "", "tcp", 200),
    ("GET", "/api/v1/status", "", "tcp", 200),
    ("GET", "/api/usage", "", "tcp", 200),
    ("GET", "/api/cost/{machine}", "web-1", "tcp", 200),
    ("GET", "/api/cost/{machine}", "nobody", "tcp", 404),
    ("GET", "/api/cost/{machine}", "%3Cb%3E%ff", "tcp", 404),
    ("GET", "/api/v1/bill", "", "tcp", 200),
    ("GET", "/api/v1/bill", "?machine=web-1&period=last-month", "tcp", 200),
    ("GET", "/api/v1/bill", "?machine=nobody", "tcp", 404),
    ("GET", "/api/v1/bill", "?machine=a%20b", "tcp", 400),
    ("GET", "/api/v1/bill", "?period=nonsense", "tcp", 400),
    ("GET", "/api/v1/bill", "?format=xml", "tcp", 400),
    ("GET", "/api/v1/bill", "?perod=2026-11", "tcp", 400),
    ("GET", "/api/v1/status", "?machine=web-1", "tcp", 400),
    ("GET", "/api/v1/coverage", "", "tcp", 200),
    ("GET", "/api/v1/coverage", "?machine=nobody", "tcp", 404),
    ("GET", "/api/v1/coverage", "?machine=..", "tcp", 400),
    ("GET", "/api/v1/evidence", "", "tcp", 400),
    ("GET", "/api/v1/usage", "", "tcp", 200),
    ("GET", "/api/v1/usage", "?machine=nobody", "tcp", 404),
    ("GET", "/api/v1/usage", "?machine=..", "tcp", 400),
    ("GET", "/api/v1/usage", "?by=year", "tcp", 400),
    ("GET", "/api/v1/usage", "?format=xml", "tcp", 400),
    ("GET", "/api/v1/usage", "?format=csv", "tcp", 400),
    ("GET", "/api/v1/usage", "?next=nobody", "tcp", 400),
    ("GET", "/api/v1/usage", "?period=2026-13", "tcp", 400),
    ("GET", "/api/v1/prices", "", "tcp", 200),
    ("GET", "/api/v1/quarantine", "", "tcp", 200),
    ("GET", "/api/v1/quarantine", "?before=1", "tcp", 200),
    ("GET", "/api/v1/quarantine", "?before=x", "tcp", 400),
    ("GET", "/api/v1/quarantine/{id}", "1", "tcp", 200),
    ("GET", "/api/v1/quarantine/{id}", "999", "tcp", 404),
    ("GET", "/api/v1/quarantine/{id}", "x", "tcp", 400),
    ("GET", "/api/v1/machines", "", "tcp", 200),
    ("GET", "/api/v1/machines/{machine}", "web-1", "tcp", 200),
    ("GET", "/api/v1/machines/{machine}", "nobody", "tcp", 404),
    ("POST", "/api/v1/events", "", "tcp", 415),
    ("POST", "/api/v1/machines/{machine}/resolve", "web-1?decision=keep&boot=b", "tcp", 403),
    ("POST", "/api/v1/machines/{machine}/resolve", "web-1?decision=x", "control", 400),
    ("POST", "/api/v1/machines/{machine}/resolve", "nobody?decision=sum", "control", 404),
    ("POST", "/api/v1/machines/{machine}/resolve", "web-1?decision=keep&boot=x", "control", 404),
    ("POST", "/api/v1/machines/{machine}/resolve", "web-1?decision=sum", "control", 200),
    ("POST", "/api/v1/machines/{machine}/retire", "web-1", "tcp", 403),
    ("POST", "/api/v1/machines/{machine}/retire", "web-1?at=x", "control", 400),
    ("POST", "/api/v1/machines/{machine}/retire", "nobody", "control", 404),
    ("POST", "/api/v1/machines/{machine}/retire", "web-1", "control", 200),
    ("POST", "/api/v1/quarantine/{id}/release", "1", "tcp", 403),
    ("POST", "/api/v1/quarantine/{id}/release", "999", "control", 404),
    ("POST", "/api/v1/quarantine/{id}/release", "x", "control", 400),
    ("POST", "/api/v1/quarantine/{id}/discard", "1", "tcp", 403),
    ("POST", "/api/v1/quarantine/{id}/discard", "1", "control", 200),
    ("POST", "/api/v1/quarantine/{id}/discard", "1", "control", 409),
    ("POST", "/api/v1/partitions/{partition}/accept", "0", "tcp", 403),
    ("POST", "/api/v1/partitions/{partition}/accept", "0", "control", 404),
    ("POST", "/api/v1/partitions/{partition}/accept", "x", "control", 400),
    ("POST", "/api/v1/partitions/{partition}/accept", "9999999999", "control", 400),
    ("POST", "/api/v1/backup", "?path=/x", "tcp", 403),
    ("POST", "/api/v1/backup", "", "control", 400),
    ("POST", "/api/v1/backup", "?path=relative", "control", 400),
    ("POST", "/api/v1/backup", "?path=SCRATCH/copy.db", "control", 202),
    ("GET", "/api/v1/backup", "", "tcp", 403),
    ("GET", "/api/v1/backup", "", "control", 200),
    ("POST", "/api/v1/backup/cancel", "", "tcp", 403),
    ("POST", "/api/v1/backup/cancel", "", "control", 202),
]
AGENT = [
    ("GET", "/healthz", "", "tcp", 200),
    ("GET", "/readyz", "", "tcp", 200),
    ("GET", "/version", "", "tcp", 200),
    ("GET", "/metrics", "", "tcp", 200),
    ("GET", "/api/v1/status", "", "tcp", 200),
    ("POST", "/api/v1/pause", "", "tcp", 403),
    ("POST", "/api/v1/pause", "", "control", 200),
    ("POST", "/api/v1/send", "", "control", 409),
    ("POST", "/api/v1/send", "?again", "control", 409),
    ("POST", "/api/v1/resume", "", "tcp", 403),
    ("POST", "/api/v1/resume", "", "control", 200),
    ("POST", "/api/v1/send", "", "tcp", 403),
    ("POST", "/api/v1/send", "", "control", 200),
    ("POST", "/api/v1/send", "?again", "control", 200),
    ("POST", "/api/v1/send", "?agian", "control", 400),
]
# Of either program, whatever its routes: method, target, over, status.
OF_BOTH = [
    ("GET", "/", "tcp", 404),
    ("GET", "/nothing", "tcp", 404),
    ("GET", "/api/v1/status/", "tcp", 404),
    ("GET", "//healthz", "tcp", 404),
    ("GET", "/../../etc/passwd", "tcp", 404),
    ("GET", "/healthz", "control", 200),
    ("GET", "/nothing", "control", 404),
    ("POST", "/healthz", "tcp", 405),
    ("PUT", "/api/v1/status", "tcp", 405),
    ("DELETE", "/api/v1/status", "tcp", 405),
    ("PATCH", "/api/v1/status", "tcp", 405),
    ("OPTIONS", "/api/v1/status", "tcp", 405),
    ("TRACE", "/api/v1/status", "tcp", 405),
    ("MKCOL", "/api/v1/status", "tcp", 405),
    ("BREW", "/api/v1/status", "tcp", 405),
]
HOST = b"Host: localhost\r\n"
POST = b"POST /api/v1/events HTTP/1.1\r\n" + HOST
JSON = b"Content-Type: application/cloudevents-batch+json\r\n"
SECOND = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
# Bytes on a connection, and the status of the one answer after which it ends. Where something
# stands behind the request, it must not be taken for a second one.
RAW = [
    ("no HTTP", b"nonsense\r\n\r\n" + SECOND, 400),
    ("an empty line before it", b"\r\n" + SECOND, 400),
    ("another version", b"GET / HTTP/2.0\r\n" + HOST + b"\r\n" + SECOND, 400),
    ("no host", b"GET /healthz HTTP/1.1\r\n\r\n" + SECOND, 400),
    ("two hosts", b"GET /healthz HTTP/1.1\r\n" + HOST + HOST + b"\r\n" + SECOND, 400),
    ("a host that is not ours", b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403),
    (
        "an absolute target elsewhere",
        b"GET http://evil.example/healthz HTTP/1.1\r\n" + HOST + b"\r\n" + SECOND,
        403,
    ),
    ("a target for proxies", b"CONNECT localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n" + SECOND, 400),
    ("the server as a target", b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n" + SECOND, 400),
    ("a target with a NUL", b"GET /%00 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("a long target", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 431),
    ("a long field", b"GET / HTTP/1.1\r\n" + HOST + b"A: " + b"a" * 9000 + b"\r\n\r\n", 431),
    ("many fields", b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n" * 64 + b"\r\n", 431),
    (
        "a length and chunks",
        POST + JSON + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND,
        400,
    ),
    (
        "chunks and a length",
        POST + JSON + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + SECOND,
        400,
    ),
    ("two lengths", POST + b"Content-Length: 2\r\nContent-Length: 9\r\n\r\n[]" + SECOND, 400),
    ("a length twice", POST + JSON + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n[]", 400),
    ("two lengths in one field", POST + JSON + b"Content-Length: 2, 2\r\n\r\n[]" + SECOND, 400),
    ("a negative length", POST + JSON + b"Content-Length: -2\r\n\r\n[]" + SECOND, 400),
    ("a length with a sign", POST + JSON + b"Content-Length: +2\r\n\r\n[]" + SECOND, 400),
    (
        "an unknown coding",
        POST + JSON + b"Transfer-Encoding: xchunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n" + SECOND,
        400,
    ),
    (
        "two codings",
        POST + JSON + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n" + SECOND,
        400,
    ),
    (
        "chunks in HTTP/1.0",
        POST.replace(b"1.1", b"1.0")
        + JSON
        + b"Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
        400,
    ),
    ("a bad chunk", POST + JSON + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n[]\r\n" + SECOND, 400),
    ("a blank before the colon", POST + JSON + b"Content-Length : 2\r\n\r\n[]" + SECOND, 400),
    ("a folded field", b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n\tHost: c\r\n\r\n", 404),
    ("a compressed body", POST + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]", 415),
    ("an expectation", POST + JSON + b"Expect: tea\r\nContent-Length: 2\r\n\r\n[]" + SECOND, 417),
    ("a body announced too long", POST + JSON + b"Content-Length: 1048577\r\n\r\n", 413),
    (
        "a body too long, asked for first",
        POST + JSON + b"Expect: 100-continue\r\nContent-Length: 1048577\r\n\r\n",
        413,
    ),
    (
        "a chunk too long",
        POST + JSON + b"Transfer-Encoding: chunked\r\n\r\n100001\r\n" + b" " * 0x100001,
        413,
    ),
    (
        "a page from elsewhere",
        POST + JSON + b"Origin: http://evil.example\r\nContent-Length: 2\r\n\r\n[]",
        403,
    ),
    ("a header that does not end", b"GET / HTTP/1.1\r\n" + HOST, 408),
]


class ControlConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def ask(service, method, target, over):
    if over == "tcp":
        return request(service.port, method, target, timeout_s=30)
    connection = ControlConnection(service.options[f"{service.section}.control"])
    connection.request(method, target)
    answer = connection.getresponse()
    try:
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def exchange(port, data):
    """Sends it all and returns everything that comes until the other side ends the connection."""
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        try:
            connection.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # answered before all was sent
        received = bytearray()
        while part := connection.recv(65536):
            received += part
        return bytes(received)


def taken_apart(received):
    """The answers that stand one after the other in what was received."""
    answers = []
    while received:
        head, received = received.split(b"\r\n\r\n", 1)
        lines = head.decode("ascii").split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}
        length = int(headers.get("content-length", 0))
        answers.append(Answer(int(lines[0].split()[1]), headers, received[:length]))
        received = received[length:]
    return answers


def patterns_in(path):
    """The URLs that a table of routes in our sources has."""
    return set(re.findall(r'"(/(?:api/|healthz|readyz|version|metrics)[^"]*)"', path.read_text()))


class HttpAnswersTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.worker = self.keep(Worker(self.scratch)).wait_ready()

    def assert_answer(self, answer, status, what):
        self.assertEqual(answer.status, status, what)
        self.assertEqual(answer.headers["content-type"], "application/json", what)
        self.assertEqual(answer.headers["x-content-type-options"], "nosniff", what)
        body = answer.json()
        if status < 400 or what[1] == "/readyz":
            self.assertIsInstance(body, (dict, list), what)
            return
        self.assertEqual(set(body), {"error", "detail"}, what)
        for text in body.values():
            self.assertTrue(text and isinstance(text, str), what)
        self.assertNotIn("\n", body["error"], what)
        self.assertLess(len(body["error"]), 64, what)

    def assert_table(self, service, rows):
        for method, pattern, rest, over, status in rows:
            value, _, query = rest.partition("?")
            target = re.sub(r"\{\w+\}", value, pattern) + ("?" + query if query else "")
            what = (method, target.replace("SCRATCH", str(self.scratch)), over)
            with self.subTest(what):
                answer = ask(service, *what)
                if pattern in TEXT:
                    self.assertEqual(answer.status, status)
                    self.assertTrue(answer.headers["content-type"].startswith("text/plain"))
                else:
                    self.assert_answer(answer, status, what)
                if status == 503:
                    self.assertTrue(int(answer.headers["retry-after"]) > 0)
        self.assert_methods(service, {(method, pattern) for method, pattern, *_ in rows})
        for method, target, over, status in OF_BOTH:
            with self.subTest(method=method, target=target, over=over):
                self.assert_answer(ask(service, method, target, over), status, (method, target))

    def assert_methods(self, service, routes):
        """Another method than a URL's own is 405 and names those; HEAD is GET without a body."""
        for pattern in sorted({pattern for _, pattern in routes}):
            target = re.sub(r"\{\w+\}", "1", pattern)
            own = {method for method, other in routes if other == pattern}
            allowed = ", ".join(sorted(own | ({"HEAD"} if "GET" in own else set())))
            with self.subTest(target):
                answer = ask(service, "DELETE", target, "tcp")
                self.assert_answer(answer, 405, ("DELETE", target))
                self.assertEqual(answer.headers["allow"], allowed)
                head, get = (ask(service, method, target, "tcp") for method in ("HEAD", "GET"))
                self.assertEqual((head.status, head.body), (get.status, b""))
                if "GET" in own and pattern not in ("/metrics", "/api/v1/status"):
                    self.assertEqual(head.headers["content-length"], str(len(get.body)))

    def test_the_worker_answers_every_url_in_json_with_a_right_status(self):
        self.assertEqual(
            patterns_in(ROOT / "src/worker/worker_api.cc"), {pattern for _, pattern, *_ in WORKER}
        )
        data = {
            "scope": "user:anna",
            "meter": "frames",
            "quantity": "1",
            "unit": "unit",
            "time": "2026-11-22T10:16:12Z",
        }
        event = {
            "specversion": "1.0",
            "type": "io.meterbill.usage.v1",
            "source": "urn:test",
            "id": "1",
            "subject": "web-1",
            "data": data,
        }
        posted = self.worker.post([event, {"specversion": "1.0"}])
        self.assertEqual(
            (posted.status, posted.headers["MeterBill-Result"], posted.body),
            (204, "applied=1,repeated=0,quarantined=1", b""),
        )
        self.assert_table(self.worker, WORKER)

    def test_the_agent_answers_every_url_in_json_with_a_right_status(self):
        self.assertEqual(
            patterns_in(ROOT / "src/agent/agent_api.cc"), {pattern for _, pattern, *_ in AGENT}
        )
        agent = self.keep(Agent(self.scratch, self.worker.url)).wait_ready()
        self.assert_table(agent, AGENT)

    def test_what_the_server_refuses_by_itself_is_json_and_ends_the_connection(self):
        for name, data, status in RAW:
            with self.subTest(name):
                if status == 404:  # read as any other request: the client ends it
                    data = data.replace(b"Host: l", b"Connection: close\r\nHost: l")
                answers = taken_apart(exchange(self.worker.port, data))
                self.assertEqual([answer.status for answer in answers], [status])
                self.assert_answer(answers[0], status, (name, ""))
                self.assertEqual(answers[0].headers["connection"], "close")
        self.assertEqual(sum(self.worker.counts().values()), 0)

    def test_requests_behind_each_other_are_answered_in_order(self):
        ends = b"Connection: close\r\n"
        last = SECOND.replace(HOST, HOST + ends)
        empty = POST + JSON + b"Content-Length: 2\r\n\r\n[]"
        chunks = POST + JSON + b"Transfer-Encoding: chunked\r\n\r\n1\r\n[\r\n1\r\n]\r\n0\r\n\r\n"
        asked = POST + JSON + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n[]"
        absolute = b"GET http://localhost/nothing HTTP/1.1\r\n" + HOST + b"\r\n"
        head = b"HEAD /nothing HTTP/1.1\r\n" + HOST + b"\r\n"
        for data, want in [
            (SECOND + empty + chunks + absolute + last, [200, 204, 204, 404, 200]),
            (asked + last, [100, 204, 200]),
        ]:
            with self.subTest(want):
                answers = taken_apart(exchange(self.worker.port, data))
                self.assertEqual([answer.status for answer in answers], want)
        received = exchange(self.worker.port, head + last)
        self.assertEqual(received.count(b"HTTP/1.1 404 "), 1)
        self.assertEqual(received.count(b"HTTP/1.1 200 "), 1)
        self.assertNotIn(b"not found", received)

    def test_an_address_that_others_reach_is_refused_unless_that_is_meant(self):
        open_to_all = Worker(self.scratch, "open")
        open_to_all.options["http.listen"] = f"0.0.0.0:{open_to_all.port}"
        self.keep(open_to_all)
        self.assertEqual(open_to_all.wait_exit(20), 64)
        self.assertIn("http.insecure=true", open_to_all.log())

    def test_the_address_listened_on_is_a_name_of_the_server(self):
        other = Worker(self.scratch, "other")
        other.options["http.listen"] = f"127.0.0.2:{other.port}"
        self.keep(other)

        def status(host):
            client = http.client.HTTPConnection("127.0.0.2", other.port, timeout=20)
            try:
                client.request("GET", "/healthz", headers={"Host": host})
                return client.getresponse().status
            except ConnectionRefusedError:
                return None
            finally:
                client.close()

        wait_until(lambda: status("localhost"), 20, "a worker on 127.0.0.2")
        self.assertEqual(
            [status(host) for host in ("127.0.0.2", "127.0.0.2:80", "127.0.0.3")], [200, 200, 403]
        )

    def test_one_connection_more_than_allowed_is_told_so(self):
        small = self.keep(Worker(self.scratch, "small", http__connections_max=2)).wait_ready()
        silent = [socket.create_connection(("127.0.0.1", small.port), 20) for _ in range(2)]
        for connection in silent:
            self.addCleanup(connection.close)
            connection.sendall(b"GET /healthz HTTP/1.1\r\n")  # busy: its header is not whole
        refused = wait_until(
            lambda: next(
                (a for a in taken_apart(exchange(small.port, b"")) if a.status == 503), None
            ),
            20,
            "a connection that is refused",
        )
        self.assert_answer(refused, 503, ("connection", ""))
        self.assertEqual(refused.headers["retry-after"], "5")
        self.assertEqual(ask(small, "GET", "/healthz", "control").status, 200)


if __name__ == "__main__":
    unittest.main()
