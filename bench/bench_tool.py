"""The load and the peers that are written in C++: build/…/bin/meterbill-bench."""

import subprocess

import harness


def bench(*arguments):
    """Its standard output. Ends the benchmark when it fails."""
    done = subprocess.run(
        [harness.program("meterbill-bench"), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"meterbill-bench {arguments[0]}: {done.stderr.strip()}")
    return done.stdout
