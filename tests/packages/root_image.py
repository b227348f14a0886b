"""A root file system that boots, made once: a minimal Debian with systemd and all that our packages
depend on, so that a container of it needs no network."""

import fcntl
import hashlib
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "packages"

# rpm is there for the other kind of packages: one image serves both.
_BASE = ("systemd", "systemd-sysv", "dbus", "ca-certificates", "curl", "rpm", "tzdata")


def why_not_here():
    """Why no container can boot on this machine; None when one can."""
    if os.geteuid() != 0:
        return "only root may boot a container"
    for tool in ("debootstrap", "systemd-nspawn", "nsenter", "setpriv"):
        if not shutil.which(tool):
            return f"there is no {tool}"
    return None


def dependencies(packages):
    """What files of ours need from Debian, by name."""
    needed = set()
    for package in packages:
        fields = subprocess.run(["dpkg-deb", "-f", package, "Depends", "Recommends"], text=True,
                                capture_output=True, check=True).stdout
        for clause in re.sub(r"^\w+:", ",", fields, flags=re.MULTILINE).split(","):
            first = re.match(r"\s*([a-z0-9][a-z0-9+.-]*)", clause)
            if first and not first[1].startswith("meterbill"):
                needed.add(first[1])
    return needed


def mirror():
    """(suite, address) of the archive this machine is installed from."""
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)",
         "Created-By: Packages", "Component: main"],
        capture_output=True, text=True, check=True).stdout
    found = [tuple(line.split()) for line in told.splitlines()]
    release = platform.freedesktop_os_release()["VERSION_CODENAME"]
    for suite, uri in found:
        if suite == release:  # not its updates, which have another name
            return suite, uri
    raise RuntimeError(f"apt knows no archive of {release}: {found}")


_lock = None  # held until this process ends


def alone():
    """Takes this machine's containers for this process. Two runs of a tree would clear each other's
    away, and those of two trees would have their services in the same control groups."""
    global _lock  # pylint: disable=global-statement
    if _lock is None:
        _lock = open("/run/lock/meterbill-packages", "wb")  # pylint: disable=consider-using-with
        try:
            fcntl.flock(_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another run of package tests is under way on this machine: waiting for it",
                  file=sys.stderr, flush=True)
            fcntl.flock(_lock, fcntl.LOCK_EX)


def clear_away():
    """What a run that was killed has left on disk."""
    alone()
    for left in [*FOLDER.glob("box-*"), *FOLDER.glob("root-*.new")]:
        shutil.rmtree(left)


def prepare(kind, packages):
    """The folder of a root file system in which `packages` (.deb files) can be installed. Another
    list of dependencies makes another one; the old ones of this kind go."""
    alone()
    include = sorted(set(_BASE) | dependencies(packages))
    suite, uri = mirror()
    key = hashlib.sha256("\n".join([suite, *include]).encode()).hexdigest()[:16]
    folder = FOLDER / f"root-{kind}-{key}"
    if folder.is_dir():
        return folder
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob(f"root-{kind}-*"):
        shutil.rmtree(old)
    made = folder.with_suffix(".new")
    log = FOLDER / "debootstrap.log"
    with open(log, "wb") as output:
        done = subprocess.run(
            ["nice", "-n", "5", "debootstrap", "--variant=minbase",
             "--include=" + ",".join(include), suite, made, uri],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise RuntimeError(f"debootstrap failed:\n{log.read_text('utf-8', 'replace')[-2000:]}")
    _tidy(made)
    made.rename(folder)
    return folder


def _tidy(folder):
    """Less to copy, no archive that is out of reach, and nothing of the machine that made it."""
    for litter in ("var/cache/apt/archives", "var/lib/apt/lists"):
        shutil.rmtree(folder / litter)
        (folder / litter / "partial").mkdir(parents=True)
    (folder / "etc/apt/sources.list").unlink(missing_ok=True)
    (folder / "etc/machine-id").write_text("", "utf-8")
    (folder / "etc/hostname").unlink(missing_ok=True)
