"""Gitea and Forgejo: GitHub's status API under `/api/v1`, with a token header and a webhook signature of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from reconciler.forges import github, payload
from reconciler.forges.model import Answer, CommitStatus, Ping, Push, Rejected, StatusTarget
from reconciler.forges.signature import signed
from reconciler.http.model import Request, Response


def recognises(headers: Mapping[str, str]) -> bool:
    return "x-gitea-event" in headers or "x-forgejo-event" in headers


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Checks `X-Gitea-Signature`: bare hexadecimal HMAC-SHA256 of the raw body."""
    return signed(secret, body, headers.get("x-gitea-signature", ""))


def delivery_id(headers: Mapping[str, str]) -> str:
    return headers.get("x-gitea-delivery", "")


def parse_push(headers: Mapping[str, str], body: bytes) -> Push | Ping | None:
    """A push to a branch or None; Gitea has no ping, its test button sends a push. Never raises."""
    content = payload.decode(headers, body) if _event(headers) == "push" else None
    return payload.push(content) if content is not None else None


def status_request(target: StatusTarget, status: CommitStatus) -> Request:
    """`POST {api}/repos/{owner}/{repo}/statuses/{sha}`, `api` ending in `/api/v1`."""
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    headers["Authorization"] = f"token {target.token}"
    url, body = github.status_url(target, status.sha), github.status_body(status)
    return Request("POST", url, headers, body, secrets=(target.token,))


def status_answer(response: Response, now: datetime) -> Answer:
    """As GitHub's, but for a commit that it does not have: Gitea says that with a 500."""
    if response.status == 500 and b"object does not exist" in response.body:
        return Rejected("not found: the commit is not in this repository")
    return github.status_answer(response, now)


def _event(headers: Mapping[str, str]) -> str:
    return headers.get("x-gitea-event") or headers.get("x-forgejo-event", "")
