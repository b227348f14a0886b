"""What an installation puts beside the programs: manual pages, and completion for the shells."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from harness import ROOT, bin_dir, have_programs, program

PAGES = {
    "cli": ["man1/meterbill.1", "man5/meterbill.conf.5", "man5/meterbill-prices.5"],
    "agent": ["man8/meterbill-agent.8"],
    "worker": ["man8/meterbill-worker.8"],
}
SCRIPTS = {
    "bash": "bash-completion/completions/meterbill",
    "zsh": "zsh/vendor-completions/_meterbill",
    "fish": "fish/vendor_completions.d/meterbill.fish",
}


@unittest.skipUnless(have_programs(), f"no programs in {bin_dir()}: build them first")
class InstallTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = pathlib.Path(scratch.name)

    def install(self, component):
        """Installs one component; the folder that holds its share/."""
        root = self.root / component
        subprocess.run(
            ["cmake", "--install", bin_dir().parent, "--component", component, "--prefix", "/usr"],
            env={**os.environ, "DESTDIR": str(root)},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return root / "usr" / "share"

    def test_each_component_has_its_pages_and_no_other(self):
        for component, pages in PAGES.items():
            man = self.install(component) / "man"
            found = sorted(str(page.relative_to(man)) for page in man.rglob("*") if page.is_file())
            self.assertEqual(found, sorted(pages))
            for page in pages:
                committed = ROOT / "packaging" / "man" / pathlib.Path(page).name
                self.assertEqual((man / page).read_bytes(), committed.read_bytes())

    def test_shells_find_what_the_program_prints(self):
        share = self.install("cli")
        for shell, script in SCRIPTS.items():
            printed = subprocess.run(
                [program("meterbill"), "completion", shell], capture_output=True, check=True
            ).stdout
            self.assertGreater(len(printed), 1000)
            self.assertEqual((share / script).read_bytes(), printed)

    def test_what_each_directive_costs_and_protects_is_told(self):
        text = (ROOT / "docs" / "operations.md").read_text("utf-8")
        table = text.partition("## What each directive costs and protects")[2].partition("\n## ")[0]
        told = set(re.findall(r"[A-Z][A-Za-z]+(?=[`= ])", table))
        for unit in (ROOT / "systemd").glob("*.service"):
            service = unit.read_text("utf-8").partition("[Service]")[2].partition("[Install]")[0]
            used = set(re.findall(r"^([A-Z][A-Za-z]+)=", service, re.MULTILINE))
            self.assertGreater(len(used), 40)
            # That a program is started needs no word.
            self.assertEqual(used - told - {"ExecStart"}, set(), unit.name)


if __name__ == "__main__":
    unittest.main()
