"""What an RPM file says of itself, and what is in it."""

import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIST = pathlib.Path(os.environ.get("METERBILL_DIST", ROOT / "dist"))
NAMES = ("meterbill", "meterbill-agent", "meterbill-worker")
PROGRAMS = {"meterbill": "usr/bin/meterbill", "meterbill-agent": "usr/sbin/meterbill-agent",
            "meterbill-worker": "usr/sbin/meterbill-worker"}


def output(*command, **options):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True,
                          **options).stdout


def built(folder=DIST):
    """{package: file}, of one build."""
    found = {}
    for path in sorted(pathlib.Path(folder).glob("*.rpm")):
        found[output("rpm", "-qp", "--qf", "%{NAME}", path)] = path
    missing = set(NAMES) - set(found)
    if missing:
        raise FileNotFoundError(f"{folder} has no {', '.join(sorted(missing))}: ./dev package rpm")
    return found


def needs(path):
    """Names that the package wants, without versions and without rpm's own features."""
    told = output("rpm", "-qp", "--qf", "[%{REQUIRENAME} %{REQUIREFLAGS:depflags} "
                  "%{REQUIREVERSION}\n]", path)
    return {line.strip() for line in told.splitlines() if not line.startswith("rpmlib(")}


def files(path):
    """{path: (mode, owner, group, flags)}; flags are rpm's letters: c config, n noreplace."""
    told = output("rpm", "-qp", "--qf", "[%{FILEMODES:octal}|%{FILEUSERNAME}|%{FILEGROUPNAME}|"
                  "%{FILEFLAGS:fflags}|%{FILENAMES}\n]", path)
    return {name: (int(mode, 8) & 0o7777, owner, group, flags)
            for mode, owner, group, flags, name in
            (line.split("|") for line in told.splitlines())}


def scripts(path):
    """{when: text} of what the package runs; when is pre, post, preun or postun."""
    tags = {"pre": "PREIN", "post": "POSTIN", "preun": "PREUN", "postun": "POSTUN",
            "pretrans": "PRETRANS", "posttrans": "POSTTRANS"}
    told = {when: output("rpm", "-qp", "--qf", f"%{{{tag}}}", path) for when, tag in tags.items()}
    return {when: text for when, text in told.items() if text != "(none)"}


def unpack(path, folder):
    folder.mkdir(parents=True, exist_ok=True)
    archive = subprocess.run(["rpm2cpio", path], check=True, capture_output=True).stdout
    subprocess.run(["cpio", "-id", "--quiet", "--no-absolute-filenames"], input=archive, cwd=folder,
                   check=True)
    return folder


def symbol_versions(program):
    """{"GLIBC": {(2, 34), …}, …}: what the dynamic linker must find for it."""
    found = {}
    for kind, version in re.findall(r"\(([A-Z]+)_([0-9.]+)\)", output("objdump", "-T", program)):
        found.setdefault(kind, set()).add(tuple(map(int, version.split("."))))
    return found
