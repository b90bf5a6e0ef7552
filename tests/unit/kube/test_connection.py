from __future__ import annotations

import datetime
from pathlib import Path

import pytest
import time_machine

from reconciler.errors import UserError
from reconciler.kube.connection import configured, plain
from reconciler.kube.package import parts

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


def test_a_token_of_an_exec_plugin_is_used_and_asked_for_again_when_it_expired(kubeconfig: Path) -> None:
    plugin = kubeconfig.with_name("plugin")
    plugin.write_text(
        "#!/bin/sh\necho x >> $0.calls\n"
        """echo '{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1","""
        """ "status": {"token": "token-'$(wc -l < $0.calls)'", "expirationTimestamp": "2020-01-01T00:00:00Z"}}'\n"""
    )
    plugin.chmod(0o700)
    entry = f"exec: {{apiVersion: client.authentication.k8s.io/v1, command: {plugin}, interactiveMode: Never}}"
    kubeconfig.write_text(GOOD.replace("token: t0p", entry))
    found = configured(str(kubeconfig))
    first, second = (int(found.authorize()["Authorization"].removeprefix("Bearer token-")) for _ in range(2))
    assert first < second


def test_in_a_pod_its_own_account_is_used_and_a_rotated_token_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, authority = tmp_path / "token", tmp_path / "ca.crt"
    token.write_text("first")
    authority.write_text("a certificate")
    in_cluster = parts().config.incluster_config
    monkeypatch.setattr(in_cluster, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(in_cluster, "SERVICE_CERT_FILENAME", str(authority))
    monkeypatch.setattr("reconciler.kube.connection.SERVICE_ACCOUNT_TOKEN", token)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.delenv("KUBECONFIG", raising=False)
    found = configured()
    assert found.url == "https://10.0.0.1:443"
    assert found.authorize() == {"Authorization": "bearer first"}
    token.write_text("second")
    with time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=2)):
        assert found.authorize() == {"Authorization": "bearer second"}


def test_a_missing_kubeconfig_is_the_users_to_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere"):
        configured(str(tmp_path / "nowhere"))


def test_a_server_without_certificates_needs_no_configuration() -> None:
    found = plain("http://127.0.0.1:8001/", "t0p")
    assert (found.url, dict(found.authorize())) == ("http://127.0.0.1:8001", {"Authorization": "Bearer t0p"})
    assert dict(plain("http://127.0.0.1:8001").authorize()) == {}
