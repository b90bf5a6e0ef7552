"""The testbed for people: `up` gives a cluster to play with, `build` only builds its programs."""

from __future__ import annotations

import argparse
import sys

from tests.testbed import binaries
from tests.testbed.components import CONTROL_PLANE, GO_MODULES, TRAEFIK
from tests.testbed.processes import ComponentFailed


def main() -> int:
    options = _options()
    try:
        _build(everything=options.command == "build" or options.full)
        if options.command == "up":
            from tests.testbed.up import up  # here: `build` must work before any dependency is installed

            up(full=options.full)
    except (binaries.Missing, ComponentFailed) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.testbed", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build or install every program into the cache and stop")
    up = commands.add_parser("up", help="start a real control plane with fake nodes, until Ctrl-C")
    up.add_argument("--full", action="store_true", help="also Traefik, traffic to pods, Prometheus, Gitea (needs root)")
    parser.set_defaults(full=False)
    return parser.parse_args()


def _build(everything: bool) -> None:
    for module in GO_MODULES if everything else (CONTROL_PLANE,):
        if not binaries.directory(module).exists():
            print(f"building {module.name} {module.version} (minutes, once)", flush=True)
        binaries.build(module)
    if everything:
        binaries.install(TRAEFIK)
        print(f"ready in {binaries.cache()}")


if __name__ == "__main__":
    sys.exit(main())
