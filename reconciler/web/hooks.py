"""`POST /hooks/github`: a push makes the daemon look at once. Order: size, signature, replay, and only then content.

The payload is a hint and nothing more: it says "this repository moved", git itself is asked for the rest. Whatever its
shape, the answer is an HTTP status, never an exception (spec gitops §5.4).
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from reconciler.forges import forge_of_webhook
from reconciler.forges.model import Forge, Ping, Push
from reconciler.forges.urls import concerns
from reconciler.telemetry import metrics
from reconciler.web.limits import Misbehaviour, Seen
from reconciler.web.ports import HookRepository, OnPush

MAX_BODY_BYTES = 1 << 20
BODY_SECONDS = 10.0
"""Forges give up after this time themselves, so a sender that takes longer is none."""
MAX_AT_ONCE = 32
"""Bodies that are read at the same time; with their size this bounds the memory that strangers can claim."""
REFUSED = (400, 401, 408, 413)
"""Answers that count as misbehaviour of their source."""
HOOKS_ARE_OFF = (
    "webhooks are off: no secret is configured. Set RECONCILER_WEBHOOK_SECRET to the secret of the webhook; "
    "until then the repository is polled."
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a webhook is answered. `result` is a label of the metric; the text is for the forge's delivery log."""

    status: int
    result: str
    text: str


TOO_LARGE = Verdict(413, "too_large", f"more than {MAX_BODY_BYTES} bytes")


class Hooks:
    """One instance serves every forge. Lives in the event loop: nothing here waits but for the body."""

    def __init__(self, repositories: tuple[HookRepository, ...], on_push: OnPush) -> None:
        self._repositories = tuple(repository for repository in repositories if repository.secret)
        self._on_push = on_push
        self._seen, self._misbehaviour = Seen(), Misbehaviour()
        self._reading = 0

    async def handle(self, request: web.Request) -> web.Response:
        """A source that is refused too often is only told so; a valid signature counts whatever came before it, since
        behind a proxy strangers share the forge's address."""
        source, now = request.remote or "", time.monotonic()
        kind, verdict = await self._hear(request, now)
        if verdict.status not in REFUSED:
            return _respond(kind, verdict)
        wait = self._misbehaviour.blocked_for(source, now)
        self._misbehaviour.note(source, now)
        if wait <= 0:
            return _respond(kind, verdict)
        throttled = Verdict(429, "throttled", "too many refused webhooks from this address")
        return _respond(kind, throttled, {"Retry-After": str(int(wait) + 1)})

    async def _hear(self, request: web.Request, now: float) -> tuple[str, Verdict]:
        if not self._repositories:
            return self.judge({}, b"", now)
        if (request.content_length or 0) > MAX_BODY_BYTES:
            return "unknown", TOO_LARGE
        if self._reading >= MAX_AT_ONCE:
            return "unknown", Verdict(503, "busy", "too many webhooks at once")
        self._reading += 1
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return "unknown", TOO_LARGE
        except TimeoutError:
            return "unknown", Verdict(408, "too_slow", f"the body took more than {BODY_SECONDS:g} s")
        finally:
            self._reading -= 1
        return self.judge({name.lower(): value for name, value in request.headers.items()}, body, now)

    def judge(self, headers: Mapping[str, str], body: bytes, now: float) -> tuple[str, Verdict]:
        """The forge's kind and the answer; a push that matters has been passed on. Headers are lower-cased."""
        if not self._repositories:
            return "unknown", Verdict(503, "no_secret", HOOKS_ARE_OFF)
        found = forge_of_webhook(headers)
        if found is None:
            return "unknown", Verdict(400, "unknown_forge", "no header of a known forge")
        kind, forge = found
        trusted = [each for each in self._repositories if forge.verify(each.secret, headers, body)]
        if not trusted:
            return kind, Verdict(401, "bad_signature", "the signature does not match the configured secret")
        if not self._seen.is_new((forge.delivery_id(headers), hashlib.sha256(body).hexdigest()), now):
            return kind, Verdict(202, "replayed", "already seen")
        return kind, self._content(forge, headers, body, trusted)

    def _content(self, forge: Forge, headers: Mapping[str, str], body: bytes, trusted: list[HookRepository]) -> Verdict:
        push = forge.parse_push(headers, body)
        if isinstance(push, Ping):
            return Verdict(200, "ping", "pong")
        if push is None:
            return Verdict(202, "ignored", "not a push to a branch")
        concerned = [each for each in trusted if _is_watched(each, push)]
        for repository in concerned:
            self._on_push(repository.url, push.branch, push.sha)
        if not concerned:
            return Verdict(202, "ignored", "no watched repository and branch")
        return Verdict(202, "accepted", "looking")


def _is_watched(repository: HookRepository, push: Push) -> bool:
    return push.branch == repository.branch and concerns(push, repository.url, repository.forge_repo)


def _respond(kind: str, verdict: Verdict, headers: Mapping[str, str] | None = None) -> web.Response:
    metrics.webhook_received(kind, verdict.result)
    content = {"result": verdict.result, "message": verdict.text}
    return web.json_response(content, status=verdict.status, headers=headers)
