"""How long until `reconciler demo` shows the first commit status, and until it has told its whole story.

    python -m benchmarks.first_output [--runs 5]

The whole command in a process of its own, its output read line by line as it appears.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.bench import Figure, report

COMMAND = str(Path(sys.executable).with_name("reconciler"))


def run() -> tuple[float, float]:
    """Seconds to the first line with a status, and to the end. Raises RuntimeError when the demo fails."""
    started = time.monotonic()
    first = 0.0
    with subprocess.Popen([COMMAND, "demo"], stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout
        for line in demo.stdout:
            if not first and (" pending " in line or " success " in line):
                first = time.monotonic() - started
    if demo.returncode:
        raise RuntimeError(f"the demo ended with {demo.returncode}")
    return first, time.monotonic() - started


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=5)
    runs = [run() for _ in range(options.parse_args().runs)]
    report(
        "first_output",
        f"{len(runs)} runs of the whole command",
        [
            Figure("first commit status shown", "s", [first for first, _ in runs], goal=5),
            Figure("whole story", "s", [whole for _, whole in runs], goal=90),
        ],
    )


if __name__ == "__main__":
    main()
