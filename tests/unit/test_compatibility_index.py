"""Every promise in docs/compatibility.md names a test that exists, and every field of a Rollout has a promise."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
EVERYTHING = ROOT / "tests" / "golden" / "everything"
TEXT = (ROOT / "docs" / "compatibility.md").read_text()
HEADS = ("| behaviour |", "| in the established engine |", "| field |")
PROMISES = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith(HEADS)]
FIELDS = {
    field
    for line in TEXT.partition("\n## Fields\n")[2].splitlines()
    if line in PROMISES
    for field in re.findall(r"`([^`]+)`", line.split("|")[1])
}
SHORT = {
    "spec.strategy.canary.trafficRouting": "trafficRouting",
    "spec.strategy.canary.steps": "steps",
    "spec.strategy.canary": "canary",
    "spec.strategy.blueGreen": "blueGreen",
}


@pytest.mark.parametrize("line", PROMISES, ids=[line.split("|")[1].strip()[:60] for line in PROMISES])
def test_its_test_is_there(line: str) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", line)
    assert named, line
    for file, test in named:
        assert test in functions(ROOT / file), f"{file} has no {test}"


def functions(file: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("strategy", ["canary", "blue-green"])
def test_every_field_of_a_rollout_has_a_line(strategy: str) -> None:
    body = yaml.safe_load((EVERYTHING / f"rollout-{strategy}.yaml").read_text())
    found = {short(path) for part in ("spec", "status") for path in paths(body[part], part)}
    assert [path for path in sorted(found) if not has_a_line(path)] == []


def paths(value: object, path: str) -> Iterator[str]:
    """Of all values in it, lists without numbers."""
    if isinstance(value, list):
        for each in value:
            yield from paths(each, path)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, f"{path}.{key}")
    else:
        yield path


def short(path: str) -> str:
    """As the document calls it."""
    return next((name + path[len(long) :] for long, name in SHORT.items() if path.startswith(long)), path)


def has_a_line(path: str) -> bool:
    return any(path == field or path.startswith(f"{field}.") for field in FIELDS)
