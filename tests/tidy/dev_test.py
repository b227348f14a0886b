#!/usr/bin/python3
"""./dev lists what works and nothing else; the summary of a test run hides no failure or skip."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SUMMARY = os.path.join(ROOT, "tests", "support", "test_summary.py")


def run(*command, cwd=ROOT):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def listed(help_text):
    return re.findall(r"^  ([a-z]+)", help_text, re.MULTILINE)


class DevTest(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def bare_copy(self):
        for name in ("dev", "CMakePresets.json"):
            shutil.copy(os.path.join(ROOT, name), self.folder)
        return self.folder

    def test_help_lists_exactly_the_subcommands_that_exist(self):
        code, text, _ = run("./dev", "--help")
        self.assertEqual(code, 0)
        with open(os.path.join(ROOT, "dev"), encoding="utf-8") as file:
            written = set(re.findall(r"^cmd_(\w+)\(\)", file.read(), re.MULTILINE))
        if not os.path.exists(os.path.join(ROOT, "tests", "support", "run_demo.py")):
            written.remove("run")
        self.assertEqual(sorted(listed(text)), sorted(written))
        for name in listed(text):
            code, text, _ = run("./dev", name, "--help")
            self.assertEqual(code, 0, name)
            self.assertTrue(text.startswith(f"usage: ./dev {name}"), text)

    def test_help_in_all_its_forms_is_the_same(self):
        texts = {run("./dev", *words)[:2] for words in ((), ("help",), ("-h",), ("--help",))}
        self.assertEqual(len(texts), 1)

    def test_run_is_listed_only_where_its_script_is(self):
        folder = self.bare_copy()
        self.assertNotIn("run", listed(run("./dev", "help", cwd=folder)[1]))
        self.assertEqual(run("./dev", "run", cwd=folder)[0], 64)
        os.makedirs(os.path.join(folder, "tests", "support"))
        with open(os.path.join(folder, "tests", "support", "run_demo.py"), "w", encoding="utf-8"):
            pass
        self.assertIn("run", listed(run("./dev", "help", cwd=folder)[1]))

    def test_an_unknown_word_names_the_nearest_known_one(self):
        for words, nearest in (
            (("tets",), "test"),
            (("biuld",), "build"),
            (("chekc", "--changed"), "check"),
            (("build", "relase"), "release"),
            (("build", "asan"), "tsan"),
        ):
            code, out, err = run("./dev", *words)
            self.assertEqual((code, out), (64, ""), words)
            self.assertIn(f"did you mean '{nearest}'?", err)

    def test_unknown_options_are_refused_before_anything_is_installed(self):
        for words in (
            ("test", "--al"),
            ("test", "--packages", "deb"),
            ("package",),
            ("package", "dep"),
            ("check", "all"),
            ("clean", "x"),
            ("build", "debug", "x"),
            ("chaos", "--seed", "1"),
            ("chaos", "--minutes", "0"),
        ):
            self.assertEqual(run("./dev", *words)[0], 64, words)


class CiTest(unittest.TestCase):
    def test_ci_tests_where_no_golden_text_is_rewritten(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        shutil.copytree(os.path.join(ROOT, ".ci"), os.path.join(folder, ".ci"))
        path = os.path.join(folder, "dev")
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\nprintenv CI\n")
        os.chmod(path, 0o755)
        environment = {name: value for name, value in os.environ.items() if name != "CI"}
        done = subprocess.run([os.path.join(folder, ".ci", "run")], env=environment,
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout.splitlines()[:1]), (0, ["1"]))


    def test_ci_ends_with_the_result_of_every_part(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        shutil.copytree(os.path.join(ROOT, ".ci"), os.path.join(folder, ".ci"))
        path = os.path.join(folder, "dev")
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\necho noise\necho '== result'\n"
                       "echo \"failed: $# word\"\nexit $#\n")
        os.chmod(path, 0o755)
        done = subprocess.run([os.path.join(folder, ".ci", "run")],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        _, _, end = done.stdout.partition("== all results\n")
        self.assertIn("failed: 1 word", end)
        self.assertIn("failed: 2 word", end)
        self.assertNotIn("noise", end)


class SummaryTest(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def summarize(self, cases="", parts="", skips=""):
        report = self.write("junit.xml", f"<testsuite>{cases}</testsuite>")
        results = self.write("results.tsv", f"junit\trelease\t{report}\n{parts}")
        allowed = self.write("skips.txt", skips)
        code, out, err = run(sys.executable, SUMMARY, "--skips", allowed, results)
        return code, (out.splitlines() or [""])[-1], out + err

    def test_all_passed(self):
        code, last, _ = self.summarize('<testcase name="a" status="run"/>', "part\tx\tpassed\t\n")
        self.assertEqual((code, last), (0, "2 passed, 0 failed, 0 skipped"))

    def test_a_failed_test_or_part_fails_the_run(self):
        code, last, text = self.summarize('<testcase name="a" status="fail"/>')
        self.assertEqual((code, last), (1, "0 passed, 1 failed, 0 skipped"))
        self.assertIn("failed: a", text)
        self.assertEqual(self.summarize(parts="part\tx\tfailed\tno\n")[0], 1)

    def test_the_end_of_what_a_failed_test_printed_is_repeated(self):
        lines = "\n".join(f"line {number}" for number in range(100))
        for status, repeated in (("fail", True), ("run", False)):
            case = (f'<testcase name="a" status="{status}">'
                    f"<system-out>{lines}</system-out></testcase>")
            _, _, text = self.summarize(case)
            self.assertEqual("| line 99" in text, repeated, status)
            self.assertNotIn("| line 9\n", text)

    def test_a_test_whose_program_is_missing_failed(self):
        case = ('<testcase name="a" status="notrun">'
                '<skipped message="Unable to find executable"/></testcase>')
        self.assertEqual(self.summarize(case)[:2], (1, "0 passed, 1 failed, 0 skipped"))

    def test_a_skip_must_be_listed_with_its_reason(self):
        case = ('<testcase name="KafkaTest.Away" status="notrun">'
                '<skipped message="SKIP_RETURN_CODE=77"/></testcase>')
        self.assertEqual(self.summarize(case)[:2], (1, "0 passed, 0 failed, 1 skipped"))
        code, last, text = self.summarize(case, skips="# why\nKafkaTest.* no broker here\n")
        self.assertEqual((code, last), (0, "0 passed, 0 failed, 1 skipped"))
        self.assertIn("no broker here", text)
        self.assertEqual(self.summarize(case, skips="KafkaTest.Away\n")[0], 1)
        self.assertEqual(self.summarize(case, skips="Other.* reason\n")[0], 1)

    def test_a_disabled_test_is_a_skip_that_must_be_listed(self):
        case = '<testcase name="a" status="disabled"><skipped message="Disabled"/></testcase>'
        self.assertEqual(self.summarize(case)[:2], (1, "0 passed, 0 failed, 1 skipped"))

    def test_a_part_that_cannot_run_is_a_skip_that_must_be_listed(self):
        part = "part\ttsan\tskipped\tno room for its shadow\n"
        self.assertEqual(self.summarize(parts=part)[0], 1)
        self.assertEqual(self.summarize(parts=part, skips="part:tsan small machine\n")[0], 0)

    def test_a_run_of_nothing_fails(self):
        self.assertEqual(self.summarize()[:2], (1, "0 passed, 0 failed, 0 skipped"))


if __name__ == "__main__":
    unittest.main()
