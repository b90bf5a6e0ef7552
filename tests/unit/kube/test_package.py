"""In a process of its own, as other tests import the whole package."""

from __future__ import annotations

import subprocess
import sys

import pytest

TYPES = """
import gc
loaded = {str(found.__module__) for found in gc.get_objects() if isinstance(found, type)}
"""


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param(
            "assert not any('client.models' in name for name in loaded)",
            id="without the models of all kinds",
        ),
        pytest.param("from kubernetes import client; client.V1Pod", id="whole for whoever imports it"),
        pytest.param("assert found.config.load_kube_config and found.api_client(found.configuration())", id="usable"),
    ],
)
def test_the_package_is_loaded_in_part(claim: str) -> None:
    code = f"from reconciler.kube.package import parts\nfound = parts()\n{TYPES}{claim}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
