#!/usr/bin/python3
"""An upgrade restarts what runs, loses no usage, and leaves alone what an operator decided."""

import contextlib
import pathlib
import unittest

import bed
import built

CONFIG = "etc/meterbill/{}.conf"


class UpgradeUnderLoadTest(bed.BoxTest):
    """CounterTruth reads the kernel's counters itself, before the agent's first reading and around
    its last: an upgrade in between may take nothing away and add nothing."""

    @contextlib.contextmanager
    def load(self):
        """Two processors' worth of work for as long as the block lasts."""
        units = ("load-1", "load-2")
        for unit in units:
            self.box.run("systemd-run", f"--unit={unit}", "sh", "-c", "while :; do :; done")
        try:
            yield
        finally:
            self.box.run("systemctl", "stop", *units)

    def pids(self):
        return [self.box.show(unit, "MainPID") for unit in bed.SERVICES]

    def test_no_usage_is_lost(self):
        agent = bed.InstalledAgent(self.box, self.scratch)
        truth = bed.CounterTruth(agent)
        self.box.install()
        self.box.wait_ready()
        bed.wait_until(lambda: self.box.cpu_us() > 0, 30, "a bill", poll_s=0.3)
        truth.started()
        with self.load():
            old_pids, old = self.pids(), self.box.version("meterbill-agent")
            self.offer_later()
            before_us = self.box.cpu_us()
            self.box.apt("upgrade")
            self.box.wait_ready()
            for name in built.NAMES:
                self.assertEqual(self.box.version(name), built.later_version())
            self.assertNotEqual(old, built.later_version())
            for old_pid, pid in zip(old_pids, self.pids()):
                self.assertNotIn(pid, ("0", old_pid), "still the old program")
            bed.wait_until(lambda: self.box.cpu_us() > before_us + 2_000_000, 60,
                           "two seconds of work billed after the upgrade", poll_s=0.3)
        self.assertEqual(truth.stop_agent(agent.start), 0)
        counted = truth.counted()
        bed.wait_until(lambda: self.box.cpu_us() == counted["cpu"], 30,
                       f"all {counted['cpu']} us billed", poll_s=0.3)
        truth.check(self, self.box.usage())
        coverage = self.box.billed()["coverage"]
        covered = sum(int(coverage[f"{kind}_us"]) for kind in ("metered", "estimated"))
        self.assertEqual(covered, counted["uptime"])
        self.assertEqual(coverage["missing_us"], "0")
        for unit in bed.SERVICES:
            self.assertTrue(self.box.is_enabled(unit))
            self.assertEqual(self.box.show(unit, "NRestarts"), "0", "it had failed")


class UpgradeDisabledTest(bed.BoxTest):
    def test_what_was_switched_off_stays_off(self):
        agent, worker = bed.SERVICES
        self.box.install()
        self.box.wait_ready()
        # One stopped, one only kept from the next boot: it runs on, as the new version.
        self.box.run("systemctl", "disable", "--now", agent)
        self.box.run("systemctl", "disable", worker)
        old = self.box.show(worker, "MainPID")
        self.offer_later()
        self.box.apt("upgrade")
        self.assertEqual(self.box.version("meterbill-agent"), built.later_version())
        for unit in bed.SERVICES:
            self.assertFalse(self.box.is_enabled(unit), unit)
        self.assertFalse(self.box.is_active(agent))
        self.assertFalse(self.box.is_active("meterbill-agent.socket"))
        self.assertTrue(self.box.is_active(worker))
        self.assertNotIn(self.box.show(worker, "MainPID"), ("0", old))

        self.box.run("systemctl", "enable", "--now", *bed.SERVICES)
        self.box.wait_ready()


class UpgradeConfigurationTest(bed.BoxTest):
    def test_an_operator_s_file_is_kept_and_an_untouched_one_is_renewed(self):
        self.box.install()
        self.box.wait_ready()
        own = self.box.path("/" + CONFIG.format("agent"))
        text = own.read_text("utf-8") + "\n[log]\nlevel = notice\n"
        own.write_text(text, "utf-8")

        def change(_name, tree):
            for service in ("agent", "worker"):
                path = pathlib.Path(tree, CONFIG.format(service))
                if path.exists():
                    path.write_text(path.read_text("utf-8") + "# of the later version\n", "utf-8")

        self.offer_later(change)
        self.box.apt("-o", "DPkg::Options::=--force-confold", "upgrade")
        self.assertEqual(own.read_text("utf-8"), text)
        offered = self.box.path(f"/{CONFIG.format('agent')}.dpkg-dist").read_text("utf-8")
        self.assertTrue(offered.endswith("# of the later version\n"))
        renewed = self.box.path("/" + CONFIG.format("worker")).read_text("utf-8")
        self.assertTrue(renewed.endswith("# of the later version\n"))
        self.box.wait_ready()
        shown = self.box.run("meterbill", "config", "show", "agent", "--origin").stdout
        self.assertRegex(shown, r"log\.level\b.*notice.*agent\.conf")


if __name__ == "__main__":
    unittest.main()
