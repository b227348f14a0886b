#!/usr/bin/python3
"""Checks the sources against the rules of rules.py; with --self-test, the rules against samples.

Prints file:line, what is wrong, and what to do instead. Exit status 1 when a rule is broken.
"""

import argparse
import os
import sys

# No byte code beside the sources: the tree may be read-only, and stays as it was.
sys.dont_write_bytecode = True

import rules  # noqa: E402
from source_tree import read_tree  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def check_tree(tree):
    """Prints what is wrong; the number of broken rules that are no mere warnings."""
    broken = 0
    for rule in rules.RULES:
        found = sorted(rule.check(tree))
        for path, line, what in found:
            kind = "warning: " if rule.is_warning else ""
            print(f"{path}:{line}: {kind}{rule.name}: {what}")
        if found:
            print(f"  remedy: {rule.remedy}")
        broken += bool(found) and not rule.is_warning
    return broken


def self_test():
    """Every rule sees each of its bad samples and none of its good ones; the number of misses."""
    missed = 0
    names = [rule.name for rule in rules.RULES]
    if len(set(names)) != len(names):
        print("two rules have one name")
        missed += 1
    for rule in rules.RULES:
        if not rule.bad or not rule.good:
            print(f"{rule.name}: has no sample of both kinds")
            missed += 1
        for sample in rule.bad:
            if not list(rule.check(rules.sample_tree(sample))):
                print(f"{rule.name}: does not see {sample}")
                missed += 1
        for sample in rule.good:
            for path, line, what in rule.check(rules.sample_tree(sample)):
                print(f"{rule.name}: wrongly complains: {path}:{line}: {what}")
                missed += 1
    print(f"{len(names)} rules, {missed} misses")
    return missed


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--root", default=ROOT, help="the tree to check")
    parser.add_argument("--self-test", action="store_true", help="check the rules instead")
    arguments = parser.parse_args()
    if arguments.self_test:
        return 1 if self_test() else 0
    tree = read_tree(arguments.root)
    if not any(path.startswith("src/") for path in tree):
        print(f"{arguments.root}: no sources there")
        return 1
    broken = check_tree(tree)
    print(f"{len(tree)} files, {len(rules.RULES)} rules, {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
