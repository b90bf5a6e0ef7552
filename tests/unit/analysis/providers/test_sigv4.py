"""`authentication.sigv4` of Prometheus, against a server that computes the signature anew."""

from pathlib import Path
from typing import Any

import pytest

from reconciler.analysis.model import Phase
from tests.unit.analysis.providers.aws import is_signed
from tests.unit.analysis.providers.vendor import Vendor, failed

WORKSPACE = "/aps-workspaces/workspaces/ws-1"
ANSWER = b'{"status": "success", "data": {"resultType": "vector", "result": []}}'
ROLE = "arn:aws:iam::123456789012:role/reader"
GRANTED = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<AssumedRoleUser><AssumedRoleId>A:reconciler</AssumedRoleId><Arn>arn</Arn></AssumedRoleUser><Credentials>
<AccessKeyId>AKIDEXAMPLE</AccessKeyId><SecretAccessKey>wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY</SecretAccessKey>
<SessionToken>the-session-token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
</AssumeRoleResult></AssumeRoleResponse>"""


def config(aws: Vendor, path: str = WORKSPACE, query: str = 'sum(rate(x{a=~"b c/d+"}[5m]))', **sigv4: str) -> Any:
    return {"address": aws.url + path, "query": query, "authentication": {"sigv4": sigv4}}


@pytest.fixture
def prometheus(aws: Vendor) -> Vendor:
    aws.answers(ANSWER)
    return aws


@pytest.mark.parametrize("query", ["a + b / c", "é~" + "x" * 3000], ids=["get", "post"])
def test_a_query_of_amazons_prometheus_is_signed(prometheus: Vendor, query: str) -> None:
    assert prometheus.measure("prometheus", config(prometheus, query=query, region="us-east-2")).phase is (
        Phase.SUCCESSFUL
    )
    (asked,) = prometheus.asked
    assert is_signed(asked, "aps", "us-east-2")


def test_without_settings_it_is_signed_for_the_daemons_region(prometheus: Vendor) -> None:
    prometheus.measure("prometheus", config(prometheus) | {"authentication": {}})
    assert is_signed(prometheus.asked[0], "aps", "eu-west-1")


def test_another_prometheus_is_asked_without_a_signature(prometheus: Vendor) -> None:
    prometheus.measure("prometheus", config(prometheus, "/prom", 'up{a="aps-workspaces"}', region="us-east-2"))
    assert "authorization" not in prometheus.asked[0].headers


def test_another_authentication_stands_instead_of_the_signature(prometheus: Vendor) -> None:
    basic = {"basicAuth": {"username": "me", "password": "pw"}}
    prometheus.measure("prometheus", config(prometheus) | {"authentication": basic})
    assert prometheus.asked[0].headers["authorization"].startswith("Basic ")


def test_a_role_is_taken_on_and_its_token_sent(prometheus: Vendor) -> None:
    prometheus.answers_at("/", GRANTED.encode())
    settings = config(prometheus, region="us-east-2", roleArn=ROLE)
    for _ in range(2):
        prometheus.measure("prometheus", settings)
    granting, *queries = prometheus.asked
    form = dict(pair.split("=") for pair in granting.body.decode().split("&"))
    assert (form["Action"], form["RoleSessionName"]) == ("AssumeRole", "reconciler")
    assert len(queries) == 2  # the role's credentials are kept
    assert queries[0].headers["x-amz-security-token"] == "the-session-token"
    assert is_signed(queries[0], "aps", "us-east-2")


def test_a_role_that_may_not_be_taken_on_is_an_error(prometheus: Vendor) -> None:
    denied = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>not for you</Message></Error></ErrorResponse>"
    prometheus.answers_at("/", denied, 403)
    measured = prometheus.measure("prometheus", config(prometheus, region="us-east-2", roleArn=ROLE))
    assert failed(measured, "AWS AssumeRole: AccessDenied: not for you")


def test_an_unknown_profile_is_an_error(prometheus: Vendor) -> None:
    measured = prometheus.measure("prometheus", config(prometheus, region="us-east-2", profile="nobody"))
    assert failed(measured, "The config profile (nobody) could not be found")


def test_neither_key_nor_token_show_in_an_answer_that_repeats_them(prometheus: Vendor) -> None:
    prometheus.answers_at("/", GRANTED.encode())
    prometheus.answers(b"<html>the-session-token", 403)
    measured = prometheus.measure("prometheus", config(prometheus, region="us-east-2", roleArn=ROLE))
    assert failed(measured, "*****")
    assert "the-session-token" not in measured.message


@pytest.mark.parametrize("profile", ["runs", "builds-upon-it"])
def test_no_program_is_run_for_credentials(
    prometheus: Vendor, profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    (tmp_path / "config").write_text(
        f"[profile runs]\ncredential_process = touch {ran}\n"
        f"[profile builds-upon-it]\nrole_arn = {ROLE}\nsource_profile = runs\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    measured = prometheus.measure("prometheus", config(prometheus, region="us-east-2", profile=profile))
    assert failed(measured, 'the AWS profile "runs" asks to run a program (credential_process)')
    assert not ran.exists()
