"""Requests for commit statuses, held against GitHub's OpenAPI description, and what the answers mean."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError

from reconciler.forges import forge, github
from reconciler.forges.model import CommitStatus, Delivered, Rejected, RetryAfter, State, StatusTarget
from reconciler.http.model import Request, Response

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SHA = "6113728f27ae82c7b1a177c8d03f9e96e0adf246"
GITHUB = StatusTarget("github", "https://api.github.com", "shop/deploy", token="s3cret-token")
STATUS = CommitStatus(SHA, "reconciler/shop", State.PENDING, "canary 40%, step 3/8", "https://r.test/applications/shop")
DESCRIPTION = Path(__file__).parents[2] / "golden" / "forges" / "github-openapi-create-commit-status.json"
OPENAPI = OpenAPI.from_dict(json.loads(DESCRIPTION.read_text()))


class SentRequest:
    """A request of ours in the shape that the validator reads."""

    def __init__(self, request: Request) -> None:
        parts = urlsplit(request.url)
        self.host_url = f"{parts.scheme}://{parts.netloc}"
        self.path = self.full_url_pattern = parts.path
        self.method = request.method.lower()
        self.body = request.body
        self.content_type = request.headers["Content-Type"]
        self.parameters = RequestParameters(header=dict(request.headers))


@pytest.mark.parametrize("state", list(State))
def test_github_accepts_the_request_as_its_description_says(state: State):
    OPENAPI.validate_request(SentRequest(github.status_request(GITHUB, CommitStatus(SHA, "c", state, "words"))))


def test_the_description_would_catch_a_state_that_github_does_not_know():
    wrong = CommitStatus(SHA, "c", "done", "words")  # type: ignore[arg-type]
    with pytest.raises(OpenAPIError):
        OPENAPI.validate_request(SentRequest(github.status_request(GITHUB, wrong)))


def test_the_request_goes_to_the_commit_of_the_repository_with_all_fields():
    request = github.status_request(GITHUB, STATUS)
    assert request.url == f"https://api.github.com/repos/shop/deploy/statuses/{SHA}"
    assert request.headers["Authorization"] == "Bearer s3cret-token"
    assert json.loads(request.body) == {
        "state": "pending",
        "context": "reconciler/shop",
        "description": "canary 40%, step 3/8",
        "target_url": "https://r.test/applications/shop",
    }


def test_gitea_gets_the_same_body_under_its_own_path_and_token_header():
    target = StatusTarget("gitea", "http://forge.test/api/v1/", "shop/deploy", token="t")
    request = forge("gitea").status_request(target, STATUS)
    assert request.url == f"http://forge.test/api/v1/repos/shop/deploy/statuses/{SHA}"
    assert request.headers["Authorization"] == "token t"
    assert request.body == github.status_request(GITHUB, STATUS).body


@pytest.mark.parametrize("kind", ["github", "gitea"])
def test_the_token_is_marked_for_redaction_and_absent_from_every_repr(kind: str):
    assert forge(kind).status_request(GITHUB, STATUS).secrets == ("s3cret-token",)
    assert "s3cret" not in repr(GITHUB)


def answer(status: int, message: str = "", **headers: str) -> object:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return github.status_answer(Response(status, names, json.dumps({"message": message}).encode()), NOW)


RESET = str(int((NOW + timedelta(seconds=90)).timestamp()))


@pytest.mark.parametrize(
    ("got", "seconds", "whole_forge"),
    [
        pytest.param(answer(429, retry_after="17"), 17, True, id="429 with Retry-After"),
        pytest.param(answer(403, retry_after="30"), 30, True, id="403 with Retry-After"),
        pytest.param(answer(429, retry_after="Thu, 01 Jan 2026 12:00:45 GMT"), 45, True, id="Retry-After as a date"),
        pytest.param(answer(403, x_ratelimit_remaining="0", x_ratelimit_reset=RESET), 90, True, id="spent until reset"),
        pytest.param(answer(403, "You have exceeded a secondary rate limit"), 60, True, id="secondary limit, no delay"),
        pytest.param(answer(429), 60, True, id="429 alone"),
        pytest.param(answer(401, "Bad credentials"), 600, False, id="wrong token"),
        pytest.param(answer(403, "Resource not accessible"), 600, False, id="no permission"),
        pytest.param(answer(502), None, False, id="bad gateway"),
        pytest.param(answer(503, retry_after="5"), 5, False, id="unavailable for 5 s"),
        pytest.param(answer(429, retry_after="999999999"), 3600, True, id="a pause of thirty years"),
        pytest.param(answer(429, retry_after="9" * 400), 3600, True, id="a number beyond all numbers"),
        pytest.param(answer(429, retry_after="Fri, 01 Jan 2021 00:00:00 +99999999999999"), 60, True, id="no time zone"),
        pytest.param(answer(403, x_ratelimit_remaining="0", x_ratelimit_reset="9" * 400), 3600, True, id="never reset"),
    ],
)
def test_answers_that_mean_later(got: object, seconds: float | None, whole_forge: bool):
    assert isinstance(got, RetryAfter)
    assert (got.seconds, got.whole_forge) == (seconds, whole_forge)


@pytest.mark.parametrize(
    ("got", "words"),
    [
        pytest.param(answer(404), "token may not see it", id="unknown commit or hidden repository"),
        pytest.param(answer(422, "This SHA and context has reached the maximum"), "maximum", id="1000 statuses"),
        pytest.param(answer(301, location="https://api.github.com/repositories/1"), "moved", id="repository renamed"),
    ],
)
def test_answers_that_mean_never_explain_themselves(got: object, words: str):
    assert isinstance(got, Rejected) and words in got.reason


def test_created_means_delivered():
    assert answer(201) == Delivered()


def test_an_answer_that_is_no_json_is_still_understood():
    assert github.status_answer(Response(500, {}, b"<html>"), NOW) == RetryAfter(None, "answered 500: no message")


def test_gitea_has_a_way_of_its_own_to_say_that_a_commit_is_unknown():
    unknown = Response(500, {}, b'{"message":"GetCommit[bbbb]: object does not exist [id: bbbb, rel_path: ]"}')
    assert isinstance(forge("gitea").status_answer(unknown, NOW), Rejected)
    assert isinstance(forge("gitea").status_answer(Response(500, {}, b"{}"), NOW), RetryAfter)
    assert isinstance(forge("gitea").status_answer(Response(201, {}, b"{}"), NOW), Delivered)
