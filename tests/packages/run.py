#!/usr/bin/python3
"""Runs the tests of the packages and adds what came of each to the results of `./dev test`."""

import argparse
import pathlib
import signal
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
# They look at files, and ask for no machine.
WITHOUT_MACHINE = ("test_files", "test_rpm", "test_rpm_programs")
sys.path.insert(0, str(HERE))
import root_image


class Results(unittest.TextTestResult):
    """Rows `part NAME STATUS WHY`, in memory until the end."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.rows, self._bad = [], set()

    def startTest(self, test):
        self._from = time.monotonic()
        super().startTest(test)

    def _add(self, test, status, why=""):
        # What a class or a module could not set up has no id of its own.
        name = test.id() if "(" not in test.id() else test.id().replace(" ", "-")
        self.rows.append((f"packages/{name}", status, why.replace("\t", " ").splitlines()))

    def addSuccess(self, test):
        super().addSuccess(test)
        if test.id() not in self._bad:
            self._add(test, "passed")
        self.stream.writeln(f"    {time.monotonic() - self._from:.1f} s")

    def _add_failure(self, test, error):
        self._bad.add(test.id())
        self._add(test, "failed", str(error[1]))

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self._add_failure(test, error)

    def addError(self, test, error):
        super().addError(test, error)
        self._add_failure(test, error)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self._add_failure(test, error)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._add(test, "skipped", reason)


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__)
    parser.add_argument("--results", required=True, help="file of `./dev test` to append to")
    parser.add_argument("pattern", nargs="?", default="test_*.py")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # containers are then powered off
    root_image.clear_away()
    why = root_image.why_not_here()
    suite = unittest.TestSuite()
    rows = []
    for file in sorted(HERE.glob(arguments.pattern)):
        if why and file.stem not in WITHOUT_MACHINE:
            rows.append((f"packages/{file.stem}", "skipped", [why]))
            continue
        suite.addTests(unittest.defaultTestLoader.loadTestsFromName(file.stem))
    run = unittest.TextTestRunner(verbosity=2, resultclass=Results).run(suite)
    with open(arguments.results, "a", encoding="utf-8") as results:
        for name, status, lines in rows + run.rows:
            results.write(f"part\t{name}\t{status}\t{lines[0] if lines else ''}\n")
    return 0 if run.wasSuccessful() and (rows or run.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
