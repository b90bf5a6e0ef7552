"""Digests of objects and of whole renders: equal digest, equal contents (spec gitops §1.8). Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import orjson


def of_object(manifest: dict[str, Any]) -> str:
    """sha256 of the canonical JSON: keys sorted, no spaces."""
    return hashlib.sha256(orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS)).hexdigest()


def with_namespace(digest: str, namespace: str) -> str:
    """Digest of an object whose namespace was filled in or removed, without writing it out again."""
    return hashlib.sha256(f"{digest} {namespace}".encode()).hexdigest()


def of_all(digests: Iterable[str]) -> str:
    """Digest of a render; the order of objects does not matter."""
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()
