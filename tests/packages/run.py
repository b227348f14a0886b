#!/usr/bin/python3
"""Runs the tests of the packages and adds what came of each to the results of `./dev test`."""

import argparse
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
# They look at files, and ask for no machine.
WITHOUT_MACHINE = ("test_files", "test_rpm", "test_rpm_programs")
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]
import part_results
import root_image


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__)
    parser.add_argument("--results", required=True, help="file of `./dev test` to append to")
    parser.add_argument("pattern", nargs="?", default="test_*.py")
    arguments = parser.parse_args()
    root_image.clear_away()
    why = root_image.why_not_here()
    return part_results.run_parts(
        "packages", HERE, arguments.pattern, arguments.results,
        lambda module: "" if module in WITHOUT_MACHINE else why)


if __name__ == "__main__":
    sys.exit(main())
