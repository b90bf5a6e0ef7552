"""Wavefront: the points of a query at this moment (spec rollouts §7.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from reconciler.analysis.expr.types import FLOAT, FLOATS
from reconciler.analysis.providers.contract import Answer, ProviderError, Surroundings
from reconciler.analysis.providers.credentials import of_secret
from reconciler.analysis.providers.replies import document, number, unexpected
from reconciler.analysis.providers.settings import SettingsReader
from reconciler.http.model import Request, Response

NAME = "Wavefront"
SECRET = "wavefront-api-tokens"  # noqa: S105 - the name of an object


def measure(config: Mapping[str, Any], now: datetime, around: Surroundings) -> Answer:
    """One question; the answer is read with the moment of asking, to which points are compared."""
    return value(around.send(request(config, now, around)), now)


def request(config: Mapping[str, Any], now: datetime, around: Surroundings) -> Request:
    """The chart API at this second. Raises ProviderError for settings that cannot be used, or without a token."""
    read = SettingsReader("wavefront", config)
    host = read.text("address", needed=True).strip()
    if host and ("@" in host or urlsplit(f"//{host}").netloc != host):
        read.wrong(f".address {host!r} is not a host such as example.wavefront.com")
    query = read.text("query", needed=True)
    read.finish()
    token = of_secret(around, SECRET, (host,))[host]
    window = {"s": str(round(now.timestamp() * 1000)), "g": "s", "p": "1", "i": "false"}
    return Request(
        "GET",
        f"https://{host}/api/v2/chart/api?{urlencode({'q': query, **window})}",
        {"Authorization": f"Bearer {token}", "Accept": "application/json"},
        secrets=(token,),
    )


def value(response: Response, now: datetime) -> Answer:
    """The point nearest to `now` of the one series, or of each of several. Raises ProviderError without any."""
    body = document(NAME, response)
    if body.get("errorMessage"):
        raise ProviderError(f"{NAME}: {body.get('errorType') or 'error'}: {body['errorMessage']}")
    try:
        series = [points for one in body.get("timeseries") or [] if (points := one.get("data"))]
        nearest = [_nearest(points, now.timestamp()) for points in series]
    except (AttributeError, LookupError, TypeError):
        raise unexpected(NAME, response) from None
    warnings = str(body.get("warnings") or "")
    if not nearest:
        raise ProviderError(": ".join(filter(None, (f"{NAME} has no time series with data for the query", warnings))))
    return _answer(nearest, now.timestamp(), warnings)


def _nearest(points: Sequence[Sequence[Any]], moment: float) -> tuple[float, float]:
    """(seconds since the epoch, value)."""
    read = [(number(NAME, when), number(NAME, measured)) for when, measured in points]
    return min(read, key=lambda point: abs(point[0] - moment))


def _answer(points: Sequence[tuple[float, float]], moment: float, warnings: str) -> Answer:
    values = [measured for _, measured in points]
    alone = len(points) == 1
    metadata = {
        "timestamps": _text([f"{when:.0f}" for when, _ in points]),
        "drift": _text([f"{moment - when:.0f}" for when, _ in points]),
    }
    if warnings:
        metadata["warnings"] = warnings
    text = _text([f"{measured:.2f}" for measured in values])
    return Answer(values[0], text, FLOAT, metadata) if alone else Answer(values, text, FLOATS, metadata)


def _text(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"[{','.join(items)}]"
