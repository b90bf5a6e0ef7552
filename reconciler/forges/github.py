"""GitHub: webhooks signed with `X-Hub-Signature-256`, commit statuses, and its ways of saying "slower".

Facts: spec gitops §5.4 and §6.1. The request is held against GitHub's own OpenAPI description in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import orjson

from reconciler.forges import payload
from reconciler.forges.model import (
    Answer,
    CommitStatus,
    Delivered,
    Ping,
    Push,
    Rejected,
    RetryAfter,
    StatusTarget,
)
from reconciler.forges.signature import signed
from reconciler.http.model import Request, Response

API_VERSION = "2022-11-28"
SECONDARY_LIMIT_PAUSE = 60.0
"""Seconds that GitHub asks to wait after a secondary limit that names no delay."""
LONGEST_PAUSE = 3600.0
"""Seconds after which we ask again whatever the forge said: its limits are by the hour, and a header may be wrong."""
NO_PERMISSION_PAUSE = 600.0
"""Seconds between tries while the token is refused: a person has to mend it, so hammering is pointless."""


def recognises(headers: Mapping[str, str]) -> bool:
    return "x-github-event" in headers


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Checks `X-Hub-Signature-256: sha256=<hex>` over the raw body."""
    scheme, _, claimed = headers.get("x-hub-signature-256", "").partition("=")
    return scheme == "sha256" and signed(secret, body, claimed)


def delivery_id(headers: Mapping[str, str]) -> str:
    return headers.get("x-github-delivery", "")


def parse_push(headers: Mapping[str, str], body: bytes) -> Push | Ping | None:
    """A push to a branch, a ping, or None for everything else; never raises."""
    event = headers.get("x-github-event", "")
    if event == "ping":
        return Ping()
    content = payload.decode(headers, body) if event == "push" else None
    return payload.push(content) if content is not None else None


def status_request(target: StatusTarget, status: CommitStatus) -> Request:
    """`POST /repos/{owner}/{repo}/statuses/{sha}`."""
    headers = {
        "Accept": "application/vnd.github+json",
        "Content-Type": "application/json",
        "X-GitHub-Api-Version": API_VERSION,
        "Authorization": f"Bearer {target.token}",
    }
    return Request("POST", status_url(target, status.sha), headers, status_body(status), secrets=(target.token,))


def status_url(target: StatusTarget, sha: str) -> str:
    return f"{target.api_url.rstrip('/')}/repos/{quote(target.repo)}/statuses/{quote(sha, safe='')}"


def status_body(status: CommitStatus) -> bytes:
    fields = {"state": status.state, "context": status.context, "description": status.description}
    if status.target_url:
        fields["target_url"] = status.target_url
    return orjson.dumps(fields)


def status_answer(response: Response, now: datetime) -> Answer:
    """What became of a status: spec gitops §6.3, last rules."""
    code = response.status
    if 200 <= code < 300:
        return Delivered()
    if code == 429 or (code == 403 and _is_rate_limit(response)):
        return RetryAfter(_asked_delay(response, now), f"rate limit: {_message(response)}", whole_forge=True)
    if code in (401, 403):
        return RetryAfter(NO_PERMISSION_PAUSE, f"the token may not write commit statuses: {_message(response)}")
    if code == 404:
        return Rejected("not found: the commit is not in this repository, or the token may not see it")
    if 300 <= code < 400:
        return Rejected(f"the repository has moved to {response.headers.get('location', 'another place')}")
    if code in (408, 409) or code >= 500:
        return RetryAfter(_asked_seconds(response, now), f"answered {code}: {_message(response)}")
    return Rejected(f"answered {code}: {_message(response)}")


def _is_rate_limit(response: Response) -> bool:
    spent = response.headers.get("x-ratelimit-remaining") == "0"
    return spent or "retry-after" in response.headers or "rate limit" in _message(response).lower()


def _asked_delay(response: Response, now: datetime) -> float:
    asked = _asked_seconds(response, now)
    if asked is not None:
        return asked
    reset = response.headers.get("x-ratelimit-reset", "")
    if response.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return _bounded(float(reset) - now.timestamp())
    return SECONDARY_LIMIT_PAUSE


def _asked_seconds(response: Response, now: datetime) -> float | None:
    """`Retry-After` in seconds, from its number or its date; None when absent or unreadable."""
    asked = response.headers.get("retry-after", "")
    if asked.isdecimal():
        return _bounded(float(asked))
    try:
        date = parsedate_to_datetime(asked)
    except (ValueError, OverflowError):
        return None
    return _bounded((date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds())


def _bounded(seconds: float) -> float:
    return min(max(1.0, seconds), LONGEST_PAUSE)


def _message(response: Response) -> str:
    """The forge's own words, short; they are shown to people."""
    try:
        content: Any = response.json()
    except ValueError:
        return "no message"
    said = content.get("message") if isinstance(content, dict) else None
    return " ".join(said.split())[:200] if isinstance(said, str) and said else "no message"
