"""The tests of units, contracts and goldens as programs of Windows, each in Wine."""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as xml

import wine

BUILD = pathlib.Path(__file__).resolve().parents[2] / "build/windows"
LABELS = {"unit", "contract", "golden"}
LIMIT_S = 900


def programs():
    """Name → program, as the build lists them."""
    listed = json.loads(subprocess.run(
        ["ctest", "--test-dir", BUILD, "--show-only=json-v1"],
        capture_output=True, text=True, check=True).stdout)
    return {test["name"]: test["command"][0] for test in listed["tests"]
            if LABELS & {label for entry in test["properties"] if entry["name"] == "LABELS"
                         for label in entry["value"]}}


class ProgramsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = pathlib.Path(cls.enterClassContext(
            tempfile.TemporaryDirectory(dir="/var/tmp", ignore_cleanup_errors=True)))
        cls.prefix = cls.enterClassContext(wine.Prefix(scratch))
        pool = cls.enterClassContext(concurrent.futures.ThreadPoolExecutor(os.cpu_count()))
        cls.results = {name: pool.submit(cls.run_one, program, scratch / f"{name}.xml")
                       for name, program in programs().items()}

    @classmethod
    def run_one(cls, program, report):
        done = cls.prefix.run(program, f"--gtest_output=xml:{wine.Prefix.inside(report)}",
                              check=False, timeout_s=LIMIT_S)
        return done, report

    def check(self, name):
        done, report = self.results[name].result()
        self.assertTrue(report.exists(), f"exit {done.code}\n{done.out[-4000:]}{done.err[-2000:]}")
        cases = list(xml.parse(report).getroot().iter("testcase"))
        failed = [f"{case.get('classname')}.{case.get('name')}: {failure.get('message')}"
                  for case in cases for failure in case.iter("failure")]
        print(f"{name}: {len(cases)} tests, {len(failed)} failures")
        self.assertFalse(failed, "\n".join(failed))
        self.assertEqual(done.code, 0, done.out[-2000:])
        self.assertGreater(len(cases), 0)


for _name in programs():
    setattr(ProgramsTest, f"test_{_name}", lambda self, name=_name: self.check(name))

if __name__ == "__main__":
    unittest.main()
