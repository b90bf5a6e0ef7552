from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.render.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    (tmp_path / "repository").mkdir()
    return Scene(tmp_path / "repository")
