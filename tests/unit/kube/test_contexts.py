"""Which namespace a kubeconfig means when none is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.kube.contexts import namespace


@pytest.fixture
def kubeconfig(tmp_path: Path) -> str:
    contexts = [
        {"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "shop"}},
        {"name": "there", "context": {"cluster": "c", "user": "u", "namespace": "bank"}},
        {"name": "plain", "context": {"cluster": "c", "user": "u"}},
    ]
    file = tmp_path / "config"
    known = {"clusters": [{"name": "c", "cluster": {}}], "users": [{"name": "u", "user": {}}]}
    file.write_text(json.dumps({**known, "contexts": contexts, "current-context": "here"}))
    return str(file)


@pytest.mark.parametrize(
    ("context", "expected"),
    [("", "shop"), ("there", "bank"), ("plain", "default"), ("unknown", "default")],
    ids=["the current context's", "that of a named one", "a context without", "an unknown context"],
)
def test_namespace(kubeconfig: str, context: str, expected: str) -> None:
    assert namespace(kubeconfig, context) == expected


def test_without_a_file_it_is_the_default(tmp_path: Path) -> None:
    assert namespace(str(tmp_path / "missing")) == "default"
