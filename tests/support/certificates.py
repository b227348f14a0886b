"""Throw-away certificates for a broker under test, made with the `openssl` command."""

import subprocess

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def _openssl(*arguments):
    done = subprocess.run(
        arguments, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, arguments))}: {done.stderr}")


class Authority:
    """A certificate authority of its own, in a folder of its own. `path` is its certificate."""

    def __init__(self, folder, name="authority"):
        self.folder = folder / name
        self.folder.mkdir(parents=True)
        self.path = self.folder / "ca.pem"
        self._key = self.folder / "ca.key"
        _openssl(
            "openssl", "req", "-x509", *KEY, "-keyout", self._key, "-out", self.path,
            "-days", "30", "-subj", f"/CN={name}",
        )  # fmt: skip

    def sign(self, name, alternatives, days_ago=0, days=30):
        """A server's key and certificate in one PEM file, as Kafka reads it: valid for `days` from
        `days_ago`, for `alternatives` such as `IP:127.0.0.1,DNS:localhost`."""
        key, certificate = self.folder / f"{name}.key", self.folder / f"{name}.crt"
        _openssl(
            "faketime", "-f", f"{-days_ago:+}d",
            "openssl", "req", "-x509", "-CA", self.path, "-CAkey", self._key, *KEY,
            "-keyout", key, "-out", certificate, "-days", str(days), "-subj", f"/CN={name}",
            "-addext", f"subjectAltName={alternatives}",
            "-addext", "basicConstraints=critical,CA:FALSE",
        )  # fmt: skip
        both = self.folder / f"{name}.pem"
        both.write_text(key.read_text() + certificate.read_text())
        return both

    def listener(self, *arguments, **more):
        """Settings of a broker's TLS listener with such a certificate."""
        return {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self.sign(*arguments, **more),
        }
