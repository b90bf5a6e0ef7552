"""A stand-in for GitHub's commit-status API: it checks what GitHub checks, and remembers every status in order.

Source: GitHub REST API, "Create a commit status" and "List commit statuses for a reference".
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from aiohttp import web

STATES = ("error", "failure", "pending", "success")
MAX_DESCRIPTION = 140
MAX_PER_CONTEXT = 1000
_HEX = set("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class PostedStatus:
    sha: str
    context: str
    state: str
    description: str
    target_url: str
    at: datetime


@dataclass(slots=True)
class StatusBook:
    """Every status that was accepted, oldest first."""

    token: str
    posted: list[PostedStatus] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def add(self, status: PostedStatus) -> bool:
        """False when GitHub's limit for this sha and context is reached."""
        with self._lock:
            counts = Counter((known.sha, known.context) for known in self.posted)
            if counts[(status.sha, status.context)] >= MAX_PER_CONTEXT:
                return False
            self.posted.append(status)
            return True

    def latest(self, sha: str) -> PostedStatus | None:
        with self._lock:
            return next((status for status in reversed(self.posted) if status.sha == sha), None)

    def of(self, sha: str) -> list[PostedStatus]:
        with self._lock:
            return [status for status in self.posted if status.sha == sha]


def application(book: StatusBook) -> web.Application:
    """An aiohttp application that answers `/repos/{owner}/{repo}/statuses/{sha}`; everything else is 501."""

    async def create(request: web.Request) -> web.Response:
        if not _authorised(request, book.token):
            return web.json_response({"message": "Bad credentials"}, status=401)
        body = await request.json()
        sha = request.match_info["sha"]
        problem = _problem(sha, body)
        if problem:
            return web.json_response({"message": "Validation Failed", "errors": [problem]}, status=422)
        status = _status(sha, body)
        if not book.add(status):
            return web.json_response({"message": "This SHA and context has reached the maximum"}, status=422)
        return web.json_response(_shown(status), status=201)

    async def listing(request: web.Request) -> web.Response:
        statuses = reversed(book.of(request.match_info["sha"]))
        return web.json_response([_shown(status) for status in statuses])

    async def unknown(request: web.Request) -> web.Response:
        return web.json_response({"message": f"the demo's forge has no {request.path}"}, status=501)

    app = web.Application(client_max_size=64 * 1024)
    app.router.add_post("/repos/{owner}/{repo}/statuses/{sha}", create)
    app.router.add_get("/repos/{owner}/{repo}/commits/{sha}/statuses", listing)
    app.router.add_route("*", "/{path:.*}", unknown)
    return app


def _authorised(request: web.Request, token: str) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() in ("bearer", "token") and given == token


def _problem(sha: str, body: Any) -> str:
    if len(sha) != 40 or not set(sha) <= _HEX:
        return "sha must be the full 40 characters"
    if not isinstance(body, dict) or body.get("state") not in STATES:
        return f"state must be one of {', '.join(STATES)}"
    if len(body.get("description") or "") > MAX_DESCRIPTION:
        return f"description is too long (maximum is {MAX_DESCRIPTION} characters)"
    return ""


def _status(sha: str, body: dict[str, Any]) -> PostedStatus:
    return PostedStatus(
        sha=sha,
        context=body.get("context") or "default",
        state=body["state"],
        description=body.get("description") or "",
        target_url=body.get("target_url") or "",
        at=datetime.now(UTC),
    )


def _shown(status: PostedStatus) -> dict[str, Any]:
    return {
        "state": status.state,
        "context": status.context,
        "description": status.description,
        "target_url": status.target_url,
        "created_at": status.at.isoformat(),
    }
