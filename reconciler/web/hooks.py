"""`POST /hooks/github`: a push makes the daemon look at once. Order: size, signature, replay, and only then content.

The payload is a hint and nothing more: it says "this repository moved", git itself is asked for the rest. Whatever its
shape, the answer is an HTTP status, never an exception (spec gitops §5.4).
"""

from __future__ import annotations

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


class Hooks:
    """One instance serves every forge. Lives in the event loop: nothing here waits but for the body."""

    def __init__(self, repositories: tuple[HookRepository, ...], on_push: OnPush) -> None:
        self._repositories = tuple(repository for repository in repositories if repository.secret)
        self._on_push = on_push
        self._seen, self._misbehaviour = Seen(), Misbehaviour()

    async def handle(self, request: web.Request) -> web.Response:
        source, now = request.remote or "", time.monotonic()
        if (wait := self._misbehaviour.blocked_for(source, now)) > 0:
            refused = Verdict(429, "throttled", "too many refused webhooks from this address")
            return _respond("unknown", refused, {"Retry-After": str(int(wait) + 1)})
        if (request.content_length or 0) > MAX_BODY_BYTES:
            kind, verdict = "unknown", Verdict(413, "too_large", f"more than {MAX_BODY_BYTES} bytes")
        else:
            headers = {name.lower(): value for name, value in request.headers.items()}
            kind, verdict = self.judge(headers, await request.read(), now)
        if verdict.status in (400, 401, 413):
            self._misbehaviour.note(source, now)
        return _respond(kind, verdict)

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
