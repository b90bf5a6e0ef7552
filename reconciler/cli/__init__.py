"""The command line: one file per verb group. Verbs parse, call and print; they decide nothing.

Heavy imports happen inside the verbs, so that `--help` and shell completion answer at once; this file has none, so that
Ctrl-C ends cleanly from the first moment on.
"""

from __future__ import annotations

import sys

INTERRUPTED = 130


def main() -> None:
    """What the command `reconciler` runs."""
    try:
        from reconciler.cli.verbs import run_command_line

        run_command_line()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
