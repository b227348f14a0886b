"""`meterbill status` and other commands against what may answer at an address: our services, one of
them for the other, another web server, nobody, and a server that never answers."""

import contextlib
import http.server
import json
import os
import signal
import socket
import subprocess
import threading
import time
import unittest

from harness import Agent, ProgramTest, Worker, program
from processes import free_port, wait_until


def run(*arguments, environment=None):
    done = subprocess.run(
        [program("meterbill"), *arguments],
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, **(environment or {})},
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Html(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"<html>\x9b2J\xff</html>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class StatusTest(ProgramTest):
    def test_send_says_what_came_of_it(self):
        worker = self.keep(Worker(self.scratch)).wait_ready()
        agent = self.keep(Agent(self.scratch, worker.url)).wait_ready()
        control = f"--control={agent.options['agent.control']}"
        wait_until(lambda: agent.status()["sending"]["last_acknowledged"], 15, "a reading sent")
        code, out, err = run("agent", "send", control)
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"^sent; (nothing is|\d+ readings? (is|are)) waiting\n$")
        code, out, err = run("agent", "send", "--again", control)
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"^[1-9]\d* readings? marked to be sent again\nsent; ")

        worker.kill()
        wait_until(lambda: agent.status()["sending"]["outage"], 15, "the agent notices")
        code, out, err = run("agent", "send", control)
        self.assertEqual((code, out), (69, ""), err)
        self.assertRegex(err, rf"^{worker.url} has taken nothing since 20\S+:\d\dZ \(\d+ s\): ")
        self.assertRegex(err, r"\nmeterbill: not sent: .*; \d+ readings? kept, next try 20\S+Z\n$")
        shown = run("status", f"--agent=http://127.0.0.1:{agent.port}")[1]
        self.assertRegex(shown, r"\n  outage  nothing taken for \d+ s; .*\n? +next try in \d+ s")

        os.kill(agent.pid, signal.SIGUSR1)
        wait_until(lambda: "ready, but unreachable since" in agent.log(), 15, "the status")
        [line] = [text for text in agent.log().splitlines() if "unreachable since" in text]
        self.assertRegex(line, r"  status  status=\"ready, but unreachable since 20\S+:\d\dZ: ")
        self.assertEqual(line.count(worker.url), 1, line)

        self.assertEqual(agent.stop(), 0)
        code, out, err = run("agent", "send", control)
        self.assertEqual((code, out), (69, ""))

    def test_a_worker_without_kafka_says_so(self):
        worker = self.keep(Worker(self.scratch)).wait_ready()
        control = f"--control={worker.options['worker.control']}"
        code, out, err = run("kafka", "accept", "--partition=0", control)
        self.assertEqual((code, out), (66, ""))
        self.assertEqual(err, "meterbill: this worker has no Kafka source: worker.kafka is off\n")

    def test_a_pipe_gets_the_labels(self):
        worker = self.keep(Worker(self.scratch)).wait_ready()
        agent = Agent(self.scratch, worker.url, machine="web-1.rack-2.berlin.example")
        agent.options["agent.labels"] = "site=a-site-with-a-name-of-its-own,rack=second-from-left"
        self.keep(agent).wait_ready()
        wait_until(lambda: agent.status()["sending"]["last_acknowledged"], 15, "a reading sent")
        out = run("machine", "list", f"--server={worker.url}")[1]
        self.assertIn("site=a-site-with-a-name-of-its-own", out)

    def test_our_services_are_shown_and_told_apart(self):
        worker = self.keep(Worker(self.scratch)).wait_ready()
        agent = self.keep(Agent(self.scratch, worker.url)).wait_ready()
        wait_until(lambda: agent.status()["sending"]["last_acknowledged"], 15, "a reading sent")
        worker_url, agent_url = worker.url, f"http://127.0.0.1:{agent.port}"
        code, out, err = run("status", f"--server={worker_url}", f"--agent={agent_url}")
        self.assertEqual((code, err), (0, ""), out)
        self.assertRegex(out, rf"^worker   ready   \S+   up \d+ s   {worker_url}\n")
        self.assertRegex(out, r"\n  items   [1-9]\d* applied   ")
        self.assertRegex(out, r"\n  fleet   1 machine   0 held\n")
        self.assertRegex(out, r"\n  ledger  \S+ \S+   last commit \d+ s ago\s+never backed up")
        self.assertRegex(out, r"\nagent    ready   ")
        self.assertRegex(
            out, r"\n  spool   \d+ readings? waiting   (oldest \d+ s   )?acknowledged \d+ s ago\n"
        )
        self.assertLessEqual(max(map(len, out.splitlines())), 80)
        code, out, err = run("status", f"--server={worker_url}", f"--agent={agent_url}", "--json")
        self.assertEqual((code, sorted(json.loads(out))), (0, ["agent", "worker"]))
        version = json.loads(run("version", "--json")[1])["version"]
        self.assertRegex(version, r"^\d+\.\d+\.\d+")
        for name, status in json.loads(out).items():
            self.assertEqual((name, status["version"]), (name, version))

        code, out, err = run("status", f"--server={agent_url}")
        self.assertEqual((code, out), (69, ""))
        self.assertIn(f"{agent_url} is an agent, not a worker: ask it with --agent", err)
        code, out, err = run("status", f"--agent={worker_url}", "--json")
        self.assertEqual((code, out), (69, ""))
        self.assertIn(f"{worker_url} is a worker, not an agent: ask it with --server", err)

    def test_another_web_server_is_named_as_such(self):
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Html) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{server.server_address[1]}"
            for more in ([], ["--json"]):
                code, out, err = run("status", f"--server={url}", *more)
                self.assertEqual((code, out), (69, ""))
                self.assertIn(f"{url} answers, but not as a MeterBill worker", err)
            code, out, err = run("machine", "list", f"--server={url}", "--json")
            self.assertEqual((code, out), (69, ""))
            self.assertIn("is it MeterBill?", err)
            server.shutdown()

    def test_a_server_that_never_answers_is_left_after_ten_seconds(self):
        with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as mute:
            url = f"http://127.0.0.1:{mute.getsockname()[1]}"
            begin = time.monotonic()
            code, out, _ = run("status", f"--server={url}")
            self.assertEqual((code, out), (69, ""))
            self.assertTrue(8 < time.monotonic() - begin < 20)

    def test_nobody_there_and_no_address(self):
        url = f"http://127.0.0.1:{free_port()}"
        code, out, err = run("status", f"--server={url}")
        self.assertEqual((code, out), (69, ""))
        self.assertIn("`systemctl status meterbill-worker` says whether it runs here", err)
        self.assertEqual(run("status", "--server=ftp://x")[0], 64)

    def test_a_broken_configuration_is_shown_unless_a_flag_says_where(self):
        worker = self.keep(Worker(self.scratch)).wait_ready()
        broken = {"METERBILL_WORKER_HTTP_LISTEN": "bad"}
        code, out, err = run("machine", "list", environment=broken)
        self.assertEqual((code, out), (78, ""))
        self.assertIn("environment METERBILL_WORKER_HTTP_LISTEN: http.listen: 'bad'", err)
        self.assertIn("name it with a flag", err)
        code, out, err = run("machine", "list", f"--server={worker.url}", environment=broken)
        self.assertEqual((code, err), (0, ""))
        code, out, err = run("machine", "retire", "web-1", environment=broken)
        self.assertEqual((code, out), (78, ""))


if __name__ == "__main__":
    unittest.main()
