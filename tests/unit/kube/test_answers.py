from __future__ import annotations

import json

import pytest

from reconciler.errors import Transient, UserError
from reconciler.kube.answers import Cause, Details, Status, error_for, parse_status, retry_after

TYPED = "failed to create typed patch object (default/web; apps/v1, Kind=Deployment): "


@pytest.mark.parametrize(
    ("message", "problems"),
    [
        pytest.param(
            TYPED + ".spec.nope: field not declared in schema",
            [".spec.nope: field not declared in schema"],
            id="one field",
        ),
        pytest.param(
            TYPED + "errors:\n  .spec.minReadySeconds: expected numeric (int or float), got string\n"
            '  .spec.template.spec.containers[name="c"].imag: field not declared in schema',
            [
                ".spec.minReadySeconds: expected numeric (int or float), got string",
                '.spec.template.spec.containers[name="c"].imag: field not declared in schema',
            ],
            id="several fields",
        ),
        pytest.param(
            TYPED + '.spec.template.spec.containers: duplicate entries for key [name="c"]',
            ['.spec.template.spec.containers: duplicate entries for key [name="c"]'],
            id="duplicate keys",
        ),
        pytest.param(
            "failed to convert new object (/s; /v1, Kind=Secret) to proper version: unable to convert unstructured "
            "object to /v1, Kind=Secret: error decoding from json: illegal base64 data at input byte 7",
            ["failed to convert new object"],
            id="not convertible",
        ),
    ],
)
def test_a_500_about_the_manifest_is_the_users_with_every_field(message: str, problems: list[str]) -> None:
    error = error_for(500, Status(message=message), "apply Deployment default/web")
    assert isinstance(error, UserError)
    assert len(error.problems) == len(problems)
    for problem, expected in zip(error.problems, problems, strict=True):
        assert problem.what.startswith(f"apply Deployment default/web: {expected}")


def test_each_cause_of_an_invalid_object_is_a_problem() -> None:
    causes = (
        Cause("FieldValueInvalid", "must be positive", "spec.a"),
        Cause("FieldValueRequired", "required", "spec.b"),
    )
    error = error_for(422, Status("x is invalid", "Invalid", 422, Details(causes)), "apply Widget a/b")
    assert isinstance(error, UserError)
    assert [p.what for p in error.problems] == [
        "apply Widget a/b: spec.a: must be positive",
        "apply Widget a/b: spec.b: required",
    ]


def test_a_namespace_that_is_going_away_passes() -> None:
    causes = (Cause("NamespaceTerminating", "namespace a is being terminated", "metadata.namespace"),)
    assert isinstance(error_for(403, Status("forbidden", "Forbidden", 403, Details(causes)), "create"), Transient)


@pytest.mark.parametrize("body", [b"", b"<html>502 Bad Gateway</html>", b'"text"', b"\xff\xfe", b'{"kind": "Status"}'])
def test_a_body_that_is_no_status_still_makes_a_message(body: bytes) -> None:
    error = error_for(502, parse_status(body), "get Pod a/b")
    assert isinstance(error, Transient)
    assert len(str(error)) > len("get Pod a/b: ")


def test_a_huge_message_is_cut() -> None:
    assert len(str(error_for(400, Status(message="x" * 100_000), "apply"))) < 3000


@pytest.mark.parametrize(
    ("header", "field", "seconds"),
    [("5", 0, 5), ("5", 9, 5), ("", 9, 9), ("Wed, 21 Oct 2026 07:28:00 GMT", 9, 9), ("", 0, None)],
)
def test_the_header_comes_before_the_field(header: str, field: int, seconds: float | None) -> None:
    status = parse_status(json.dumps({"message": "m", "details": {"retryAfterSeconds": field}}).encode())
    assert retry_after(status, {"Retry-After": header} if header else {}) == seconds
