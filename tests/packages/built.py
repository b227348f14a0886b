"""What `./dev package deb` has made, and the same once more as a later version."""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from root_image import ROOT

DIST = ROOT / "dist"
NAMES = ("meterbill", "meterbill-agent", "meterbill-worker")


def field(package, name):
    return subprocess.run(["dpkg-deb", "-f", package, name], text=True, capture_output=True,
                          check=True).stdout.strip()


def packages(folder=DIST):
    """name → file."""
    found = {field(file, "Package"): file for file in sorted(folder.glob("*.deb"))}
    missing = set(NAMES) - set(found)
    if missing:
        raise RuntimeError(f"{folder} lacks {sorted(missing)}: run ./dev package deb")
    return found


def unpack(package, folder):
    subprocess.run(["dpkg-deb", "--raw-extract", package, folder], check=True)
    return folder


def repack(scratch, version, change=lambda name, tree: None):
    """Our three packages under a later version, in a new folder; `change` may edit what is in them.
    The same programs: another compilation would take minutes and prove no more."""
    made = scratch / f"debs-{version}"
    made.mkdir()
    for name, package in packages().items():
        if name not in NAMES:
            continue
        old = field(package, "Version")
        tree = unpack(package, scratch / f"{name}-{version}")
        control = tree / "DEBIAN" / "control"
        text = control.read_text("utf-8")
        text = text.replace(f"\nVersion: {old}\n", f"\nVersion: {version}\n")
        control.write_text(text.replace(f"(= {old})", f"(= {version})"), "utf-8")
        change(name, tree)
        subprocess.run(["dpkg-deb", "-Zgzip", "-z1", "--root-owner-group", "--build", tree, made],
                       check=True, stdout=subprocess.DEVNULL)
    return made


def sign_repository(scratch, debs, keys=ROOT / "build" / "deb" / "keys"):
    """A repository of the .deb files of a folder, signed by the key of the build or of another
    folder of keys."""
    scratch.mkdir(parents=True, exist_ok=True)
    subprocess.run([ROOT / "packaging" / "apt_repository.sh", scratch / "apt", keys,
                    *sorted(debs.glob("*.deb"))], check=True, stdout=subprocess.DEVNULL)
    return scratch / "apt"


def later_version():
    return field(packages()["meterbill"], "Version") + "+later1"


__all__ = ["DIST", "NAMES", "ROOT", "field", "later_version", "packages", "repack",
           "sign_repository", "unpack"]
