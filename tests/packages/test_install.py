#!/usr/bin/python3
"""apt installs both services from the signed repository, and they bill at once; apt refuses a
repository that is not what we signed."""

import stat
import unittest

import bed
import built


class InstallTest(bed.BoxTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.box.install()
        cls.box.wait_ready()

    def owner(self, path):
        return self.box.run("stat", "-c", "%U:%G", path).stdout.strip()

    def mode(self, path):
        return int(self.box.run("stat", "-c", "%f", path).stdout, 16)

    def test_both_services_are_active_enabled_and_ready(self):
        for unit in bed.SERVICES:
            self.assertTrue(self.box.is_active(unit), unit)
            self.assertTrue(self.box.is_enabled(unit), unit)
            self.assertEqual(self.box.show(unit, "NRestarts"), "0", unit)
            self.assertEqual(self.box.show(unit, "Type"), "notify", unit)
        self.assertEqual(self.box.run("systemctl", "--failed", "--no-legend").stdout, "")

    def test_a_bill_appears_and_grows(self):
        first = bed.wait_until(self.box.cpu_us, 30, "a bill with processor time", poll_s=0.3)
        bed.wait_until(lambda: self.box.cpu_us() > first, 30, "the bill grown", poll_s=0.3)
        self.assertEqual(self.box.billed()["machine"], "box")

    def test_sockets_are_for_the_group(self):
        for service in ("agent", "worker"):
            unit = f"meterbill-{service}.socket"
            self.assertTrue(self.box.is_active(unit), unit)
            self.assertFalse(self.box.is_enabled(unit), unit)
            path = f"/run/meterbill-{service}/control.sock"
            self.assertEqual(self.owner(path), "root:meterbill")
            self.assertEqual(self.mode(path), stat.S_IFSOCK | 0o660)

    def test_accounts_are_of_the_system_and_live_in_their_state(self):
        for name in ("meterbill-agent", "meterbill-worker"):
            entry = self.box.run("getent", "passwd", name).stdout.strip().split(":")
            self.assertLess(int(entry[2]), 1000)
            self.assertEqual(entry[5], f"/var/lib/{name}")
            self.assertEqual(entry[6], "/usr/sbin/nologin")
            shadow = self.box.run("getent", "shadow", name).stdout.split(":")
            self.assertTrue(shadow[1].startswith("!"), "can log in")
        self.assertEqual(self.box.run("getent", "group", "meterbill").returncode, 0)

    def test_what_they_write_is_theirs_alone(self):
        for name in ("meterbill-agent", "meterbill-worker"):
            folder = f"/var/lib/{name}"
            self.assertEqual(self.owner(folder), f"{name}:{name}")
            self.assertEqual(self.mode(folder), stat.S_IFDIR | 0o750)
            open_files = self.box.run("find", folder, "-type", "f", "-perm", "/077").stdout
            self.assertEqual(open_files, "")
            foreign = self.box.run("find", folder, "!", "-user", name).stdout
            self.assertEqual(foreign, "")
        self.assertEqual(self.owner("/var/backups/meterbill"), "meterbill-worker:meterbill")
        self.assertEqual(self.mode("/var/backups/meterbill"), stat.S_IFDIR | 0o750)

    def test_configuration_is_root_s_and_stands_with_its_defaults(self):
        for service in ("agent", "worker"):
            path = f"/etc/meterbill/{service}.conf"
            self.assertEqual(self.owner(path), "root:root")
            self.assertEqual(self.mode(path), stat.S_IFREG | 0o644)
            self.assertEqual(self.mode(path + ".d"), stat.S_IFDIR | 0o755)
            self.box.run("meterbill", "config", "check", service)

    def test_installed_files_are_as_packed(self):
        for name in built.NAMES:
            self.assertEqual(self.box.run("dpkg", "--verify", name).stdout, "", name)


class RefusedRepositoryTest(bed.BoxTest):
    def offer_changed(self, change):
        repository = self.box.path("/srv/meterbill")
        self.box.offer(built.DIST / "apt")
        self.box.run("rm", "-rf", "/var/lib/apt/lists")
        change(repository)

    def test_the_real_one_is_taken(self):
        self.offer_changed(lambda repository: None)
        self.box.update()
        offered = self.box.run("apt-cache", "policy", "meterbill-agent").stdout
        self.assertIn("file:/srv/meterbill", offered)

    def test_one_without_a_signature(self):
        def unsign(repository):
            for name in ("InRelease", "Release.gpg"):
                next(repository.glob(f"dists/*/{name}")).unlink()

        self.offer_changed(unsign)
        self.assertIn("is not signed", self.fails_to(self.box.update))

    def test_one_whose_signed_text_was_changed(self):
        def edit(repository):
            path = next(repository.glob("dists/*/InRelease"))
            path.write_text(path.read_text("utf-8").replace("MeterBill", "MeterBull"), "utf-8")

        self.offer_changed(edit)
        self.assertIn("BADSIG", self.fails_to(self.box.update))

    def test_one_signed_by_somebody_else(self):
        other = built.sign_repository(self.scratch / "other", built.DIST, self.scratch / "keys")
        self.box.offer(other)
        self.assertIn("NO_PUBKEY", self.fails_to(self.box.update))

    def test_one_whose_index_was_changed(self):
        def edit(repository):
            for path in repository.glob("dists/*/main/binary-*/Packages*"):
                path.write_bytes(path.read_bytes()[:-1] + b"#")

        self.offer_changed(edit)
        self.assertRegex(self.fails_to(self.box.update), "[Hh]ash|[Ss]ize")

    def test_one_with_another_package_in_the_place_of_ours(self):
        def swap(repository):
            ours = next(repository.glob("pool/main/meterbill_*.deb"))
            other = next(repository.glob("pool/main/meterbill-agent_*.deb"))
            ours.write_bytes(other.read_bytes())

        self.offer_changed(swap)
        self.box.update()
        told = self.fails_to(self.box.apt, "install", "meterbill")
        self.assertRegex(told, "[Hh]ash|[Ss]ize")
        self.assertFalse(self.box.is_installed("meterbill"))


if __name__ == "__main__":
    unittest.main()
