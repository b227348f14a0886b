"""Programs and packages signed with a certificate that was made for this test."""

import contextlib
import http.server
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import unittest

import msi_files
from msi_files import ROOT, STAGE

PACKAGES = msi_files.built()
VERSION = msi_files.version(PACKAGES["agent"])
SIGN = ROOT / "packaging/msi/sign.sh"
PASSWORD = "only for this test"


def openssl(*words):
    msi_files.output("openssl", *words)


def make_certificate(folder, name, usage):
    """PEM files of a key and of a certificate that vouches for itself."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
            f"/CN=throw-away {name}", "-addext", f"extendedKeyUsage=critical,{usage}",
            "-keyout", key, "-out", certificate)
    return key, certificate


class Confirmer:
    """Who confirms when something was signed (RFC 3161), by openssl."""

    def __init__(self, folder):
        self.key, self.certificate = make_certificate(folder, "confirmer", "timeStamping")
        self.asked = 0
        config = folder / "confirmer.cnf"
        (folder / "serial").write_text("01\n", "ascii")
        config.write_text(f"[tsa]\ndefault_tsa = own\n[own]\nserial = {folder}/serial\n"
                          f"signer_cert = {self.certificate}\ncerts = {self.certificate}\n"
                          f"signer_key = {self.key}\nsigner_digest = sha256\n"
                          "default_policy = 1.2.3.4\ndigests = sha256\n", "ascii")
        confirmer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                confirmer.asked += 1
                query, reply = folder / "query.tsq", folder / "reply.tsr"
                query.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
                openssl("ts", "-reply", "-config", config, "-queryfile", query, "-out", reply)
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.end_headers()
                self.wfile.write(reply.read_bytes())

        self._server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class MsiSignTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.scratch = pathlib.Path(scratch.name)
        key, cls.certificate = make_certificate(cls.scratch, "signer", "codeSigning")
        (cls.scratch / "password").write_text(PASSWORD + "\n", "ascii")
        cls.container = cls.scratch / "signer.p12"
        openssl("pkcs12", "-export", "-inkey", key, "-in", cls.certificate, "-out", cls.container,
                "-passout", f"file:{cls.scratch}/password")
        cls.environment = {"METERBILL_SIGN_PKCS12": str(cls.container),
                           "METERBILL_SIGN_PASSWORD_FILE": str(cls.scratch / "password"),
                           "METERBILL_SIGN_CA_FILE": str(cls.certificate)}

    def copies(self):
        """A program and a package of ours."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.scratch))
        return [pathlib.Path(shutil.copy(file, folder))
                for file in (STAGE / "agent/bin/meterbill.exe", PACKAGES["agent"])]

    def sign(self, *files, **environment):
        return subprocess.run([SIGN, *files], capture_output=True, text=True, check=False,
                              env={**os.environ, **self.environment, **environment})

    def verify(self, file, ca_file=None):
        return subprocess.run(
            ["osslsigncode", "verify", "-CAfile", ca_file or self.certificate,
             "-TSA-CAfile", ca_file or self.certificate, "-in", file],
            capture_output=True, text=True, check=False)

    def test_what_is_signed_is_verified_and_nothing_else_is_left(self):
        files = self.copies()
        for file in files:
            self.assertNotEqual(self.verify(file).returncode, 0, "it is signed already")
        told = self.sign(*files)
        self.assertEqual((told.returncode, told.stderr), (0, ""))
        for file in files:
            checked = self.verify(file)
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
            self.assertIn("throw-away signer", checked.stdout)
        self.assertEqual(sorted(files[0].parent.iterdir()), sorted(files))

    def test_a_changed_byte_is_found(self):
        files = self.copies()
        self.assertEqual(self.sign(*files).returncode, 0)
        for file in files:
            data = bytearray(file.read_bytes())
            data[len(data) // 3] ^= 1
            file.write_bytes(data)
            self.assertNotEqual(self.verify(file).returncode, 0, file)

    def test_who_is_not_trusted_signs_nothing_that_is_given_out(self):
        _, other = make_certificate(self.scratch, "other", "codeSigning")
        told = self.sign(*self.copies(), METERBILL_SIGN_CA_FILE=str(other))
        self.assertEqual(told.returncode, 1)
        self.assertIn("does not hold", told.stderr)

    def test_a_wrong_password_ends_it(self):
        wrong = self.scratch / "wrong"
        wrong.write_text("guess\n", "ascii")
        told = self.sign(*self.copies(), METERBILL_SIGN_PASSWORD_FILE=str(wrong))
        self.assertEqual(told.returncode, 1)
        self.assertIn("was not signed", told.stderr)

    def test_a_password_file_is_asked_for(self):
        told = self.sign(*self.copies(), METERBILL_SIGN_PASSWORD_FILE="")
        self.assertEqual(told.returncode, 66)
        self.assertIn("METERBILL_SIGN_PASSWORD_FILE", told.stderr)

    def test_the_password_is_on_no_command_line(self):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.scratch))
        real = shutil.which("osslsigncode")
        spy = folder / "osslsigncode"
        spy.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >>{folder}/seen\nexec {real} "$@"\n',
                       "utf-8")
        spy.chmod(0o755)
        told = self.sign(*self.copies(), PATH=f"{folder}:{os.environ['PATH']}")
        self.assertEqual(told.returncode, 0, told.stderr)
        seen = (folder / "seen").read_text("utf-8")
        self.assertIn("sign", seen.split())
        self.assertNotIn(PASSWORD, seen)

    def test_the_time_is_confirmed(self):
        with contextlib.closing(Confirmer(self.scratch)) as confirmer:
            both = self.scratch / "both.pem"
            both.write_bytes(self.certificate.read_bytes() + confirmer.certificate.read_bytes())
            files = self.copies()
            told = self.sign(*files, METERBILL_SIGN_TIMESTAMP_URL=confirmer.url,
                             METERBILL_SIGN_CA_FILE=str(both))
            self.assertEqual(told.returncode, 0, told.stderr)
            self.assertEqual(confirmer.asked, len(files))
        for file in files:
            checked = self.verify(file, both)
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
            self.assertIn("throw-away confirmer", checked.stdout)

    def test_packages_are_signed_when_a_certificate_is_given_and_so_is_what_is_in_them(self):
        layout = self.scratch / "layout"
        shutil.copytree(STAGE, layout)
        self.assertEqual(self.sign(*layout.glob("*/bin/*.exe")).returncode, 0)
        packages = msi_files.repack(layout, VERSION, self.scratch / "signed", **self.environment)
        for name, package in packages.items():
            self.assertEqual(self.verify(package).returncode, 0, name)
            inside = msi_files.extract(package, self.scratch / f"inside-{name}")
            programs = sorted(inside.glob("bin/*.exe"))
            self.assertEqual(len(programs), 2)
            for program in programs:
                self.assertEqual(self.verify(program).returncode, 0, program)
        self.assertNotEqual(self.verify(PACKAGES["agent"]).returncode, 0,
                            "signed without a certificate")


if __name__ == "__main__":
    unittest.main()
