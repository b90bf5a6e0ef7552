from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import UserError
from reconciler.kube.connection import configured, plain

GOOD = """
apiVersion: v1
kind: Config
clusters: [{name: one, cluster: {server: "https://one.example:6443/"}}, {name: two, cluster: {server: "https://two.example"}}]
users: [{name: me, user: {token: t0p}}]
contexts:
  - {name: first, context: {cluster: one, user: me}}
  - {name: second, context: {cluster: two, user: me}}
current-context: first
"""


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    path = tmp_path / "kubeconfig"
    path.write_text(GOOD)
    return path


@pytest.mark.parametrize(
    ("context", "url"), [("", "https://one.example:6443"), ("second", "https://two.example")], ids=["current", "named"]
)
def test_a_kubeconfig_says_where_and_as_whom(kubeconfig: Path, context: str, url: str) -> None:
    found = configured(str(kubeconfig), context)
    assert found.url == url
    assert found.authorize() == {"Authorization": "Bearer t0p"}
    assert "t0p" not in repr(found)


@pytest.mark.parametrize(
    ("text", "context"),
    [
        pytest.param(GOOD, "third", id="no such context"),
        pytest.param("clusters: [", "", id="not YAML"),
        pytest.param("[]", "", id="not a mapping"),
        pytest.param("", "", id="empty"),
        pytest.param(GOOD.replace("cluster: one,", ""), "", id="context without cluster"),
        pytest.param(GOOD.replace("name: me, user", "user"), "", id="entry without a name"),
    ],
)
def test_what_is_wrong_with_a_kubeconfig_is_said_without_its_secrets(kubeconfig: Path, text: str, context: str) -> None:
    kubeconfig.write_text(text)
    with pytest.raises(UserError, match=r"cannot use .*kubeconfig") as caught:
        configured(str(kubeconfig), context)
    assert "--kubeconfig" in str(caught.value)
    assert "t0p" not in str(caught.value)


def test_a_missing_kubeconfig_is_the_users_to_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere"):
        configured(str(tmp_path / "nowhere"))


def test_a_server_without_certificates_needs_no_configuration() -> None:
    found = plain("http://127.0.0.1:8001/", "t0p")
    assert (found.url, dict(found.authorize())) == ("http://127.0.0.1:8001", {"Authorization": "Bearer t0p"})
    assert dict(plain("http://127.0.0.1:8001").authorize()) == {}
