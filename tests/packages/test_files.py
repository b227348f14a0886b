#!/usr/bin/python3
"""The .deb files by themselves: lintian, scripts, hardening, debug information, and that they agree
with ./dev and CMake."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import built

PROGRAMS = {
    "meterbill": "usr/bin/meterbill",
    "meterbill-agent": "usr/sbin/meterbill-agent",
    "meterbill-worker": "usr/sbin/meterbill-worker",
}


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class Unpacked(unittest.TestCase):
    """Every package, its control files in DEBIAN/."""

    @classmethod
    def setUpClass(cls):
        cls.packages = built.packages()
        cls.scratch = pathlib.Path(tempfile.mkdtemp(prefix="meterbill-debs-"))
        cls.addClassCleanup(shutil.rmtree, cls.scratch)
        cls.trees = {name: built.unpack(package, cls.scratch / name)
                     for name, package in cls.packages.items()}


class HardeningTest(Unpacked):
    def each(self, *options):
        """What readelf tells of each program."""
        for name, path in PROGRAMS.items():
            yield name, output("readelf", "--wide", *options, self.trees[name] / path)

    def test_addresses_are_random(self):
        for name, told in self.each("--file-header", "--dynamic"):
            self.assertRegex(told, r"Type:\s+DYN ", name)
            self.assertRegex(told, r"FLAGS_1.*\bPIE\b", name)

    def test_what_is_linked_cannot_be_redirected(self):
        for name, told in self.each("--segments", "--dynamic"):
            self.assertIn("GNU_RELRO", told, name)
            self.assertRegex(told, r"FLAGS\b.*\bBIND_NOW\b", name)

    def test_the_stack_is_no_code(self):
        for name, told in self.each("--segments"):
            self.assertRegex(told, r"GNU_STACK( +0x[0-9a-f]+){5} RW ", name)

    def test_overflows_are_noticed(self):
        for name, told in self.each("--dyn-syms"):
            self.assertIn("__stack_chk_fail", told, name)
            self.assertRegex(told.replace("__stack_chk_fail", ""), r"\b__\w+_chk@", name)

    def test_debug_packages_are_of_these_programs(self):
        for name, told in self.each("--notes", "--section-headers"):
            self.assertNotIn(".debug_info", told, name)
            identity = re.search(r"Build ID: ([0-9a-f]+)", told)[1]
            folder = self.trees[f"{name}-dbgsym"] / "usr/lib/debug/.build-id" / identity[:2]
            debug = output("readelf", "--wide", "--notes", "--section-headers",
                           folder / f"{identity[2:]}.debug")
            self.assertIn(f"Build ID: {identity}", debug, name)
            self.assertRegex(debug, r"\.debug_info\s+PROGBITS", name)


class ControlTest(Unpacked):
    def test_no_script_of_ours_steers_services_or_accounts(self):
        """What debhelper adds is Debian's own and obeys policy-rc.d; it is marked."""
        added = re.compile(r"# Automatically added by dh_.*?# End automatically added", re.S)
        seen = 0
        for name in built.NAMES:
            for kind in ("preinst", "postinst", "prerm", "postrm", "config"):
                script = self.trees[name] / "DEBIAN" / kind
                if not script.exists():
                    continue
                seen += 1
                own = added.sub("", script.read_text("utf-8"))
                self.assertNotRegex(own, r"systemctl|adduser|useradd|invoke-rc\.d|service ", script)
        self.assertGreaterEqual(seen, 4)

    def test_accounts_come_before_folders_and_services(self):
        for name in ("meterbill-agent", "meterbill-worker"):
            script = (self.trees[name] / "DEBIAN" / "postinst").read_text("utf-8")
            parts = [script.find(word) for word in
                     ("systemd-sysusers", "systemd-tmpfiles", "deb-systemd-invoke")]
            parts = [at for at in parts if at >= 0]
            self.assertEqual(parts, sorted(parts), name)
            self.assertGreaterEqual(len(parts), 2, name)

    def test_configuration_is_protected_and_nothing_else(self):
        for service in ("agent", "worker"):
            name = f"meterbill-{service}"
            conffiles = (self.trees[name] / "DEBIAN" / "conffiles").read_text("utf-8").split()
            self.assertEqual(conffiles, [f"/etc/meterbill/{service}.conf"])
            folder = self.trees[name] / f"etc/meterbill/{service}.conf.d"
            self.assertEqual(list(folder.iterdir()), [])

    def test_services_want_the_command_of_their_own_version(self):
        for name in ("meterbill-agent", "meterbill-worker"):
            version = built.field(self.packages[name], "Version")
            self.assertIn(f"meterbill (= {version})", built.field(self.packages[name], "Depends"))

    def test_prices_are_there_to_start_from(self):
        example = self.trees["meterbill-worker"] / "usr/share/doc/meterbill-worker/examples"
        self.assertEqual((example / "prices.toml").read_bytes(),
                         (built.ROOT / "etc" / "prices.toml").read_bytes())

    def test_one_version_everywhere(self):
        project = re.search(r"project\(meterbill VERSION ([\d.]+)",
                            (built.ROOT / "CMakeLists.txt").read_text("utf-8"))[1]
        self.assertEqual({built.field(package, "Version") for package in self.packages.values()},
                         {project})

    def test_control_names_what_dev_installs(self):
        dev = (built.ROOT / "dev").read_text("utf-8")
        listed = set(re.search(r"packages_build=\((.*?)\)", dev, re.S)[1].split())
        control = (built.ROOT / "packaging" / "deb" / "control").read_text("utf-8")
        clause = re.search(r"^Build-Depends:(.*?)^\S", control, re.S | re.M)[1]
        needed = {entry.split()[0] for entry in clause.split(",") if entry.strip()}
        # A compiler is part of every build of Debian; ccache only makes it faster.
        self.assertEqual(needed - {"debhelper-compat"}, listed - {"g++", "ccache"})


class SigningKeyTest(unittest.TestCase):
    def test_the_key_that_is_named_signs(self):
        scratch = pathlib.Path(tempfile.mkdtemp(prefix="meterbill-key-"))
        self.addCleanup(shutil.rmtree, scratch)
        environment = {**os.environ, "GNUPGHOME": str(scratch / "home")}
        (scratch / "home").mkdir(mode=0o700)

        def gpg(*words):
            return subprocess.run(["gpg", "--batch", "--quiet", *words], env=environment,
                                  capture_output=True, check=True).stdout

        self.addCleanup(subprocess.run, ["gpgconf", "--kill", "all"], env=environment, check=True)
        for who in ("other@example.org", "packages@example.org"):
            gpg("--passphrase", "", "--quick-generate-key", who, "ed25519", "sign", "never")
        subprocess.run(
            [built.ROOT / "packaging/apt_repository.sh", scratch / "apt", scratch / "unused",
             built.packages()["meterbill"]], check=True,
            env={**environment, "METERBILL_SIGNING_KEY": "packages@example.org"})
        self.assertFalse((scratch / "unused").exists())
        ring = scratch / "ring.gpg"
        ring.write_bytes(gpg("--export", "packages@example.org"))
        release = next(scratch.glob("apt/dists/*/InRelease"))
        output("gpgv", "--keyring", ring, release)
        told = (scratch / "meterbill-archive-keyring.asc").read_bytes()
        self.assertEqual(told, gpg("--armor", "--export", "packages@example.org"))


class LintianTest(unittest.TestCase):
    def test_lintian_has_nothing_to_say(self):
        changes = list((built.ROOT / "build" / "deb").glob("*.changes"))
        self.assertEqual(len(changes), 1)
        # Its spelling looks at machine code too, which now and then is nearly a word.
        done = subprocess.run(
            ["lintian", "--allow-root", "--display-info", "--fail-on", "error,warning,info",
             "--suppress-tags", "spelling-error-in-binary", changes[0]],
            capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)


if __name__ == "__main__":
    unittest.main()
