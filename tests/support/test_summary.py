#!/usr/bin/python3
"""Adds up what `./dev test` ran and prints "N passed, N failed, N skipped" as its last line.

Before it comes what did not pass, each with the end of what it printed: a log of ten thousand lines
is often kept or read from its end only.

Input is a file of tab-separated rows: `junit PRESET FILE` names a report of ctest, `part NAME
STATUS WHY` is a part that is no ctest test (a build, a check). Exit status 1 when anything
failed, or when something was skipped that the list of allowed skips does not hold: a test that
silently no longer runs must turn CI red.
"""

import argparse
import fnmatch
import sys
import xml.etree.ElementTree as ElementTree

# ctest also writes "skipped" for a test whose program is missing: only what the test or its
# author asked for is a skip, everything else that did not run is a failure.
ASKED_FOR = ("SKIP_RETURN_CODE", "SKIP_REGULAR_EXPRESSION_MATCHED")

# How much is repeated of what a failed test printed.
LAST_LINES = 40


def read_skips(path):
    """[(pattern, reason)]; a line without a reason is an error."""
    skips = []
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            words = line.split(None, 1)
            if not words or line.startswith("#"):
                continue
            if len(words) < 2:
                sys.exit(f"{path}:{number}: '{words[0]}' has no reason; write: NAME REASON")
            skips.append((words[0], words[1].strip()))
    return skips


def outcome_of(case):
    """(passed | failed | skipped, why, what it printed) of one <testcase>."""
    status = case.get("status")
    printed = case.findtext("system-out") or ""
    skipped = case.find("skipped")
    why = skipped.get("message", "") if skipped is not None else ""
    if status == "run":
        return "passed", "", ""
    if status == "disabled":
        return "skipped", "disabled in the source", ""
    if status == "notrun" and why.startswith(ASKED_FOR):
        output = printed.strip().splitlines()
        return "skipped", output[-1] if output else why, ""
    return "failed", why, printed


def read_results(path):
    """{name: (outcome, why, printed)}; a test with two labels counts once, its worst run."""
    worst = {"passed": 0, "skipped": 1, "failed": 2}
    results = {}

    def add(name, outcome, why, printed=""):
        if name not in results or worst[outcome] > worst[results[name][0]]:
            results[name] = (outcome, why, printed)

    with open(path, encoding="utf-8") as rows:
        for row in rows:
            kind, *fields = row.rstrip("\n").split("\t")
            if kind == "junit":
                preset, report = fields
                prefix = "" if preset == "release" else preset + ":"
                for case in ElementTree.parse(report).getroot().iter("testcase"):
                    name = case.get("name").split("  #")[0]  # "  # GetParam() = …"
                    add(prefix + name, *outcome_of(case))
            else:
                name, outcome, why = fields
                add("part:" + name, outcome, why)
    return results


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--skips", required=True)
    parser.add_argument("results")
    arguments = parser.parse_args()

    skips = read_skips(arguments.skips)
    results = read_results(arguments.results)
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    unlisted = 0
    for name, (outcome, why, printed) in sorted(results.items()):
        counts[outcome] += 1
        if outcome == "failed":
            print(f"failed: {name}" + (f" ({why})" if why else ""))
            for line in printed.rstrip().splitlines()[-LAST_LINES:]:
                print(f"  | {line}")
        elif outcome == "skipped":
            bare = name.split(":", 1)[-1] if not name.startswith("part:") else name
            reason = next((r for p, r in skips if fnmatch.fnmatchcase(bare, p)), None)
            unlisted += reason is None
            print(f"skipped: {name}: {reason or why + f' (not on {arguments.skips})'}")
    if unlisted:
        print(f"{unlisted} skipped without being listed: list each with its reason, or make it run")
    if not results:
        print("nothing ran")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 1 if counts["failed"] or unlisted or not results else 0


if __name__ == "__main__":
    sys.exit(main())
