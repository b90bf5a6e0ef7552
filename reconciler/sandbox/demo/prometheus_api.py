"""The two query endpoints of Prometheus' HTTP API over the demo's samples.

Source: Prometheus documentation, querying/api. Everything else answers 501.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

from reconciler.kube.durations import parse_go_duration
from reconciler.sandbox.demo.evaluate import Value, evaluate
from reconciler.sandbox.demo.promql import Unsupported, parse
from reconciler.sandbox.demo.series import Labels, SeriesStore

MAX_POINTS = 11_000


def application(store: SeriesStore, now: Callable[[], float] = time.time) -> web.Application:
    """An aiohttp application that answers `/api/v1/query` and `/api/v1/query_range`."""

    async def query(request: web.Request) -> web.Response:
        fields = await _fields(request)
        at = _instant(fields.get("time"), now)
        return _answer(lambda: _instant_result(evaluate(parse(fields.get("query", "")), store, at), at))

    async def query_range(request: web.Request) -> web.Response:
        fields = await _fields(request)
        return _answer(lambda: _range_result(fields, store, now))

    async def unknown(request: web.Request) -> web.Response:
        message = f"the demo's Prometheus has no {request.path}"
        return web.json_response({"status": "error", "errorType": "not_implemented", "error": message}, status=501)

    app = web.Application()
    app.router.add_route("*", "/api/v1/query", query)
    app.router.add_route("*", "/api/v1/query_range", query_range)
    app.router.add_route("*", "/{path:.*}", unknown)
    return app


async def _fields(request: web.Request) -> dict[str, str]:
    posted = await request.post() if request.method == "POST" else {}
    return {**request.query, **{key: str(value) for key, value in posted.items()}}


def _instant(text: str | None, now: Callable[[], float]) -> float:
    return float(text) if text else now()


def _answer(compute: Callable[[], dict[str, Any]]) -> web.Response:
    try:
        return web.json_response({"status": "success", "data": compute()})
    except (Unsupported, ValueError) as error:
        return web.json_response({"status": "error", "errorType": "bad_data", "error": str(error)}, status=400)


def _instant_result(value: Value, at: float) -> dict[str, Any]:
    if isinstance(value, float):
        return {"resultType": "scalar", "result": [at, _text(value)]}
    rows = [{"metric": dict(labels), "value": [at, _text(number)]} for labels, number in value.items()]
    return {"resultType": "vector", "result": rows}


def _range_result(fields: dict[str, str], store: SeriesStore, now: Callable[[], float]) -> dict[str, Any]:
    start, end = _instant(fields.get("start"), now), _instant(fields.get("end"), now)
    step = _step(fields.get("step", ""))
    if step <= 0 or end < start or (end - start) / step > MAX_POINTS:
        raise Unsupported("start, end and step do not make a sensible range")
    tree = parse(fields.get("query", ""))
    rows: dict[Labels, list[tuple[float, str]]] = {}
    for index in range(int((end - start) / step) + 1):
        at = start + index * step
        value = evaluate(tree, store, at)
        points = {frozenset[tuple[str, str]](): value} if isinstance(value, float) else value
        for labels, number in points.items():
            rows.setdefault(labels, []).append((at, _text(number)))
    return {
        "resultType": "matrix",
        "result": [{"metric": dict(labels), "values": points} for labels, points in rows.items()],
    }


def _step(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return parse_go_duration(text).total_seconds()


def _text(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return "NaN" if math.isnan(value) else repr(value)
