"""Reading a push payload. GitHub, Gitea and Forgejo use the same fields; nothing here trusts their shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import orjson

from reconciler.forges.model import Push

_BRANCH = "refs/heads/"
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_URL_FIELDS = ("clone_url", "ssh_url", "git_url", "html_url", "svn_url", "url")
_LONGEST = 2048


def decode(headers: Mapping[str, str], body: bytes) -> dict[str, Any] | None:
    """The payload object, sent as JSON or as a form with one `payload` field; None when it is neither."""
    if headers.get("content-type", "").lower().startswith("application/x-www-form-urlencoded"):
        body = _form_field(body, "payload")
    try:
        payload = orjson.loads(body)
    except ValueError:
        return None
    return payload if isinstance(payload, dict) else None


def push(payload: Mapping[str, Any]) -> Push | None:
    """The push to a branch that a payload speaks of; None for tags and for anything odd."""
    ref = _text(payload.get("ref"))
    repository = payload.get("repository")
    if not ref.startswith(_BRANCH) or ref == _BRANCH or not isinstance(repository, dict):
        return None
    urls = dict.fromkeys(_text(repository.get(field)) for field in _URL_FIELDS)
    return Push(
        repo_urls=tuple(url for url in urls if url),
        full_name=_text(repository.get("full_name")),
        branch=ref.removeprefix(_BRANCH),
        sha=_sha(payload.get("after")),
    )


def _form_field(body: bytes, name: str) -> bytes:
    try:
        values = parse_qs(body.decode(), max_num_fields=10).get(name, [""])
    except ValueError:
        return b""
    return values[0].encode("utf-8", "surrogatepass")


def _text(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= _LONGEST else ""


def _sha(value: object) -> str:
    sha = _text(value)
    return sha if _SHA.fullmatch(sha) and sha.strip("0") else ""
