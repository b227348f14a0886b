#!/usr/bin/python3
"""Runs the tests of the Windows packages and adds what came of each to the results of
`./dev test`."""

import argparse
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]
import part_results


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__)
    parser.add_argument("--results", required=True, help="file of `./dev test` to append to")
    parser.add_argument("pattern", nargs="?", default="test_*.py")
    arguments = parser.parse_args()
    return part_results.run_parts("windows", HERE, arguments.pattern, arguments.results)


if __name__ == "__main__":
    sys.exit(main())
