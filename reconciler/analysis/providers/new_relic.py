"""New Relic: an NRQL query through NerdGraph (spec rollouts §7.6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reconciler.analysis.providers import graphql
from reconciler.analysis.providers.contract import Answer, ProviderError, Surroundings
from reconciler.analysis.providers.credentials import of_secret
from reconciler.analysis.providers.replies import json_answer, unexpected
from reconciler.analysis.providers.settings import SettingsReader, is_web_address
from reconciler.http.model import Request, Response

NAME = "New Relic"
DEFAULT_SECRET = "newrelic"  # noqa: S105 - the name of an object
DEFAULT_TIMEOUT = 5
ROUND_TRIP = 5.0
"""Seconds beyond the query's own timeout, so that New Relic's words about it still arrive."""

NERDGRAPH = {
    "us": "https://api.newrelic.com/graphql",
    "eu": "https://api.eu.newrelic.com/graphql",
    "jp": "https://api.jp.newrelic.com/graphql",
}
_QUERY = (
    "query ($accountId: Int!, $nrql: Nrql!)"
    " { actor { account(id: $accountId) { nrql(query: $nrql, timeout: %d) { results } } } }"
)


def request(config: Mapping[str, Any], now: datetime, around: Surroundings) -> Request:
    """The query for the account of the profile. Raises ProviderError for settings or a profile that cannot be used."""
    read = SettingsReader("newRelic", config)
    nrql = read.text("query", needed=True)
    timeout = read.whole_seconds("timeout", DEFAULT_TIMEOUT)
    read.finish()
    profile = read.text("profile") or DEFAULT_SECRET
    texts = of_secret(around, profile, ("personal-api-key", "account-id"))
    key = texts["personal-api-key"]
    variables = {"accountId": _account(profile, texts["account-id"]), "nrql": nrql}
    return Request(
        "POST",
        _endpoint(profile, texts),
        {**graphql.HEADERS, "API-Key": key},
        graphql.question(_QUERY % timeout, variables),
        timeout=timeout + ROUND_TRIP,
        secrets=(key,),
    )


def value(config: Mapping[str, Any], response: Response) -> Answer:
    """The row as a map, several as a list of maps. Raises ProviderError, also when there is none."""
    found = graphql.data(NAME, response)
    try:
        rows = found["actor"]["account"]["nrql"]["results"]
    except (LookupError, TypeError):
        raise unexpected(NAME, response) from None
    if not isinstance(rows, list):
        raise unexpected(NAME, response)
    if not any(rows):
        raise ProviderError(f"{NAME} has no results for the query")
    return json_answer(rows[0] if len(rows) == 1 else rows, ResolvedNewRelicQuery=str(config.get("query")))


def _account(profile: str, text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise ProviderError(f'key "account-id" of Secret "{profile}" is not a number')
    return int(text)


def _endpoint(profile: str, texts: Mapping[str, str]) -> str:
    """A proxy's address when the profile has one (`base-url-rest` is for other calls than ours)."""
    address = texts.get("base-url-nerdgraph") or ""
    if address:
        if not is_web_address(address):
            raise ProviderError(f'key "base-url-nerdgraph" of Secret "{profile}" is not an http(s) URL')
        return address
    region = (texts.get("region") or "us").lower()
    if region not in NERDGRAPH:
        raise ProviderError(f'key "region" of Secret "{profile}" is none of {", ".join(NERDGRAPH)}')
    return NERDGRAPH[region]
