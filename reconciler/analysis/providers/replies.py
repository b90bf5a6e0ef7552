"""Reads the answers of HTTP providers: whatever is not the documented shape is an error that shows the answer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import orjson

from reconciler.analysis.expr.types import as_json_numbers
from reconciler.analysis.providers.contract import Answer, ProviderError
from reconciler.http.client import printable_url
from reconciler.http.model import Response

LONGEST_EXCERPT = 500
_LAST_WORD = re.compile(r"[\w.~+/=-]{1,200}$")
_HINTS = {
    401: " (are the credentials right?)",
    403: " (may these credentials query?)",
    404: " (is the address right?)",
    429: " (too many requests)",
}


def document(name: str, response: Response) -> dict[str, Any]:
    """The JSON object of a 200. Raises ProviderError with the status and the beginning of any other answer."""
    body = _decoded(name, response)
    if not isinstance(body, dict):
        raise unexpected(name, response)
    return body


def items(name: str, response: Response) -> list[Any]:
    """The JSON array of a 200. Raises ProviderError as `document` does."""
    body = _decoded(name, response)
    if not isinstance(body, list):
        raise unexpected(name, response)
    return body


def _decoded(name: str, response: Response) -> Any:
    if response.status != 200:
        raise refusal(name, response)
    try:
        return response.json()
    except ValueError:
        raise ProviderError(f"{name} answered with something that is not JSON: {excerpt(response)}") from None


def refusal(name: str, response: Response) -> ProviderError:
    """What to raise for a status that is not 200."""
    return ProviderError(f"{name} answered {response.status}{hints(response)}: {excerpt(response)}")


def hints(response: Response) -> str:
    """What a status and its headers ask of the user, in parentheses."""
    told = _HINTS.get(response.status, "")
    if later := response.headers.get("retry-after", "")[:40]:
        told += f" (asks to wait {later}{' s' * later.isdigit()})"
    if elsewhere := response.headers.get("location", ""):
        told += f" (redirects to {printable_url(elsewhere)[:200]}: use that address)"
    return told


def unexpected(name: str, response: Response) -> ProviderError:
    """What to raise for JSON of a shape that the vendor does not document."""
    return ProviderError(f"{name} answered in a shape that is not known: {excerpt(response)}")


def excerpt(response: Response) -> str:
    """The beginning of the body in one line. A word that is cut is left out: half a secret cannot be masked."""
    text = response.body[:LONGEST_EXCERPT].decode(errors="replace")
    if len(response.body) > LONGEST_EXCERPT:
        text = _LAST_WORD.sub("", text) + "…"
    return " ".join(text.split()) or "nothing"


def number(name: str, value: object) -> float:
    """A JSON number as conditions see it. Raises ProviderError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ProviderError(f"{name} answered with {str(value)[:100]!r} instead of a number")
    return float(value)


def plain(measured: float) -> str:
    """A number as people write it: `5`, `0.0058`; never with an exponent."""
    text = format(Decimal(repr(measured)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def plain_list(measured: Iterable[float]) -> str:
    return f"[{','.join(map(plain, measured))}]"


def json_answer(value: Any, **metric_metadata: str) -> Answer:
    """Decoded JSON as the result: every number a float, the text as JSON."""
    numbers = as_json_numbers(value)
    answer = Answer.of_json(numbers, orjson.dumps(value).decode())
    return Answer(answer.value, answer.text, answer.type, metric_metadata=metric_metadata)
