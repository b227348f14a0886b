"""The programs in the Windows packages: what they load, how they may be attacked and debugged."""

import re
import struct
import unittest
import zlib

import msi_files
from msi_files import DIST, NAMES, ROOT, STAGE

# What each Windows 10 and Server 2016 has, Server Core too.
SYSTEM = re.compile(r"(advapi32|bcrypt|crypt32|dbghelp|gdi32|iphlpapi|kernel32|mswsock|"
                    r"msvcrt|ncrypt|netapi32|ntdll|ole32|oleaut32|pdh|powrprof|psapi|rpcrt4|"
                    r"secur32|shell32|shlwapi|ucrtbase|user32|userenv|version|wevtapi|winmm|"
                    r"ws2_32|wtsapi32|api-ms-win-[a-z0-9-]+)\.dll")
# Addresses of 64 bits that vary, no data that runs.
HARDENED = {"HIGH_ENTROPY_VA", "DYNAMIC_BASE", "NX_COMPAT"}
_VERSION, _MANIFEST, _MESSAGE_TABLE = 16, 24, 11


def objdump(option, program):
    return msi_files.output("x86_64-w64-mingw32-objdump", option, program)


class MsiProgramsTest(unittest.TestCase):
    programs = {"meterbill": STAGE / "agent/bin/meterbill.exe",
                **{f"meterbill-{name}": STAGE / name / f"bin/meterbill-{name}.exe"
                   for name in NAMES}}

    def test_they_load_what_windows_has(self):
        for name, program in self.programs.items():
            loaded = re.findall(r"DLL Name: (\S+)", objdump("-p", program))
            self.assertTrue(loaded, name)
            foreign = {library for library in loaded if not SYSTEM.fullmatch(library.lower())}
            self.assertEqual(foreign, set(), name)

    def test_they_are_hardened(self):
        for name, program in self.programs.items():
            told = objdump("-p", program)
            self.assertEqual(HARDENED - set(told.split()), set(), name)
            self.assertRegex(told, r"Subsystem\s+00000003\s+\(Windows CUI\)")

    def test_both_packages_bring_the_same_command(self):
        agent, worker = (STAGE / name / "bin/meterbill.exe" for name in NAMES)
        self.assertEqual(agent.read_bytes(), worker.read_bytes())

    def test_they_say_their_version_and_services_hold_their_messages(self):
        for name, program in self.programs.items():
            kinds = self.resources(program)
            self.assertIn(_VERSION, kinds, name)
            self.assertIn(_MANIFEST, kinds, name)
            if name != "meterbill":  # which is no source of events
                self.assertIn(_MESSAGE_TABLE, kinds, name)

    @staticmethod
    def resources(program):
        """The kinds of resources, by their numbers."""
        data = program.read_bytes()
        (size, at), = re.findall(r"\.rsrc +([0-9a-f]+) +[0-9a-f]+ +[0-9a-f]+ +([0-9a-f]+)",
                                 objdump("-h", program))
        section = data[int(at, 16):int(at, 16) + int(size, 16)]
        by_name, by_number = struct.unpack_from("<HH", section, 12)
        entries = (struct.unpack_from("<I", section, 16 + 8 * entry)[0]
                   for entry in range(by_name, by_name + by_number))
        return set(entries)

    def test_a_debug_file_of_the_same_build_fits_each(self):
        for name, program in self.programs.items():
            self.assertNotIn(".debug_info", objdump("-h", program), name)
            debug = DIST / "windows-debug" / f"{name}.exe.debug"
            self.assertIn(".debug_info", objdump("-h", debug), name)
            link = program.read_bytes()
            at = link.index(debug.name.encode() + b"\0")
            sum_at = (len(debug.name) + 1 + 3) // 4 * 4  # behind the name, on a multiple of four
            (crc,) = struct.unpack_from("<I", link, at + sum_at)
            self.assertEqual(crc, zlib.crc32(debug.read_bytes()), name)

    def test_they_name_no_folder_of_the_machine_that_built_them(self):
        for name, program in self.programs.items():
            self.assertNotIn(str(ROOT).encode(), program.read_bytes(), name)


if __name__ == "__main__":
    unittest.main()
