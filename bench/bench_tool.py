"""How a benchmark runs and ends, and the load and the peers that are written in C++:
build/…/bin/meterbill-bench."""

import signal
import subprocess
import sys

import harness


def bench(*arguments):
    """Its standard output. Ends the benchmark when it fails."""
    program = harness.program("meterbill-bench")
    # A signal may come when it runs already and `subprocess` does not know it yet.
    with_us = ["setpriv", "--pdeathsig", "KILL", "--"]
    done = subprocess.run(
        [*with_us, program, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"meterbill-bench {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


def run_as_program(main):
    """Ctrl-C and SIGTERM end it as `finally` and `with` have it: what was started is stopped. A
    second one does not get between."""
    signals = signal.SIGINT, signal.SIGTERM

    def ended(number, _):
        for one in signals:
            signal.signal(one, signal.SIG_IGN)
        sys.exit(128 + number)

    for one in signals:
        signal.signal(one, ended)
    main()
