"""GraphQL over HTTP: how a question is put, and what an answer without errors is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from reconciler.analysis.providers.contract import ProviderError
from reconciler.analysis.providers.replies import document, unexpected
from reconciler.http.model import Response

HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


def question(query: str, variables: Mapping[str, Any]) -> bytes:
    """The body of a POST."""
    return orjson.dumps({"query": query, "variables": variables})


def data(name: str, response: Response) -> dict[str, Any]:
    """The `data` of the answer. Raises ProviderError for errors, also where there is some data beside them."""
    body = document(name, response)
    if body.get("errors"):
        raise ProviderError(f"{name}: {_messages(body['errors'])}")
    found = body.get("data")
    if not isinstance(found, dict):
        raise unexpected(name, response)
    return found


def _messages(errors: Any) -> str:
    listed = errors if isinstance(errors, list) else [errors]
    return "; ".join(str(error.get("message", error)) if isinstance(error, dict) else str(error) for error in listed)
