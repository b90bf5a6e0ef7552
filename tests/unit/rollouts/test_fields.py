"""Every documented field is read, and written, under the name that users and clients know (spec rollouts §1.2-§1.7)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
import yaml

from reconciler.rollouts.model import decode_rollout

EVERYTHING = Path(__file__).parents[2] / "golden" / "everything"
OF_ROUTERS = ("alb", "albs")
"""What only a router knows about: parts of the status that we leave as they are."""


def everything(strategy: str) -> dict[str, Any]:
    body: dict[str, Any] = yaml.safe_load((EVERYTHING / f"rollout-{strategy}.yaml").read_text())
    return body


def written(value: object) -> Any:
    return orjson.loads(msgspec.json.encode(value))


@pytest.mark.parametrize("strategy", ["canary", "blue-green"])
def test_all_that_is_read_would_be_written_as_it_was(strategy: str) -> None:
    body = everything(strategy)
    rollout = decode_rollout(orjson.dumps(body))
    assert rollout.malformed == ""
    assert written(rollout.spec) == body["spec"]
    assert written(rollout.status) == {key: body["status"][key] for key in body["status"] if key not in OF_ROUTERS}


def test_all_fields_of_steps_are_read() -> None:
    steps = everything("canary")["spec"]["strategy"]["canary"]["steps"]
    canary = decode_rollout(orjson.dumps(everything("canary"))).spec.strategy.canary
    assert canary is not None
    assert written(canary.typed_steps()) == steps
