"""What `./dev package msi` has made, and the same once more as a later version."""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.path.insert(0, str(ROOT / "packaging" / "msi"))

# Packages of elsewhere, laid out in a tree of elsewhere, may be looked at.
DIST = pathlib.Path(os.environ.get("METERBILL_DIST", ROOT / "dist"))
STAGE = ROOT / "build" / "msi" / "stage"
NAMES = ("agent", "worker")
SERVICES = {"agent": "MeterBillAgent", "worker": "MeterBillWorker"}


def output(*command, **options):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True,
                          **options).stdout


def built(folder=DIST):
    """{product: file}, of one version."""
    found = {}
    for name in NAMES:
        files = sorted(pathlib.Path(folder).glob(f"meterbill-{name}-*-x64.msi"))
        if len(files) != 1:
            raise FileNotFoundError(f"{folder} has {len(files)} packages of meterbill-{name}: "
                                    "./dev package msi")
        found[name] = files[0]
    return found


def version(package):
    return pathlib.Path(package).name.split("-")[2]


def later(package_version):
    """Windows Installer compares three numbers."""
    head, _, last = package_version.rpartition(".")
    return f"{head}.{int(last) + 1}"


def repack(layout, package_version, into, **environment):
    """A layout as that version, by the script that made the packages."""
    subprocess.run([ROOT / "packaging/package_msi.sh", "repack", layout, package_version, into],
                   check=True, stdout=subprocess.DEVNULL, env={**os.environ, **environment})
    return built(into)


def extract(package, into):
    """What it would install; below "Program Files/MeterBill"."""
    output("msiextract", "-C", into, package)
    (folder,) = pathlib.Path(into).rglob("MeterBill")
    return folder


__all__ = ["DIST", "NAMES", "ROOT", "SERVICES", "STAGE", "built", "extract", "later", "output",
           "repack", "version"]
