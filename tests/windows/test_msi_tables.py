"""What the Windows packages hold and do, read from their tables: nothing is installed."""

import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import msi_files
from msi_files import NAMES, ROOT, SERVICES, STAGE

import lint
import tables

PACKAGES = msi_files.built()
VERSION = msi_files.version(PACKAGES["agent"])
FOLDER = "ProgramFiles64Folder/MeterBill"
# Windows knows a product and a file by these. Another one, and an upgrade is none.
UPGRADE_CODES = {"agent": "{B792C9A2-5ACA-594F-8314-ED85E044E619}",
                 "worker": "{45DB190C-0C2C-5A01-A914-4E625EB28DDD}"}
CLI_COMPONENT = "{7A7DCF4F-B606-5100-A804-F236331AD9D7}"
# What an operator may say on the command line of msiexec would be forgotten by an upgrade.
PUBLIC_PROPERTIES = {"ALLUSERS", "ARPNOMODIFY", "ARPCOMMENTS"}
SEQUENCE = {"FindRelatedProducts": 25, "AppSearch": 50, "LaunchConditions": 100,
            "CostFinalize": 1000, "InstallValidate": 1400, "InstallInitialize": 1500,
            "RemoveExistingProducts": 1501, "ProcessComponents": 1600, "Stop": 1890,
            "StopServices": 1900, "DeleteServices": 2000, "RemoveRegistryValues": 2600,
            "RemoveFiles": 3500, "InstallFiles": 4000, "WriteRegistryValues": 5000,
            "InstallServices": 5800, "Configure": 6501, "KeepManual": 6502, "KeepDisabled": 6503,
            "Start": 6504, "TellWhatStays": 6505, "InstallFinalize": 6600}


class MsiTablesTest(unittest.TestCase):
    def test_all_happens_in_its_order(self):
        for package in PACKAGES.values():
            rows = tables.keyed(package, "InstallExecuteSequence")
            found = {name: int(row["Sequence"]) for name, row in rows.items()}
            self.assertEqual({name: found.get(name) for name in SEQUENCE}, SEQUENCE)

    def test_actions_run_as_the_system_and_only_where_they_should(self):
        for name, package in PACKAGES.items():
            conditions = {action: row["Condition"] for action, row in
                          tables.keyed(package, "InstallExecuteSequence").items()}
            found = tables.keyed(package, "CustomAction")
            self.assertEqual(set(found), {"Stop", "Configure", "KeepManual", "KeepDisabled",
                                          "Start", "TellWhatStays"})
            # 34: a command line; 1024: in the script; 2048: as the system; 64: may fail.
            for action, verb, kind in (("Configure", "configure", 34 + 1024 + 2048),
                                       ("Start", "start", 34 + 1024 + 2048 + 64),
                                       ("Stop", "stop", 34 + 1024 + 2048 + 64)):
                self.assertEqual(int(found[action]["Type"]), kind)
                self.assertEqual(found[action]["Source"], "_bin")
                self.assertEqual(found[action]["Target"],
                                 f'"[_bin]meterbill.exe" service {verb} {name}')
            installing = 'NOT REMOVE~="ALL"'
            self.assertEqual(conditions["Configure"], installing)
            self.assertEqual(conditions["Stop"], "Installed")
            self.assertEqual(conditions["Start"],
                             f'{installing} AND (NOT FORMERSTART OR FORMERSTART="#2")')
            for action, word, start in (("KeepManual", "demand", 3),
                                        ("KeepDisabled", "disabled", 4)):
                row = found[action]
                self.assertEqual((int(row["Type"]), row["Source"]),
                                 (34 + 1024 + 2048 + 64, "_bin"))
                self.assertEqual(row["Target"], '"[System64Folder]sc.exe" config '
                                                f"{SERVICES[name]} start= {word}")
                self.assertEqual(conditions[action], f'{installing} AND FORMERSTART="#{start}"')
            for row in found.values():  # where it runs: a folder of ours, or it does not run
                if row["Source"] != "METERBILL_DATA_STAYS":
                    self.assertIn(row["Source"], tables.folders(package))
            told = found["TellWhatStays"]
            self.assertEqual((int(told["Type"]), conditions["TellWhatStays"]),
                             (51, 'REMOVE~="ALL" AND NOT UPGRADINGPRODUCTCODE'))
            self.assertIn(f"[CommonAppDataFolder]MeterBill\\{name} ", told["Target"])
            self.assertEqual(tables.folders(package)["_bin"], f"{FOLDER}/bin")
            # There is no window, in which an action could run with fewer rights.
            self.assertFalse(set(found) & set(tables.keyed(package, "InstallUISequence")))

    def test_each_file_is_a_component_of_its_own_with_a_code_of_its_place(self):
        codes = {}
        for package in PACKAGES.values():
            components = tables.keyed(package, "Component")
            files = tables.files(package)
            self.assertEqual(len(components), len(files))
            for path, row in files.items():
                component = components[row["Component_"]]
                self.assertEqual(component["Attributes"], "256")
                self.assertEqual(component["KeyPath"], row["File"])
                self.assertEqual(component["Condition"], "")
                code = codes.setdefault(path, component["ComponentId"])
                self.assertEqual(component["ComponentId"], code)
            in_feature = {row["Component_"] for row in tables.rows(package, "FeatureComponents")}
            self.assertEqual(in_feature, set(components))
        self.assertEqual(len(set(codes.values())), len(codes))
        self.assertEqual(codes[f"{FOLDER}/bin/meterbill.exe"], CLI_COMPONENT)

    def test_the_service(self):
        for name, package in PACKAGES.items():
            (row,) = tables.rows(package, "ServiceInstall")
            self.assertEqual(row.pop("Component_"), self.program_of(name, package))
            row.pop("ServiceInstall")
            self.assertTrue(row.pop("Description"))
            # Own process, started with the system; 32768: without it, no installation.
            self.assertEqual(row, {
                "Name": SERVICES[name], "DisplayName": f"MeterBill {name.capitalize()}",
                "ServiceType": "16", "StartType": "2", "ErrorControl": str(32768 + 1),
                "LoadOrderGroup": "", "Dependencies": "", "Password": "", "Arguments": "",
                "StartName": f"NT SERVICE\\{SERVICES[name]}"})
            (row,) = tables.rows(package, "ServiceControl")
            self.assertEqual((row["Name"], row["Wait"]), (SERVICES[name], "1"))
            # 2 and 32: stopped before and after; 128: removed with its program. Not started.
            self.assertEqual(int(row["Event"]), 2 + 32 + 128)
            self.assertEqual(row["Component_"], self.program_of(name, package))

    @staticmethod
    def program_of(name, package):
        return tables.files(package)[f"{FOLDER}/bin/meterbill-{name}.exe"]["Component_"]

    def test_the_event_source(self):
        for name, package in PACKAGES.items():
            found = {row["Name"]: (row["Root"], row["Key"], row["Value"], row["Component_"])
                     for row in tables.rows(package, "Registry")}
            program = self.program_of(name, package)
            key = f"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\{SERVICES[name]}"
            self.assertEqual(found, {
                "EventMessageFile": ("2", key, f"[#{program}]", program),
                "TypesSupported": ("2", key, "#7", program)})

    def test_a_later_version_replaces_and_an_earlier_one_is_refused(self):
        for name, package in PACKAGES.items():
            rows = tables.rows(package, "Upgrade")
            found = {(row["UpgradeCode"], row["VersionMin"], row["VersionMax"],
                      row["Attributes"]) for row in rows}
            # 1: replace what is older than this; 2: only see what is newer.
            self.assertEqual(found, {(UPGRADE_CODES[name], "", VERSION, "1"),
                                     (UPGRADE_CODES[name], VERSION, "", "2")})
            self.assertEqual(tables.keyed(package, "Property")["UpgradeCode"]["Value"],
                             UPGRADE_CODES[name])
            (message,) = [row["Description"] for row in tables.rows(package, "LaunchCondition")
                          if row["Condition"] == "NOT WIX_DOWNGRADE_DETECTED"]
            self.assertLessEqual(len(message), 255)
            self.assertRegex(message, r"later version.*%ProgramData%\\MeterBill, remove")

    def test_it_is_for_64_bit_windows_10_on_and_for_all_users(self):
        for package in PACKAGES.values():
            properties = {name: row["Value"]
                          for name, row in tables.keyed(package, "Property").items()}
            self.assertEqual(properties["ALLUSERS"], "1")
            self.assertEqual(properties["ProductVersion"], VERSION)
            self.assertIn("\nTemplate: x64;1033\n",
                          msi_files.output("msiinfo", "suminfo", package))
            conditions = tables.keyed(package, "LaunchCondition")
            self.assertIn("Installed OR (VersionNT64 >= 603 AND WINDOWS10)", conditions)
            # Windows 8.1 has no such value.
            self.assertEqual(self.searched(package, "WINDOWS10"),
                             "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\"
                             "CurrentMajorVersionNumber")

    def searched(self, package, name):
        """The value of the registry that a property is taken from."""
        search = tables.keyed(package, "RegLocator")[
            tables.keyed(package, "AppSearch")[name]["Signature_"]]
        # 2 and 16: a value, as a 64-bit program sees it.
        self.assertEqual((search["Root"], search["Type"]), ("2", "18"))
        return f"{search['Key']}\\{search['Name']}"

    def test_how_the_service_started_is_known_before_it_is_removed(self):
        for name, package in PACKAGES.items():
            self.assertEqual(self.searched(package, "FORMERSTART"),
                             f"SYSTEM\\CurrentControlSet\\Services\\{SERVICES[name]}\\Start")

    def test_nothing_is_set_by_a_property(self):
        for package in PACKAGES.values():
            public = {name for name in tables.keyed(package, "Property") if name.isupper()}
            self.assertEqual(public, PUBLIC_PROPERTIES)
            folders = set(tables.folders(package)) - {"TARGETDIR"}
            self.assertEqual({name for name in folders if name.isupper()}, set())
            secure = tables.keyed(package, "Property")["SecureCustomProperties"]["Value"]
            self.assertEqual(secure.split(";"), ["FORMERSTART", "WINDOWS10",
                                                 "WIX_DOWNGRADE_DETECTED", "WIX_UPGRADE_DETECTED"])

    def test_a_version_has_a_product_code_of_its_own(self):
        with tempfile.TemporaryDirectory() as scratch:
            packages = msi_files.repack(STAGE, msi_files.later(VERSION), scratch)
            codes = {tables.keyed(package, "Property")["ProductCode"]["Value"]
                     for package in (*packages.values(), *PACKAGES.values())}
            self.assertEqual(len(codes), 4)
            for name in NAMES:
                same = tables.keyed(packages[name], "Property")["UpgradeCode"]["Value"]
                self.assertEqual(same, UPGRADE_CODES[name])

    def test_a_version_that_windows_would_not_compare_is_refused(self):
        for version in ("0.1", "0.1.0.1", "0.1.x"):
            with tempfile.TemporaryDirectory() as scratch, \
                    self.assertRaises(subprocess.CalledProcessError):
                msi_files.repack(STAGE, version, scratch)

    def test_all_of_the_layout_is_in_and_nothing_that_lives(self):
        for name, package in PACKAGES.items():
            with tempfile.TemporaryDirectory() as scratch:
                found = msi_files.extract(package, scratch)
                packed = {path.relative_to(found).as_posix(): path.read_bytes()
                          for path in found.rglob("*") if path.is_file()}
            laid_out = {path.relative_to(STAGE / name).as_posix(): path.read_bytes()
                        for path in (STAGE / name).rglob("*") if path.is_file()}
            self.assertEqual(packed.keys(), laid_out.keys())
            self.assertEqual(packed, laid_out)
            for path in {f"bin/meterbill-{name}.exe", "bin/meterbill.exe", "LICENSE.txt",
                         "bin/tzdata/etcetera", "bin/tzdata/windowsZones.xml", "docs/fleet.md",
                         "docs/windows-service.md", f"etc/{name}.conf.default",
                         "licenses/openssl.txt"}:
                self.assertIn(path, packed)
            for path in packed:
                self.assertNotRegex(path, r"\.(conf|toml|db|password|debug)$")
            roots = {row["Directory"] for row in tables.rows(package, "Directory")
                     if row["Directory_Parent"] == "TARGETDIR"}
            self.assertEqual(roots, {"ProgramFiles64Folder"})
            for table in ("RemoveFile", "CreateFolder", "Shortcut", "Binary"):
                self.assertEqual(tables.rows(package, table), [], table)

    def test_programs_have_their_version_and_all_else_a_hash(self):
        for package in PACKAGES.values():
            hashed = tables.keyed(package, "MsiFileHash")
            for path, row in tables.files(package).items():
                is_program = path.endswith(".exe")
                self.assertEqual(row["Version"], f"{VERSION}.0" if is_program else "", path)
                self.assertEqual(row["File"] in hashed, not is_program, path)

    def test_the_version_is_that_of_the_tree(self):
        text = (ROOT / "CMakeLists.txt").read_text("utf-8")
        self.assertEqual(re.search(r"project\(meterbill VERSION ([0-9.]+)", text)[1], VERSION)


class LintTest(unittest.TestCase):
    """What wixl once did wrong is seen by the lint that each package passes."""

    FAULTS = {
        "a component of 32 bits": ("UPDATE `Component` SET `Attributes` = 0 "
                                   "WHERE `Component` = '_bin_meterbill.exe'", "attributes 0"),
        "the former version removed behind the new service": (
            "UPDATE `InstallExecuteSequence` SET `Sequence` = 5802 "
            "WHERE `Action` = 'RemoveExistingProducts'", "RemoveExistingProducts (5802)"),
        "the former version removed where nothing brings it back": (
            "UPDATE `InstallExecuteSequence` SET `Sequence` = 1401 "
            "WHERE `Action` = 'RemoveExistingProducts'",
            "InstallInitialize (1500) does not come before RemoveExistingProducts (1401)"),
        "an action outside of the script": (
            "UPDATE `InstallExecuteSequence` SET `Sequence` = 1402 WHERE `Action` = 'Configure'",
            "deferred Configure (1402)"),
        "a start before the rights": (
            "UPDATE `InstallExecuteSequence` SET `Sequence` = 6500 WHERE `Action` = 'Start'",
            "KeepDisabled (6503) does not come before Start (6500)"),
        "no stop of ours": ("DELETE FROM `InstallExecuteSequence` WHERE `Action` = 'Stop'",
                            "lacks Stop"),
        "no start": ("DELETE FROM `InstallExecuteSequence` WHERE `Action` = 'Start'",
                     "lacks Start"),
        "a program without a version": (
            "UPDATE `File` SET `Version` = '' WHERE `File` = '_bin_meterbill.exe'",
            "meterbill.exe has no version"),
        "a file without a hash": ("DELETE FROM `MsiFileHash` WHERE `File_` = '_LICENSE.txt'",
                                  "LICENSE.txt has no hash"),
        "a key that ends with a backslash": (
            "UPDATE `Registry` SET `Key` = 'SOFTWARE\\Our\\' WHERE `Value` = '#7'",
            "has a backslash at an end"),
        "a file elsewhere": (
            "UPDATE `Directory` SET `Directory_Parent` = 'TARGETDIR' WHERE `Directory` = '_etc'",
            "only what lies below Program Files"),
    }

    def test_each_fault_is_seen(self):
        with tempfile.TemporaryDirectory() as scratch:
            for fault, (query, told) in self.FAULTS.items():
                with self.subTest(fault):
                    package = pathlib.Path(scratch, "broken.msi")
                    shutil.copy(PACKAGES["agent"], package)
                    self.assertEqual(list(lint.faults(package)), [])
                    self.assertEqual(msi_files.output("msibuild", package, "-q", query), "")
                    self.assertIn(told, "\n".join(lint.faults(package)))


if __name__ == "__main__":
    unittest.main()
