"""Deep copies of JSON values."""

from __future__ import annotations

from typing import Any

import orjson


def copied(value: Any) -> Any:
    """Far faster than copy.deepcopy for plain JSON."""
    return orjson.loads(orjson.dumps(value))
