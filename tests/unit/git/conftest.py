from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.config.model import Credentials
from reconciler.git.mirror import Mirror
from tests.unit.git.upstream import Upstream


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return Upstream(tmp_path / "upstream.git")


@pytest.fixture
def mirror(upstream: Upstream, tmp_path: Path) -> Mirror:
    return Mirror(str(upstream.path), "main", tmp_path / "cache", Credentials())
