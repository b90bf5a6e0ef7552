"""Each test of the suite runs twice, on the sandbox and on the real API server: a difference fails."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
import urllib3
import yaml

from reconciler.sandbox.server import Sandbox
from tests.sandbox.client import Api


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def own_namespace(api: Api) -> Iterator[Api]:
    """A namespace for one test, gone afterwards."""
    api.namespace = f"t-{secrets.token_hex(4)}"
    namespaces = api.path("namespaces", namespace="")
    api.post(namespaces, {"metadata": {"name": api.namespace}}).ok()
    yield api
    api.delete(f"{namespaces}/{api.namespace}")


def sandbox_api(sandbox: Sandbox) -> Api:
    return Api(sandbox.url)


def real_api(request: pytest.FixtureRequest) -> Api:
    """The admin's access to the real server; its certificate is checked by the suite of the product's own client."""
    urllib3.disable_warnings()
    access = request.getfixturevalue("real_api_server")
    config = yaml.safe_load(access.kubeconfig.read_text())
    return Api(access.url, token=config["users"][0]["user"]["token"], real=True)


@pytest.fixture(params=["sandbox", pytest.param("real", marks=pytest.mark.cluster)])
def api(request: pytest.FixtureRequest) -> Iterator[Api]:
    """An API server and a namespace in it."""
    real = request.param == "real"
    yield from own_namespace(real_api(request) if real else sandbox_api(request.getfixturevalue("sandbox")))


@pytest.fixture
def fake(sandbox: Sandbox) -> Iterator[Api]:
    """The sandbox alone: for what only it can show, or must refuse."""
    yield from own_namespace(sandbox_api(sandbox))


@pytest.fixture
def both(request: pytest.FixtureRequest, sandbox: Sandbox) -> Iterator[tuple[Api, Api]]:
    """The sandbox and the real server side by side, each with a namespace."""
    for left in own_namespace(sandbox_api(sandbox)):
        for right in own_namespace(real_api(request)):
            yield left, right
