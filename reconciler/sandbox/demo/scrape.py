"""The simulated proxy's counters in Prometheus' text format, for a real Prometheus to scrape."""

from __future__ import annotations

from aiohttp import web

from reconciler.sandbox.demo.traffic import Counters


def exposition(counters: Counters) -> str:
    """One sample per line (Prometheus documentation, exposition formats)."""
    lines = []
    for name, labels, value in counters.scrape():
        text = ",".join(f'{key}="{label}"' for key, label in labels.items())
        lines.append(f"{name}{{{text}}} {value}")
    return "\n".join(sorted(lines)) + "\n"


def application(counters: Counters) -> web.Application:
    """An aiohttp application with `/metrics`."""

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(text=exposition(counters), content_type="text/plain")

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    return app
