"""Get and list: selectors, pages, consistent snapshots."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from reconciler.sandbox.api.core import Api, in_version
from reconciler.sandbox.kinds import Kind
from reconciler.sandbox.problems import ApiProblem, bad_request, expired, invalid, not_supported
from reconciler.sandbox.selectors import Test, field_test, label_test
from reconciler.sandbox.store import Expired, Key

Object = dict[str, Any]
# In a token: go on with the objects of today.
LATEST = -1


@dataclass(frozen=True)
class Wanted:
    """What a list or watch asks for."""

    namespace: str = ""
    labels: str = ""
    fields: str = ""
    limit: int = 0
    token: str = ""
    revision: str = ""
    match: str = ""

    def test(self, kind: Kind) -> Test:
        """Whether an object is wanted. Raises 400 for selectors that mean nothing."""
        labels, fields = label_test(self.labels), field_test(self.fields, kind.kind, kind.selectable)
        namespace = self.namespace
        if not namespace and not self.labels and not self.fields:
            return lambda obj: True
        return lambda obj: (
            (not namespace or obj["metadata"].get("namespace") == namespace) and labels(obj) and fields(obj)
        )


@dataclass(frozen=True)
class Page:
    items: list[Object]
    revision: int
    token: str = ""
    remaining: int | None = None

    def metadata(self) -> Object:
        found: Object = {"resourceVersion": str(self.revision)}
        if self.token:
            found["continue"] = self.token
        if self.remaining is not None:
            found["remainingItemCount"] = self.remaining
        return found


def listed(api: Api, kind: Kind, wanted: Wanted) -> Page:
    """Raises 400 (selector, token), 410 (token or revision too old), 504 (revision of the future)."""
    check_match(wanted)
    test = wanted.test(kind)
    revision, after = start(api, wanted)
    found = snapshot(api, kind, wanted, revision)
    items = [found[key] for key in sorted(found) if (after is None or key > after) and test(found[key])]
    page = items[: wanted.limit] if wanted.limit else items
    rest = len(items) - len(page)
    shown = [in_version(kind, obj) for obj in page]
    if not rest:
        return Page(shown, revision)
    metadata = page[-1]["metadata"]
    token = encoded(revision, (metadata.get("namespace", ""), metadata["name"]))
    return Page(shown, revision, token, None if wanted.labels or wanted.fields else rest)


def check_match(wanted: Wanted) -> None:
    if wanted.match not in ("", "Exact", "NotOlderThan"):
        cause = not_supported("resourceVersionMatch", json.dumps(wanted.match), ("Exact", "NotOlderThan", ""))
        raise invalid("meta.k8s.io", "ListOptions", "", [cause])


def start(api: Api, wanted: Wanted) -> tuple[int, Key | None]:
    """The revision to list at, and the key after which the page begins."""
    if wanted.token:
        revision, after = decoded(wanted.token)
        return (api.store.revision if revision == LATEST else revision), after
    if not wanted.revision or wanted.revision == "0":
        return api.store.revision, None
    asked = parsed_revision(wanted.revision)
    if asked > api.store.revision:
        cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
        message = f"Timeout: Too large resource version: {asked}, current: {api.store.revision}"
        raise ApiProblem(504, "Timeout", message, {"causes": [cause], "retryAfterSeconds": 1})
    return asked if wanted.match == "Exact" else api.store.revision, None


def parsed_revision(text: str) -> int:
    if not text.isdigit():
        raise ApiProblem(500, "", f'resourceVersion: Invalid value: "{text}": a resource version is a number')
    return int(text)


def snapshot(api: Api, kind: Kind, wanted: Wanted, revision: int) -> dict[Key, Object]:
    if revision == api.store.revision:
        return api.store.objects.get(kind.storage, {})
    try:
        return api.store.at(kind.storage, revision)
    except Expired:
        raise too_old(api, wanted, revision) from None


def too_old(api: Api, wanted: Wanted, revision: int) -> ApiProblem:
    """Expired; a page after that can still be had, of today's objects, with the token in the answer."""
    if not wanted.token:
        return expired(f"The resourceVersion for the provided list is too old: {revision}")
    _, after = decoded(wanted.token)
    message = "The provided continue parameter is too old to display a consistent list result"
    return expired(message, {"continue": encoded(LATEST, after or ("", ""))})


def encoded(revision: int, key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps({"rv": revision, "start": key}).encode()).decode().rstrip("=")


def decoded(token: str) -> tuple[int, Key | None]:
    try:
        found = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        namespace, name = found["start"]
        return int(found["rv"]), (str(namespace), str(name))
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise bad_request("invalid continue token: continue key is not valid") from None
