"""An agent sends to a worker behind a TLS proxy, with an authority of one's own: docs/fleet.md."""

import contextlib
import socket
import ssl
import threading
import unittest

from harness import Agent, ProgramTest, Worker, meterbill, wait_until

from certificates import Authority


class TlsProxy:
    """Takes TLS on a port of its own and hands what is inside to another port of loopback."""

    def __init__(self, certificate, target):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError), connection:
            with self._context.wrap_socket(connection, server_side=True) as inside:
                with socket.create_connection(("127.0.0.1", self._target)) as server:
                    back = threading.Thread(target=self._copy, args=(server, inside), daemon=True)
                    back.start()
                    self._copy(inside, server)
                    back.join()

    @staticmethod
    def _copy(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


class HttpsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.scratch)
        self.worker = self.keep(Worker(self.scratch)).wait_ready()
        certificate = self.authority.sign("worker", "DNS:localhost")
        self.proxy = TlsProxy(certificate, self.worker.port)
        self.addCleanup(self.proxy.close)

    def agent(self, host="localhost", **options):
        return self.keep(Agent(self.scratch, f"https://{host}:{self.proxy.port}", **options))

    def test_readings_come_through_when_the_authority_is_known(self):
        self.agent(agent__ca_file=self.authority.path).wait_ready()
        wait_until(lambda: self.worker.cost("test-1"), 30, "a cost")

    def test_they_wait_while_the_certificate_cannot_be_trusted_and_the_reason_is_told(self):
        for host, options, reason in (
            ("localhost", {}, "set agent.ca_file to the authority that signed it"),
            ("127.0.0.1", {"agent__ca_file": self.authority.path}, "TLS: its certificate is not"),
            ("localhost", {"agent__ca_file": self.scratch / "none.pem"}, "there is no such file"),
        ):
            agent = self.agent(host, **options).wait_ready()

            def detail(agent=agent):
                outage = agent.status()["sending"]["outage"]
                return outage["detail"] if outage else ""

            wait_until(detail, 20, "an outage")
            self.assertIn(reason, detail())
            # Metering goes on, and what waits is told where operators look.
            shown = meterbill("status", "--server", self.worker.url,
                              "--agent", f"http://127.0.0.1:{agent.port}")
            self.assertIn(reason, " ".join(shown.split()))
            self.assertEqual(agent.stop(), 0)
        self.assertIsNone(self.worker.cost("test-1"))


if __name__ == "__main__":
    unittest.main()
