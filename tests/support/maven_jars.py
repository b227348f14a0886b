"""The jars that a pom names, brought once by the ordinary Maven client and kept in
${XDG_CACHE_HOME:-~/.cache}/meterbill/NAME."""

import fcntl
import os
import pathlib
import shutil
import subprocess


def jars(name, pom, **properties):
    """The folder of the jars; fetched at first use, by one process at a time. `name` holds all the
    versions that make it another folder; `properties` are set in the pom."""
    cache = (
        pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
        / "meterbill"
    )
    target = cache / name
    if target.is_dir():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / f"{name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_dir():
            partial = cache / f"{name}.partial-{os.getpid()}"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            # Maven writes beside the pom.
            shutil.copy(pom, partial / "pom.xml")
            subprocess.run(
                [
                    "mvn",
                    "-q",
                    "-B",
                    "-Dstyle.color=never",
                    "-f",
                    partial / "pom.xml",
                    *[f"-D{key}={value}" for key, value in properties.items()],
                    "dependency:copy-dependencies",
                    f"-DoutputDirectory={partial}",
                ],
                check=True,
            )
            # Complete or not there at all: an interrupted fetch never looks like a cache.
            partial.rename(target)
    return target
