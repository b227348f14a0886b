"""What the RPM packages need, hold and do, read from the files: nothing is installed."""

import re
import stat
import subprocess
import tempfile
import unittest

import rhel9
from rpm_files import NAMES, PROGRAMS, ROOT, built, files, needs, output, pathlib, scripts
from rpm_files import symbol_versions, unpack

PACKAGES = built()
SERVICES = ("meterbill-agent", "meterbill-worker")


class RpmTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.root = unpack(PACKAGES["meterbill"], pathlib.Path(scratch.name))
        for name in SERVICES:
            unpack(PACKAGES[name], cls.root)
        cls.programs = {name: cls.root / path for name, path in PROGRAMS.items()}

    def test_no_symbol_is_newer_than_those_of_rhel_9(self):
        highest = {}
        for name, program in self.programs.items():
            for kind, versions in symbol_versions(program).items():
                self.assertIn(kind, rhel9.NEWEST, name)
                highest[kind] = max(highest.get(kind, ()), *versions)
                self.assertLessEqual(max(versions), rhel9.NEWEST[kind], f"{name}: {kind}")
        told = ", ".join(f"{kind}_{'.'.join(map(str, version))}"
                         for kind, version in sorted(highest.items()))
        print(f"\nhighest symbol versions needed: {told}")
        self.assertIn("GLIBC", highest)
        self.assertIn("GLIBCXX", highest)

    def test_nothing_is_required_but_what_every_such_machine_has(self):
        version = output("rpm", "-qp", "--qf", "%{VERSION}-%{RELEASE}", PACKAGES["meterbill"])
        given = {*rhel9.provides(), "/bin/sh", "shadow-utils", "tzdata", "rtld(GNU_HASH)"}
        own = {"systemd >= 249", f"meterbill = {version}"}
        for name in NAMES:
            wanted = {need for need in needs(PACKAGES[name]) if not need.startswith("config(")}
            allowed = given if name == "meterbill" else given | own
            self.assertEqual(wanted - allowed, set(), name)
            self.assertTrue(any(need.startswith("libc.so.6(GLIBC_") for need in wanted), name)
            if name != "meterbill":
                self.assertLessEqual(own, wanted, name)

    def test_what_is_dynamic_are_glibc_libstdcxx_libgcc_and_libsystemd(self):
        for name, program in self.programs.items():
            linked = set(re.findall(r"NEEDED.*\[(.*)\]", output("readelf", "-d", program)))
            self.assertLessEqual(linked, set(rhel9.LIBRARIES), name)

    def test_each_file_stands_where_it_should_with_its_mode(self):
        for name in NAMES:
            found = files(PACKAGES[name])
            for path in EXPECTED[name]:
                self.assertIn(path, found, name)
            for path, (mode, owner, group, _) in found.items():
                self.assertRegex(path, ALLOWED[name])
                self.assertEqual((owner, group), ("root", "root"), path)
                is_program = path in ("/usr/bin/meterbill", f"/usr/sbin/{name}")
                is_folder_or_link = (self.root / path[1:]).is_dir() or "/.build-id/" in path
                self.assertIn(mode, {0o755, 0o777} if is_folder_or_link
                              else {0o755} if is_program else {0o644}, path)

    def test_configuration_is_never_replaced(self):
        for name in SERVICES:
            config = {path: flags for path, (mode, _, _, flags) in files(PACKAGES[name]).items()
                      if path.startswith("/etc/") and (self.root / path[1:]).is_file()}
            self.assertEqual(set(config), {f"/etc/meterbill/{name.partition('-')[2]}.conf"})
            for path, flags in config.items():
                self.assertLessEqual({"c", "n"}, set(flags), path)

    def test_services_are_left_to_presets(self):
        """Fedora: a package neither enables itself nor starts, and restarts only what runs."""
        for name in NAMES:
            for when, text in scripts(PACKAGES[name]).items():
                self.assertNotRegex(text, r"systemctl|\benable\b|\bstart\b", f"{name} {when}")
            for path in files(PACKAGES[name]):
                self.assertNotIn("preset", path)
        for name in SERVICES:
            run = scripts(PACKAGES[name])
            self.assertEqual(set(run), {"pre", "post", "preun", "postun"})
            for when, condition, command in (
                    ("post", "-eq 1", "install-system-units"),
                    ("preun", "-eq 0", "remove-system-units"),
                    ("postun", "-ge 1", "mark-restart-system-units")):
                self.assertRegex(run[when], rf"if \[ \$1 {condition} \](?s:.)*"
                                 rf"systemd-update-helper {command} {name}\.service", when)

    def test_scripts_remove_nothing(self):
        for name in NAMES:
            for when, text in scripts(PACKAGES[name]).items():
                run = re.sub(r'"[^"]*"', "", text)
                self.assertNotRegex(run, r"\brm\b|\buserdel\b|\bgroupdel\b", f"{name} {when}")

    def test_accounts_are_those_of_sysusers(self):
        for name in NAMES:
            text = scripts(PACKAGES[name])["pre"]
            said = (self.root / f"usr/lib/sysusers.d/{name}.conf").read_text("utf-8")
            for line in said.splitlines():
                if line.startswith("g "):
                    self.assertIn(f"groupadd -r {line.split()[1]}", text)
                elif line.startswith("u "):
                    _, user, _, about, home = re.match(
                        r'(u) (\S+) (\S+) "(.*)" (\S+)$', line).groups()
                    for word in (f"-d {home}", f'-c "{about}" {user}', f"-g {user}",
                                 "-s /usr/sbin/nologin"):
                        self.assertIn(word, text)

    def test_rpmlint_has_nothing_to_say(self):
        told = subprocess.run(["rpmlint", "-c", ROOT / "packaging/rpm/rpmlint.toml",
                               *PACKAGES.values()], capture_output=True, text=True, check=False)
        self.assertIn(" 0 errors, 0 warnings", told.stdout, told.stderr)
        self.assertEqual(told.returncode, 0, told.stdout)


PROGRAM_ID = r"/usr/lib/\.build-id(/../?[0-9a-f]*)?"
DOCS = r"/usr/share/(doc|licenses)/meterbill(/.*)?"
EXPECTED = {"meterbill": ["/etc/meterbill", "/usr/bin/meterbill",
                          "/usr/lib/sysusers.d/meterbill.conf",
                          "/usr/share/man/man1/meterbill.1.gz",
                          "/usr/share/zsh/site-functions/_meterbill",
                          "/usr/share/licenses/meterbill/LICENSE",
                          "/usr/share/licenses/meterbill/libraries/openssl"]}
ALLOWED = {"meterbill": rf"^(/etc/meterbill|/usr/bin/meterbill|/usr/lib/sysusers\.d/meterbill\.conf"
                        rf"|/usr/share/(man|bash-completion|zsh|fish)/.*|{DOCS}"
                        rf"|/usr/lib/systemd/catalog/meterbill\.catalog|{PROGRAM_ID})$"}
for _kind in ("agent", "worker"):
    _name = f"meterbill-{_kind}"
    EXPECTED[_name] = [
        f"/usr/sbin/{_name}", f"/usr/lib/sysusers.d/{_name}.conf", f"/etc/meterbill/{_kind}.conf",
        f"/etc/meterbill/{_kind}.conf.d", f"/usr/lib/systemd/system/{_name}.service",
        f"/usr/lib/systemd/system/{_name}.socket", f"/usr/share/man/man8/{_name}.8.gz"]
    ALLOWED[_name] = (rf"^(/usr/sbin/{_name}|/etc/meterbill/{_kind}\.conf(\.d)?|{PROGRAM_ID}|{DOCS}"
                      rf"|/usr/lib/systemd/system/{_name}\.(service|socket)"
                      rf"|/usr/lib/(sysusers|tmpfiles)\.d/{_name}\.conf|/usr/share/man/.*)$")
EXPECTED["meterbill-worker"].append("/usr/lib/tmpfiles.d/meterbill-worker.conf")

if __name__ == "__main__":
    unittest.main()
