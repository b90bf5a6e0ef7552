"""InfluxDB 2: the values of a Flux query (spec rollouts §7.6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import orjson

from reconciler.analysis.providers import annotated_csv
from reconciler.analysis.providers.contract import Answer, ProviderError, Surroundings
from reconciler.analysis.providers.credentials import of_secret
from reconciler.analysis.providers.replies import excerpt, plain, refusal
from reconciler.analysis.providers.settings import SettingsReader, is_web_address
from reconciler.http.model import Request, Response

NAME = "InfluxDB"
DEFAULT_SECRET = "influxdb"  # noqa: S105 - the name of an object
TIMEOUT = 30.0
VALUE = "_value"


def request(config: Mapping[str, Any], now: datetime, around: Surroundings) -> Request:
    """The query for the organisation of the profile. Raises ProviderError for settings that cannot be used."""
    read = SettingsReader("influxdb", config)
    query = read.text("query", needed=True)
    profile = read.text("profile") or DEFAULT_SECRET
    read.finish()
    texts = of_secret(around, profile, ("address", "authToken", "org"))
    if not is_web_address(texts["address"]):
        raise ProviderError(f'key "address" of Secret "{profile}" is not an http(s) URL')
    dialect = {"header": True, "delimiter": ",", "annotations": ["datatype", "group", "default"]}
    return Request(
        "POST",
        f"{texts['address'].rstrip('/')}/api/v2/query?{urlencode({'org': texts['org']})}",
        {
            "Authorization": f"Token {texts['authToken']}",
            "Content-Type": "application/json",
            "Accept": "application/csv",
        },
        orjson.dumps({"query": query, "type": "flux", "dialect": dialect}),
        timeout=TIMEOUT,
        secrets=(texts["authToken"],),
    )


def value(config: Mapping[str, Any], response: Response) -> Answer:
    """The values of all records as a list. Raises ProviderError, also when there are none."""
    if response.status != 200:
        raise refusal(NAME, response)
    try:
        records = annotated_csv.records(response.body.decode())
    except ValueError as error:
        raise ProviderError(f"{NAME} answered in a way that cannot be read: {error}: {excerpt(response)}") from None
    for record in records:
        if "error" in record and "reference" in record:
            raise ProviderError(f"{NAME}: {record['error']}")
        if VALUE not in record:
            raise ProviderError(f"{NAME} answered without a column {VALUE}: the query must keep or map to it")
    if not records:
        raise ProviderError(f"{NAME} has no records for the query")
    values = [record[VALUE] for record in records]
    return Answer.of_json(values, f"[{','.join(map(_text, values))}]")


def _text(item: object) -> str:
    return plain(item) if isinstance(item, float) else orjson.dumps(item).decode()
