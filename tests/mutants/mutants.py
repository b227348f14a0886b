"""Takes our guards out one at a time and sees who notices.

  mutants.py --build FOLDER [NAME…]

A copy of the tree is made in FOLDER in which every guard of mutant_table.py is a switch; the copy
is built once, passes its tests with no switch on, and must fail with each one on: by an assertion,
not by a crash. Ends with a line per guard, and with 1 when one is missed by nobody.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

from mutant_table import MUTANTS, SIM

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRESET = "release"
LONGEST_S = 1200


class Broken(Exception):
    """The table and the sources do not fit any more."""


def mutated(texts):
    """{file: text} with every guard of the table a switch."""
    for mutant in MUTANTS:
        text = texts[mutant.file]
        if text.count(mutant.keep) != 1:
            raise Broken(
                f"{mutant.name}: {mutant.file} has its guard {text.count(mutant.keep)} times; "
                "write it anew in tests/mutants/mutant_table.py"
            )
        texts[mutant.file] = text.replace(mutant.keep, mutant.out)
    return texts


def sources():
    names = {mutant.file for mutant in MUTANTS}
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in sorted(names)}


def write_if_new(path, data):
    """Leaves what is the same alone, so that it is not compiled again."""
    if path.exists() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def copy_tree(target):
    texts = mutated(sources())
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", "-c", "-o", "--exclude-standard"],
        check=True,
        capture_output=True,
    ).stdout.split(b"\0")
    for name in sorted(entry.decode() for entry in listed if entry):
        source = ROOT / name
        if not source.is_file():
            continue
        data = source.read_bytes()
        if name in texts:
            first = re.search(r"^#include ", texts[name], re.MULTILINE).start()
            text = texts[name][:first] + '#include "base/mutant.h"\n' + texts[name][first:]
            data = text.encode()
        write_if_new(target / name, data)
        shutil.copymode(source, target / name)
    write_if_new(
        target / "src" / "base" / "mutant.h", (ROOT / "tests/mutants/mutant.h").read_bytes()
    )


def build(target, programs):
    environment = {**os.environ, "CCACHE_BASEDIR": str(target)}
    options = ["-DMETERBILL_TESTS=ON", f"-DPython3_EXECUTABLE={sys.executable}"]
    configure = ["cmake", "--preset", PRESET, *options]
    subprocess.run(configure, cwd=target, check=True, stdout=sys.stderr)
    jobs = os.environ.get("METERBILL_JOBS") or str(os.cpu_count())
    subprocess.run(
        ["cmake", "--build", "--preset", PRESET, "-j", jobs, "--target", *programs],
        cwd=target,
        env=environment,
        check=True,
        stdout=sys.stderr,
    )


def command(bin_dir, by, first_seed=1):
    program, limit = by
    if program == SIM:
        return [bin_dir / program, "--seeds", str(limit), "--seed", str(first_seed), "--stop"]
    return [bin_dir / program, f"--gtest_filter={limit}", "--gtest_brief=1"]


def run(bin_dir, by, name, first_seed=1):
    """(exit code or None, output); a mutant's run ends with its first failing seed."""
    environment = {**os.environ, "METERBILL_MUTANT": name}
    try:
        done = subprocess.run(
            command(bin_dir, by, first_seed),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None, ""
    return done.returncode, done.stdout


def outcome(mutant, bin_dir):
    """(was it noticed, in words)"""
    code, output = run(bin_dir, mutant.by, mutant.name)
    if code is None:
        return False, f"{mutant.by[0]} did not end in {LONGEST_S} s"
    if code == 0:
        return False, f"NOT noticed by {mutant.by[0]} {mutant.by[1]}"
    if code != 1:
        return False, f"{mutant.by[0]} crashed ({code}):\n{output[-2000:]}"
    if mutant.by[0] == SIM:
        seed = int(re.search(r"^seeds \d+ to \d+: .* after (\d+)", output, re.MULTILINE).group(1))
        # Else it is no merit of the guard's, but a failure that is there without it.
        if run(bin_dir, (SIM, 1), "", seed)[0] != 0:
            return False, f"simulator, but seed {seed} fails with every guard in"
        return True, f"simulator, seed {seed}"
    first = re.search(r"^\[  FAILED  \] (\S+)", output, re.MULTILINE)
    if not first:
        return False, f"no failed test:\n{output[-2000:]}"
    return True, first.group(1).rstrip(",")


def sound(bin_dir, programs):
    """With no guard out, nobody fails."""
    good = True
    for program in programs:
        by = (program, 20) if program == SIM else (program, "*")
        code, output = run(bin_dir, by, "")
        if code != 0:
            print(f"{program} fails with every guard in:\n{output[-3000:]}")
            good = False
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("names", nargs="*", help="only these guards")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - {mutant.name for mutant in MUTANTS}
    if unknown:
        parser.error(f"no such guard: {', '.join(sorted(unknown))}")
    chosen = [m for m in MUTANTS if not arguments.names or m.name in arguments.names]
    target = arguments.build.resolve()
    copy_tree(target)
    programs = sorted({mutant.by[0] for mutant in chosen})
    build(target, programs)
    bin_dir = target / "build" / PRESET / "bin"
    if not sound(bin_dir, programs):
        return 1
    missed = 0
    for mutant in chosen:
        noticed, words = outcome(mutant, bin_dir)
        missed += not noticed
        print(f"{mutant.name:<30} {words}", flush=True)
    print(f"{len(chosen) - missed} passed, {missed} failed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
