"""Runs unittest suites as parts of `./dev test`: a row `part NAME STATUS WHY` for each test."""

import signal
import sys
import time
import unittest


class _Results(unittest.TextTestResult):
    """Rows are kept in memory until the end."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.rows, self._bad = [], set()

    def startTest(self, test):
        self._from = time.monotonic()
        super().startTest(test)

    def _add(self, test, status, why=""):
        # What a class or a module could not set up has no id of its own.
        name = test.id() if "(" not in test.id() else test.id().replace(" ", "-")
        self.rows.append((name, status, why.replace("\t", " ").splitlines()))

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


def run_parts(group, folder, pattern, file, why_skipped=lambda module: ""):
    """The tests of a folder, as parts GROUP/NAME, added to the results in a file; an exit code. A
    module of which `why_skipped` has something to say is not run."""
    # What was set up is cleared away then, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    suite, rows = unittest.TestSuite(), []
    for module in sorted(path.stem for path in folder.glob(pattern)):
        if why := why_skipped(module):
            rows.append((module, "skipped", [why]))
        else:
            suite.addTests(unittest.defaultTestLoader.loadTestsFromName(module))
    run = unittest.TextTestRunner(verbosity=2, resultclass=_Results).run(suite)
    rows += run.rows
    with open(file, "a", encoding="utf-8") as results:
        for name, status, lines in rows:
            results.write(f"part\t{group}/{name}\t{status}\t{lines[0] if lines else ''}\n")
    return 0 if run.wasSuccessful() and rows else 1
