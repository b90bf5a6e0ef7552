"""Has the example packages of `docs/examples` installed for a while, as far as entry points can tell."""

from __future__ import annotations

import importlib
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.rollouts.step_plugins import caller
from reconciler.rollouts.traffic.routers import plugin

EXAMPLES = Path(__file__).parents[1] / "docs/examples"


@contextmanager
def installed(*examples: str) -> Iterator[None]:
    """What an installer does: the module in a directory of `sys.path`, and its entry points beside it."""
    with tempfile.TemporaryDirectory() as directory:
        for example in examples:
            _install(EXAMPLES / example, Path(directory))
        sys.path.insert(0, directory)
        _forget()
        try:
            yield
        finally:
            sys.path.remove(directory)
            _forget()


def _install(example: Path, directory: Path) -> None:
    project = tomllib.loads((example / "pyproject.toml").read_text())["project"]
    for module in example.glob("*.py"):
        (directory / module.name).write_text(module.read_text())
    info = directory / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = project["entry-points"].items()
    lines = [line for group, entries in groups for line in (f"[{group}]", *(f"{k} = {v}" for k, v in entries.items()))]
    (info / "entry_points.txt").write_text("\n".join(lines))


def _forget() -> None:
    importlib.invalidate_caches()
    plugin.load.cache_clear()
    caller.find.cache_clear()
