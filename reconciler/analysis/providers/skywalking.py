"""Apache SkyWalking: a GraphQL query over the time until now (spec rollouts §7.6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from reconciler.analysis.providers import graphql
from reconciler.analysis.providers.contract import Answer, Surroundings
from reconciler.analysis.providers.replies import json_answer
from reconciler.analysis.providers.settings import SettingsReader
from reconciler.http.model import Request, Response

NAME = "SkyWalking"
TIMEOUT = 30.0
DEFAULT_INTERVAL = timedelta(minutes=5)
_MINUTE = "%Y-%m-%d %H%M"


def request(config: Mapping[str, Any], now: datetime, around: Surroundings) -> Request:
    """The query with the variable `$duration`: minutes in the daemon's local time, which must be the server's.

    Raises ProviderError for settings that cannot be used.
    """
    read = SettingsReader("skywalking", config)
    address = read.address()
    query = read.text("query", needed=True)
    interval = read.duration("interval", DEFAULT_INTERVAL)
    read.finish()
    start, end = ((now - ago).astimezone().strftime(_MINUTE) for ago in (interval, timedelta()))
    variables = {"duration": {"start": start, "end": end, "step": "MINUTE"}}
    return Request("POST", f"{address}/graphql", graphql.HEADERS, graphql.question(query, variables), timeout=TIMEOUT)


def value(config: Mapping[str, Any], response: Response) -> Answer:
    """The `data` of the answer as it is, nil where there is nothing. Raises ProviderError."""
    return json_answer(graphql.data(NAME, response))
