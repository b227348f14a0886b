#!/usr/bin/python3
"""Remove keeps configuration and state; purge takes all but the ledger, unless debconf was told."""

import os
import select
import unittest

import bed

LEDGER = "/var/lib/meterbill-worker"
OURS = ("meterbill", "meterbill-agent", "meterbill-worker")


class RemoveTest(bed.BoxTest):
    def setUp(self):
        self.box.install()
        self.box.wait_ready()
        self.billed_us = bed.wait_until(self.box.cpu_us, 30, "a bill", poll_s=0.3)

    def exists(self, path):
        return self.box.run("test", "-e", path, check=False).returncode == 0

    def left_over(self):
        """All paths that bear our name, but what the test and the archive put there."""
        found = self.box.run("find", "/", "-xdev", "(", "-path", "/proc", "-o", "-path", "/sys",
                             ")", "-prune", "-o", "-iname", "*meterbill*", "-print").stdout.split()
        found += self.box.run("find", "/run", "-xdev", "-iname", "*meterbill*").stdout.split()
        not_ours = ("/srv/", "/etc/apt/", "/var/lib/apt/lists/", "/var/cache/apt/",
                    "/etc/systemd/system/meterbill-agent.service.d",
                    "/etc/systemd/system/meterbill-worker.service.d")
        return [path for path in found if not (path + "/").startswith(not_ours)]

    def is_gone(self):
        for unit in bed.SERVICES:
            self.assertFalse(self.box.is_active(unit))
            self.assertFalse(self.exists(f"/lib/systemd/system/{unit}"))
            self.assertFalse(self.box.is_active(unit.replace(".service", ".socket")))
        for name in OURS:
            self.assertFalse(self.box.is_installed(name))

    def grows_from(self, billed_us):
        """The ledger is the same one: nothing billed before is missing, and it goes on."""
        self.box.wait_ready()
        bed.wait_until(lambda: self.box.cpu_us() > billed_us, 30, "the bill grown", poll_s=0.3)

    def purge_at_terminal(self, answer):
        """`script` is the terminal; the answer is given when the question stands there."""
        command = "apt-get -q -y -o Dpkg::Use-Pty=0 purge " + " ".join(OURS)
        with self.box.start("script", "-qec", command, "/dev/null", TERM="xterm",
                            DEBIAN_FRONTEND="readline") as process:
            self.addCleanup(process.kill)
            told, screen = "", process.stdout.fileno()
            while "Delete the ledger of MeterBill? [yes/no]" not in told:
                self.assertTrue(select.select([screen], [], [], 60)[0], f"no question:\n{told}")
                piece = os.read(screen, 4096).decode("utf-8", "replace")
                self.assertTrue(piece, f"no question:\n{told}")
                told += piece
            rest, _ = process.communicate(f"{answer}\n", 60)
        self.assertEqual(process.returncode, 0, told + rest)

    def test_remove_keeps_configuration_and_state(self):
        self.box.apt("remove", *OURS)
        self.is_gone()
        for path in ("/etc/meterbill/agent.conf", "/etc/meterbill/agent.conf.d/50-test.conf",
                     "/etc/meterbill/worker.conf", "/var/lib/meterbill-agent/spool.db",
                     f"{LEDGER}/ledger.db"):
            self.assertTrue(self.exists(path), path)
        self.box.install()
        self.grows_from(self.billed_us)

    def test_purge_keeps_the_ledger_and_says_where_it_is(self):
        told = self.box.apt("purge", *OURS)
        self.is_gone()
        self.assertIn(f"kept the ledger in {LEDGER}", told.stdout + told.stderr)
        self.assertEqual(self.left_over(), [LEDGER])
        self.assertTrue(self.exists(f"{LEDGER}/ledger.db"))
        self.box.install()
        self.grows_from(self.billed_us)

    def test_purge_deletes_the_ledger_when_told(self):
        self.box.write("/var/backups/meterbill/copy.db", "somebody's own")
        self.box.run("debconf-set-selections",
                     text="meterbill-worker meterbill-worker/purge-ledger boolean true\n")
        told = self.box.apt("purge", *OURS)
        self.is_gone()
        self.assertIn(f"deleted the ledger in {LEDGER}", told.stdout + told.stderr)
        backups = "/var/backups/meterbill"
        self.assertEqual(self.left_over(), [backups])
        self.box.run("rm", "-r", backups)
        # What was told once holds once.
        self.box.install()
        self.box.wait_ready()
        self.box.apt("purge", *OURS)
        self.assertEqual(self.left_over(), [LEDGER])

    def test_status_asks_only_what_is_installed(self):
        self.box.apt("remove", "meterbill-agent")
        told = self.box.run("meterbill", "status").stdout
        self.assertTrue(told.startswith("worker"), told)
        self.assertNotIn("agent ", told.split("\n", 1)[0])

    def test_purge_asks_at_a_terminal_and_does_as_it_is_told(self):
        self.purge_at_terminal("no")
        self.is_gone()
        self.assertEqual(self.left_over(), [LEDGER])
        self.box.install()
        self.purge_at_terminal("yes")
        self.assertEqual(self.left_over(), [])

    def test_purge_empties_a_disk_of_its_own(self):
        for state in (LEDGER, "/var/lib/meterbill-agent"):
            self.box.run("mount", "-t", "tmpfs", "none", state)
            self.addCleanup(self.box.run, "rm", "-rf", state)
            self.addCleanup(self.box.run, "umount", state)
            self.box.run("touch", f"{state}/left")
        self.box.run("debconf-set-selections",
                     text="meterbill-worker meterbill-worker/purge-ledger boolean true\n")
        self.box.apt("purge", *OURS)
        for state in (LEDGER, "/var/lib/meterbill-agent"):
            self.assertEqual(self.box.run("ls", "-A", state).stdout, "")

    def test_purge_without_debconf_keeps_the_ledger(self):
        module = "/usr/share/debconf/confmodule"
        self.box.apt("remove", *OURS)
        self.box.run("mv", module, module + ".away")
        try:
            told = self.box.run("dpkg", "--purge", *OURS)
        finally:
            self.box.run("mv", module + ".away", module)
        self.assertIn(f"kept the ledger in {LEDGER}", told.stdout + told.stderr)
        self.assertEqual(self.left_over(), [LEDGER])


if __name__ == "__main__":
    unittest.main()
