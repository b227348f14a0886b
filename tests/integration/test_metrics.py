"""What both services tell Prometheus: accepted by its own checker, in the form that was asked for,
and true."""

import shutil
import subprocess
import unittest

from harness import Agent, ProgramTest, Worker, request, wait_until

PROMETHEUS, OPEN = "text/plain; version=0.0.4", "application/openmetrics-text; version=1.0.0"
# What Accept may say, and what is to come.
ACCEPTS = {
    "": PROMETHEUS,
    "*/*": PROMETHEUS,
    "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5": OPEN,
    "application/openmetrics-text;q=0.3,text/plain;q=0.4": PROMETHEUS,
    "application/openmetrics-text;q=0": PROMETHEUS,
}


class MetricsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.worker = self.keep(Worker(self.scratch)).wait_ready()
        self.agent = self.keep(Agent(self.scratch, self.worker.url)).wait_ready()

    def metrics(self, service, accept=""):
        answer = request(service.port, "GET", "/metrics", headers={"Accept": accept})
        self.assertEqual(answer.status, 200)
        return answer

    def value(self, name):
        lines = self.metrics(self.agent).body.decode().splitlines()
        (value,) = [line.split()[1] for line in lines if line.startswith(name + " ")]
        return value

    def test_promtool_finds_no_fault(self):
        promtool = shutil.which("promtool")
        self.assertIsNotNone(promtool, "promtool is needed: apt-get install prometheus")
        wait_until(lambda: self.worker.counts()["applied"], 20, "a reading applied")
        # It looks at the coverage when it starts: now there is some.
        self.assertEqual(self.worker.stop(), 0)
        self.worker.start().wait_ready()
        name = b"meterbill_worker_machine_coverage_seconds{"
        wait_until(lambda: name in self.metrics(self.worker).body, 20, "coverage of a machine")
        for service in (self.worker, self.agent):
            checked = subprocess.run(
                [promtool, "check", "metrics"],
                input=self.metrics(service).body,
                capture_output=True,
                timeout=60,
                check=False,
            )
            said = (checked.stdout + checked.stderr).decode()
            self.assertEqual((checked.returncode, said), (0, ""), service.name)

    def test_the_form_is_the_one_that_was_asked_for(self):
        for service in (self.worker, self.agent):
            for accept, want in ACCEPTS.items():
                answer = self.metrics(service, accept)
                kind = answer.headers["Content-Type"]
                self.assertEqual(kind, want + "; charset=utf-8", (service.name, accept))
                self.assertEqual(answer.body.endswith(b"# EOF\n"), want == OPEN, service.name)

    def test_the_agent_tells_whether_its_sink_is_there(self):
        self.assertEqual(self.value("meterbill_agent_clock_alarm"), "0")
        self.assertEqual(self.value("meterbill_agent_sink_reachable"), "1")
        self.worker.kill()
        wait_until(
            lambda: self.value("meterbill_agent_sink_reachable") == "0", 20, "an outage", 0.1
        )
        outage = self.agent.status()["sending"]["outage"]
        self.assertIn(str(self.worker.port), outage["detail"])
        self.worker.start().wait_ready()
        wait_until(
            lambda: self.value("meterbill_agent_sink_reachable") == "1", 60, "its end", 0.1
        )

    def test_the_status_says_which_program_it_is(self):
        version = self.agent.get("/version").json()["version"]
        self.assertEqual(self.agent.status()["version"], version)


if __name__ == "__main__":
    unittest.main()
