"""Graphite: what its render API draws, as numbers (spec rollouts §7.6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from reconciler.analysis.expr.types import FLOATS
from reconciler.analysis.providers.contract import Answer, ProviderError, Surroundings
from reconciler.analysis.providers.replies import items, number, plain_list, unexpected
from reconciler.analysis.providers.settings import SettingsReader
from reconciler.http.model import Request, Response

NAME = "Graphite"
TIMEOUT = 10.0
_SAFE = "%&=,()*[]'!~:;/?@$+"
"""What may stand in a query string as it is; the user writes the query in that form, `%` included."""


def request(config: Mapping[str, Any], now: datetime, around: Surroundings) -> Request:
    """The query without its whitespace, which may be laid out over lines. Raises ProviderError."""
    read = SettingsReader("graphite", config)
    address = read.address()
    query = "".join(read.text("query", needed=True).split())
    if query and "target=" not in query:
        read.wrong(".query has no target=, e.g. target=sumSeries(stats.*.errors)&from=-5min")
    read.finish()
    return Request("GET", f"{address}/render?{quote(query, safe=_SAFE)}&format=json", timeout=TIMEOUT)


def value(config: Mapping[str, Any], response: Response) -> Answer:
    """The values of the first target as a list, without the nulls. Raises ProviderError, also when none are left."""
    targets = items(NAME, response)
    try:
        points = targets[0]["datapoints"] if targets else []
        values = [number(NAME, measured) for measured, _ in points if measured is not None]
    except (LookupError, TypeError, ValueError):
        raise unexpected(NAME, response) from None
    if not values:
        why = "" if targets else ": it knows no such target"
        raise ProviderError(f"{NAME} has no values for the query{why}")
    return Answer(values, plain_list(values), FLOATS)
