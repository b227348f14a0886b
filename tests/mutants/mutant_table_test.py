"""The table of guards fits the sources: each guard stands where the table says, once."""

import unittest

import mutants
from mutant_table import MUTANTS


class MutantTable(unittest.TestCase):
    def test_every_guard_stands_once_in_its_file(self):
        mutants.mutated(mutants.sources())

    def test_a_guard_that_was_rewritten_is_named(self):
        texts = mutants.sources()
        gone = MUTANTS[0]
        texts[gone.file] = texts[gone.file].replace(gone.keep, "")
        with self.assertRaisesRegex(mutants.Broken, gone.name):
            mutants.mutated(texts)

    def test_the_document_has_a_row_for_each_guard(self):
        text = (mutants.ROOT / "docs" / "verification.md").read_text(encoding="utf-8")
        table = text.split("| guard taken out | noticed by |\n", 1)[1].split("\n\n", 1)[0]
        rows = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()[1:]]
        self.assertEqual(sorted(rows), sorted(mutant.what for mutant in MUTANTS))

    def test_names_differ_and_each_switch_is_in_its_text(self):
        self.assertEqual(len({mutant.name for mutant in MUTANTS}), len(MUTANTS))
        for mutant in MUTANTS:
            self.assertIn(f'mutant("{mutant.name}")', mutant.out)


if __name__ == "__main__":
    unittest.main()
