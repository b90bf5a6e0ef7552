"""Every promise in docs/compatibility.md names a test that exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINES = [line for line in (ROOT / "docs" / "compatibility.md").read_text().splitlines() if line.startswith("| ")]
PROMISES = [line for line in LINES if not line.startswith(("| behaviour |", "| in the established engine |"))]


@pytest.mark.parametrize("line", PROMISES, ids=[line.split("|")[1].strip()[:60] for line in PROMISES])
def test_its_test_is_there(line: str) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", line)
    assert named, line
    for file, test in named:
        assert test in functions(ROOT / file), f"{file} has no {test}"


def functions(file: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.FunctionDef)}
