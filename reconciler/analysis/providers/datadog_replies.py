"""What Datadog answers to a query of series (API v1) and to one of scalars (API v2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from reconciler.analysis.expr.types import FLOAT, FLOATS, NIL
from reconciler.analysis.providers.contract import Answer, ProviderError
from reconciler.analysis.providers.replies import document, number, plain, plain_list, unexpected
from reconciler.http.model import Response

NAME = "Datadog"
MOST_GROUPS = 100
"""Groups that are named in the metadata: those with the highest and with the lowest values."""

NOTHING = Answer(None, "[]", NIL)
NULL = Answer(None, "null", NIL)

Groups = list[tuple[str, float]]


def series(response: Response) -> Answer:
    """v1: the last point of the first series, nil without one. Raises ProviderError with what Datadog says."""
    body = document(NAME, response)
    if body.get("status") == "error" or body.get("error"):
        raise ProviderError(f"{NAME}: {body.get('error') or 'the query failed'}")
    try:
        points = body["series"][0]["pointlist"] if body["series"] else []
        if not points:
            return NOTHING
        return _one(points[-1][1])
    except (AttributeError, LookupError, TypeError):
        raise unexpected(NAME, response) from None


def scalar(response: Response) -> Answer:
    """v2: the first column of numbers; a list when there are columns of groups. Raises ProviderError."""
    body = document(NAME, response)
    if body.get("errors"):
        raise ProviderError(f"{NAME}: {body['errors']}")
    try:
        columns = body["data"]["attributes"].get("columns") or []
        numbers = next((column.get("values") or [] for column in columns if column.get("type") == "number"), [])
        tags = [column.get("values") or [] for column in columns if column.get("type") == "group"]
        if tags:
            return _grouped(tags, numbers)
    except (AttributeError, LookupError, TypeError):
        raise unexpected(NAME, response) from None
    return _one(numbers[0]) if numbers else NOTHING


def _one(found: object) -> Answer:
    if found is None:
        return NULL
    measured = number(NAME, found)
    return Answer(measured, plain(measured), FLOAT)


def _grouped(tags: Sequence[Sequence[Sequence[str]]], numbers: Sequence[Any]) -> Answer:
    """One value per group; a group without a value is left out, as it has no data."""
    names = [",".join(tag for cell in row for tag in cell) for row in zip(*tags, strict=True)]
    if len(names) != len(numbers):
        raise ProviderError(f"{NAME} answered with {len(names)} groups and {len(numbers)} values")
    groups = [(name, number(NAME, found)) for name, found in zip(names, numbers, strict=True) if found is not None]
    if not groups:
        return NOTHING
    values = [measured for _, measured in groups]
    return Answer(values, plain_list(values), FLOATS, _metadata(groups))


def _metadata(groups: Groups) -> dict[str, str]:
    shown = _extremes(groups)
    listed = [{"name": name, "value": measured} for name, measured in shown]
    metadata = {"groups": orjson.dumps(listed).decode()}
    if len(shown) < len(groups):
        metadata["groups_truncated"] = "true"
    return metadata


def _extremes(groups: Groups) -> Groups:
    """All of a few; of many those whose values stand out, highest first."""
    if len(groups) <= MOST_GROUPS:
        return groups
    ordered = sorted(groups, key=lambda group: group[1], reverse=True)
    return ordered[: MOST_GROUPS // 2] + ordered[-MOST_GROUPS // 2 :]
