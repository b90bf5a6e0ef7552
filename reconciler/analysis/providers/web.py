"""Any HTTP endpoint that answers with JSON, or with a text (spec rollouts §7.6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from reconciler.analysis import jsonpath
from reconciler.analysis.expr.types import as_json_numbers
from reconciler.analysis.providers.contract import Answer, ProviderError, Surroundings
from reconciler.analysis.providers.replies import excerpt, hints
from reconciler.http.model import Request, Response

DEFAULT_TIMEOUT = 10
METHODS = ("GET", "POST", "PUT")


def request(config: Mapping[str, Any], now: datetime, around: Surroundings) -> Request:
    """The question as written. Raises ProviderError for settings that contradict each other."""
    method = str(config.get("method") or "GET")
    if method not in METHODS:
        raise ProviderError(f"provider.web.method {method!r} is none of {', '.join(METHODS)}")
    headers = {str(item["key"]): str(item["value"]) for item in config.get("headers") or ()}
    body = _body(config, method, headers)
    return Request(
        method,
        str(config.get("url") or ""),
        headers,
        body,
        timeout=_timeout(config.get("timeoutSeconds")),
        insecure=bool(config.get("insecure")),
        secrets=tuple(headers.values()),
    )


def value(config: Mapping[str, Any], response: Response) -> Answer:
    """What `jsonPath` selects; the text itself when the answer is not JSON. Raises ProviderError."""
    if not 200 <= response.status < 300:
        raise ProviderError(f"received non 2xx response code: {response.status}{hints(response)}: {excerpt(response)}")
    try:
        document = response.json()
    except ValueError:
        text = response.body.decode(errors="replace")
        return Answer.of_json(text, text)
    try:
        found = jsonpath.first(str(config.get("jsonPath") or "{$}"), document)
    except jsonpath.PathError as error:
        raise ProviderError(str(error)) from None
    return Answer.of_json(as_json_numbers(found), orjson.dumps(found).decode())


def _body(config: Mapping[str, Any], method: str, headers: dict[str, str]) -> bytes:
    text, document = config.get("body"), config.get("jsonBody")
    if text and document is not None:
        raise ProviderError("provider.web: use either body or jsonBody")
    if method == "GET" and (text or document is not None):
        raise ProviderError("provider.web: a body needs method POST or PUT")
    if document is None:
        return str(text or "").encode()
    for name in [name for name in headers if name.lower() == "content-type"]:
        del headers[name]
    headers["Content-Type"] = "application/json"
    return orjson.dumps(document)


def _timeout(seconds: Any) -> float:
    try:
        timeout = float(seconds or DEFAULT_TIMEOUT)
    except (TypeError, ValueError):
        raise ProviderError(f"provider.web.timeoutSeconds {seconds!r} is not a number of seconds") from None
    if not timeout > 0:  # which NaN is not either
        raise ProviderError("provider.web.timeoutSeconds must be more than nothing")
    return timeout
