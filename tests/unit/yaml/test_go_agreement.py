"""The loader means what kubectl means: every text of the golden table, made with Go's sigs.k8s.io/yaml v1.6.0."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import UserError
from reconciler.yaml.loader import load

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/render/yaml-scalars.json").read_text())

REFUSED_ON_PURPOSE = {
    **dict.fromkeys(["n: v\n", "y: v\n", "on: v\n", "off: v\n", "True: v\n", "yes: v\n"], "a key that Go renames"),
    **dict.fromkeys(
        ["0777: v\n", "0o7: v\n", "1e3: v\n", "1.0: v\n", "1.50: v\n", "0x1F: v\n", "1_0: v\n"], "likewise"
    ),
    ".5: v\n": "likewise",
}
"""Go accepts these and changes the key; we ask its author to quote it."""


@pytest.mark.parametrize("case", GOLDEN, ids=[json.dumps(case["yaml"]) for case in GOLDEN])
def test_a_text_means_what_it_means_to_kubectl(case: dict[str, Any]) -> None:
    text = case["yaml"].encode()
    if "error" in case or case["yaml"] in REFUSED_ON_PURPOSE:
        with pytest.raises(UserError):
            load(text, "f.yaml")
        return
    (document,) = load(text, "f.yaml")
    assert as_json(document.value) == as_json(case["json"])


def test_the_table_is_large_enough_to_mean_something() -> None:
    assert len(GOLDEN) >= 200
    assert all("json" in case for case in GOLDEN if case["yaml"] in REFUSED_ON_PURPOSE)


def as_json(value: Any) -> Any:
    """Types told apart (1 is not true), numbers compared as JSON does (1.0 is 1)."""
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return (type(value).__name__, value)
    return ("number", float(value) if abs(value) >= 2**63 else value)
