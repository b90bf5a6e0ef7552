"""Annotated CSV: the tables in which InfluxDB answers to Flux queries.

A table begins with rows of annotations (`#datatype`, `#group`, `#default`), then its header, then its records. A new
set of annotations begins a new table; the first column holds the names of annotations and nothing else.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

Record = dict[str, Any]

ANNOTATIONS = ("#datatype", "#group", "#default")
_WHOLE = ("long", "unsignedLong")


def records(text: str) -> list[Record]:
    """The records of all tables in order, by column. Times, durations and bytes stay texts; a missing value is None.

    Raises ValueError when the text is not such a table, or ends within a record.
    """
    found: list[Record] = []
    types: dict[str, Sequence[str]] = {}
    header: Sequence[str] = ()
    try:
        for row in csv.reader(io.StringIO(text, newline="")):
            if not any(row):
                header = ()
            elif row[0] in ANNOTATIONS:
                types, header = ({} if header else types) | {row[0]: row}, ()
            elif not header:
                header = row
            else:
                found.append(_record(header, row, types))
    except csv.Error as error:
        raise ValueError(str(error)) from None
    return found


def _record(header: Sequence[str], row: Sequence[str], annotations: dict[str, Sequence[str]]) -> Record:
    kinds, defaults = (annotations.get(name, ()) for name in ("#datatype", "#default"))
    if not len(header) == len(row) == len(kinds):
        raise ValueError(f"a record of {len(row)} columns under {len(header)} names and {len(kinds)} types")
    filled = defaults if len(defaults) == len(header) else [""] * len(header)
    return {
        name: _value(kind, text or default)
        for name, kind, text, default in zip(header[1:], kinds[1:], row[1:], filled[1:], strict=True)
    }


def _value(kind: str, text: str) -> Any:
    """Raises ValueError for a text that is not of its type."""
    if kind == "string":
        return text
    if not text:
        return None
    if kind == "double":
        return float(text)
    if kind in _WHOLE:
        return int(text)
    if kind == "boolean":
        return _boolean(text)
    return text


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text == "true"
