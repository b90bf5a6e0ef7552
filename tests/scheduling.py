"""Which tests run in the same worker with `-n N --dist loadfile`.

Tests of the shared control plane one after the other, the end-to-end ones too, because each of their worlds wants the
machine for itself; everything else by file. (Groups by marker do not work with the pytest that we use.)
"""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]


class Rooms(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out tests by room instead of by scope."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        if file.startswith("tests/e2e/"):
            return "e2e"
        if file.startswith("tests/cluster/") or "[real" in nodeid:
            return "cluster"
        return file


@pytest.hookimpl
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Rooms | None:
    return Rooms(config, log) if config.getvalue("dist") == "loadfile" else None
