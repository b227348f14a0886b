"""docs/hazards.md has a row for every hazard, and the tests it names exist."""

import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests" / "mutants"))

from mutant_table import MUTANTS  # noqa: E402

HAZARDS = [f"H{i}" for i in range(1, 32)] + [f"S{i}" for i in range(1, 12)]
# Not built yet, so that nothing can show them.
UNSHOWN = ["H28"]


def rows():
    """[(hazard, what shows it)]"""
    text = (ROOT / "docs" / "hazards.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| ([HS]\d+) \|.*\| ([^|]*) \|$", text, re.MULTILINE)
    return [(hazard, shown) for hazard, shown in found]


def read_all(pattern):
    return "\n".join(p.read_text(encoding="utf-8") for p in sorted(ROOT.glob(pattern)))


class HazardsTest(unittest.TestCase):
    def test_every_hazard_has_one_row(self):
        self.assertEqual([hazard for hazard, _ in rows()], HAZARDS)

    def test_every_hazard_is_shown_by_a_test(self):
        unshown = [hazard for hazard, shown in rows() if "`" not in shown]
        self.assertEqual(unshown, UNSHOWN)

    def test_what_is_named_exists(self):
        sources = read_all("tests/**/*_test.cc") + read_all("tests/contract/*.h")
        tests = set(re.findall(r"\bTEST(?:_F|_P)?\((\w+),\s*(\w+)\)", sources))
        known = {f"{suite}.{name}" for suite, name in tests} | {suite for suite, _ in tests}
        known |= {path.name for path in ROOT.glob("tests/integration/test_*.py")}
        known |= set(re.findall(r"mb_test\((\w+)", read_all("tests/**/CMakeLists.txt")))
        known |= {"tests/tidy"}
        troubles = set(re.findall(r'&Plan::\w+, "(\w+)"', read_all("tests/sim/sim_plan.cc")))
        mutants = {mutant.name for mutant in MUTANTS}
        for hazard, shown in rows():
            for kind, name in re.findall(r"(sim |mutant )?`([^`]+)`", shown):
                where = {"sim ": troubles, "mutant ": mutants}.get(kind, known)
                self.assertIn(name, where, hazard)


if __name__ == "__main__":
    unittest.main()
