"""What we show people as a configuration is one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from reconciler.config.load import parse_settings
from reconciler.config.secrets import Vault

ROOT = Path(__file__).parents[3]


def from_readme() -> str:
    shown = re.findall(r"^```yaml\n(# reconciler\.yaml\n.*?)^```", (ROOT / "README.md").read_text(), re.S | re.M)
    assert len(shown) == 1
    return str(shown[0])


def from_install() -> str:
    installed = yaml.safe_load((ROOT / "manifests/install/base/config.yaml").read_text())
    return str(installed["data"]["reconciler.yaml"])


@pytest.mark.parametrize("shown", [from_readme, from_install])
def test_a_configuration_that_we_show_is_accepted(shown: Callable[[], str], tmp_path: Path) -> None:
    for name in ("token", "webhook-secret"):
        (tmp_path / name).write_text("x")
    text = re.sub(r"/etc/reconciler[a-z-]*/", f"{tmp_path}/", shown())
    settings = parse_settings(text.encode(), "reconciler.yaml", Vault(tmp_path, {}))
    assert settings.prometheus_url and settings.public_url
