"""The committed CustomResourceDefinitions are what their generator writes."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

CRDS = Path(__file__).parents[3] / "manifests" / "crds"
GENERATOR = runpy.run_path(str(CRDS / "generate.py"))


@pytest.mark.parametrize("name", sorted(GENERATOR["DEFINITIONS"]))
def test_the_committed_file_is_up_to_date(name: str) -> None:
    expected = GENERATOR["rendered"](GENERATOR["DEFINITIONS"][name])
    assert (CRDS / f"{name}.yaml").read_text() == expected, "run: python manifests/crds/generate.py"
