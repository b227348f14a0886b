#!/usr/bin/python3
"""Runs clang-tidy over the units named on stdin and remembers the clean ones.

A unit takes 5 to 20 seconds, so one that was clean is looked at again only when something that
decides the result changed: the unit, a header of ours that it reaches, its compile command, the
checks, or the tool. Findings are never remembered. Units without a compile command (another
platform's) are left out and counted.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys

TOOL = "clang-tidy-14"
INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', re.MULTILINE)


def content_of(path):
    with open(path, "rb") as file:
        return file.read()


def reachable(unit, roots):
    """The unit and every header of ours that it includes, however indirectly."""
    found, waiting = set(), [unit]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        for name in INCLUDE.findall(content_of(path)):
            for root in [os.path.dirname(path), *roots]:
                header = os.path.normpath(os.path.join(root, name.decode()))
                if os.path.isfile(header):
                    waiting.append(header)
                    break
    return sorted(found)


def fingerprint(unit, command, common):
    digest = hashlib.sha256(common)
    digest.update(command.encode())
    roots = [os.path.abspath("src"), os.path.abspath("tests")]
    for path in reachable(os.path.abspath(unit), roots):
        digest.update(path.encode() + b"\0" + hashlib.sha256(content_of(path)).digest())
    return digest.hexdigest()


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--build", required=True, help="where compile_commands.json is")
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()

    with open(os.path.join(arguments.build, "compile_commands.json"), encoding="utf-8") as file:
        commands = {os.path.relpath(row["file"]): row["command"] for row in json.load(file)}
    named = [line.strip() for line in sys.stdin if line.strip()]
    units = [unit for unit in named if unit in commands]
    version = subprocess.run([TOOL, "--version"], capture_output=True, check=True).stdout
    common = version + content_of(".clang-tidy")
    clean = os.path.join(arguments.build, "clang-tidy-clean")
    os.makedirs(clean, exist_ok=True)

    def look(unit):
        stamp = os.path.join(clean, fingerprint(unit, commands[unit], common))
        if os.path.exists(stamp):
            return unit, True, ""
        run = subprocess.run(
            [TOOL, "-p", arguments.build, "--quiet", "--warnings-as-errors=*", unit],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if run.returncode == 0:
            with open(stamp, "w", encoding="utf-8") as file:
                file.write(unit + "\n")
        return unit, False, "" if run.returncode == 0 else run.stdout

    remembered, dirty = 0, []
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        waiting = [pool.submit(look, unit) for unit in units]
        for number, done in enumerate(concurrent.futures.as_completed(waiting), 1):
            unit, was_known, findings = done.result()
            remembered += was_known
            if findings:
                dirty.append(unit)
            if findings or not was_known:
                print(f"[{number}/{len(units)}] {unit}\n{findings}", end="", flush=True)
    print(f"{len(units)} units, {remembered} clean as before, {len(dirty)} with findings, "
          f"{len(named) - len(units)} not built here")
    return 1 if dirty else 0


if __name__ == "__main__":
    sys.exit(main())
