"""The programs in the RPM packages: how hardened they are, what is in them, how to debug them."""

import json
import pathlib
import re
import socket
import subprocess
import tempfile
import unittest

from rpm_files import NAMES, PROGRAMS, ROOT, built, output, unpack

PACKAGES = built()


def build_id(program):
    return re.search(r"Build ID: ([0-9a-f]+)", output("readelf", "-n", program))[1]


class RpmProgramsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.scratch = pathlib.Path(scratch.name)
        cls.root = cls.scratch / "root"
        for name in NAMES:
            unpack(PACKAGES[name], cls.root)
        cls.programs = {name: cls.root / path for name, path in PROGRAMS.items()}

    def test_they_are_hardened(self):
        for name, program in self.programs.items():
            with self.subTest(name):
                self.assertRegex(output("readelf", "-h", program), r"Type:\s+DYN")
                dynamic = output("readelf", "-d", program)
                for flag in ("BIND_NOW", "NOW PIE"):
                    self.assertIn(flag, dynamic)
                segments = output("readelf", "-lW", program)
                self.assertIn("GNU_RELRO", segments)
                self.assertRegex(segments, r"GNU_STACK.* RW ")
                self.assertNotRegex(segments, r"LOAD.* RWE ")
                wanted = output("objdump", "-T", program)
                for symbol in (r"__stack_chk_fail", r"__\w+_chk"):
                    self.assertRegex(wanted, rf"\*UND\*.* {symbol}\n")

    def test_they_are_stripped_and_a_debug_package_of_the_same_build_fits_each(self):
        for name, program in self.programs.items():
            self.assertNotIn(" .debug_info", output("readelf", "-SW", program), name)
            debug = unpack(PACKAGES[f"{name}-debuginfo"], self.scratch / f"{name}-debug")
            identity = build_id(program)
            link = debug / f"usr/lib/debug/.build-id/{identity[:2]}/{identity[2:]}.debug"
            self.assertTrue(link.is_symlink(), link)
            apart = link.resolve()
            self.assertEqual(build_id(apart), identity)
            self.assertIn(" .debug_info", output("readelf", "-SW", apart))
            from_program = self.root / f"usr/lib/.build-id/{identity[:2]}/{identity[2:]}"
            self.assertEqual(from_program.resolve(), program.resolve())

    def test_they_name_no_folder_of_the_machine_that_built_them(self):
        for name, program in self.programs.items():
            self.assertNotIn(str(ROOT).encode(), program.read_bytes(), name)

    def test_the_worker_allocates_with_tcmalloc_and_only_it(self):
        for name, program in self.programs.items():
            own = {symbol for line in output("objdump", "-T", program).splitlines()
                   for symbol in ("malloc", "free", "_Znwm")
                   if line.endswith(f" {symbol}") and "*UND*" not in line}
            self.assertEqual(own, {"malloc", "free", "_Znwm"} if name == "meterbill-worker"
                             else set(), name)

    def test_they_say_what_they_were_built_from(self):
        told = json.loads(output(self.programs["meterbill"], "version", "--json"))
        self.assertRegex(told["commit"], r"^[0-9a-f]{12}(-dirty)?$")
        given = output("rpm", "-qp", "--provides", PACKAGES["meterbill"])
        for library, version in told["libraries"].items():
            self.assertIn(f"bundled({library}) = {version}\n", given)

    def test_each_library_inside_is_provided_by_name_with_its_licence(self):
        licences = self.root / "usr/share/licenses/meterbill/libraries"
        for name in NAMES:
            inside = re.findall(r"bundled\((\w+)\) = \d[0-9.]*\n",
                                output("rpm", "-qp", "--provides", PACKAGES[name]))
            self.assertIn("librdkafka", inside)
            for library in inside:
                self.assertIn("opyright", (licences / library).read_text("utf-8"), library)

    def kafka(self, command, sink, *properties):
        """What a command of `meterbill` says of an agent.conf with these properties of Kafka."""
        conf = self.scratch / "agent.conf"
        conf.write_text("\n".join(["[agent]", f"sink = kafka://{sink}/topic", "[kafka]",
                                   *properties]), "utf-8")
        return subprocess.run([self.programs["meterbill"], *command, "--config", conf],
                              capture_output=True, text=True, check=False)

    def test_kafka_is_spoken_encrypted_and_compressed(self):
        """librdkafka refuses the name of a feature that is not built in."""
        for feature in ("ssl", "gzip", "snappy", "lz4", "zstd"):
            told = self.kafka(("config", "check", "agent"), "127.0.0.1:9",
                              f"builtin.features = {feature}")
            self.assertEqual(told.returncode, 0, feature)
        told = self.kafka(("config", "check", "agent"), "127.0.0.1:9", "builtin.features = oidc")
        self.assertEqual(told.returncode, 78, told.stdout)

    def test_kafka_takes_any_login_but_kerberos_and_says_so(self):
        with socket.create_server(("127.0.0.1", 0)) as broker:
            port = broker.getsockname()[1]
            told = self.kafka(("kafka", "check", "--agent"), f"127.0.0.1:{port}",
                              "security.protocol = sasl_plaintext", "sasl.mechanism = GSSAPI")
        said = " ".join(told.stdout.split())
        self.assertIn("No provider for SASL mechanism GSSAPI", said)
        self.assertIn("build options: PLAIN SASL_SCRAM OAUTHBEARER", said)


if __name__ == "__main__":
    unittest.main()
