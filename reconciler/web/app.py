"""All routes of the one listener: probes, metrics, webhooks, page, JSON and live events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from reconciler.runtime.memory import give_back
from reconciler.telemetry import exposition
from reconciler.web.assets import Assets
from reconciler.web.hooks import MAX_BODY_BYTES, Hooks
from reconciler.web.live import Live
from reconciler.web.markup import Markup
from reconciler.web.pages import Pages
from reconciler.web.ports import Ports
from reconciler.web.releases import Releases

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}

FRESH = {"Cache-Control": "no-store"}

_READY: web.AppKey[Callable[[], str]] = web.AppKey("ready")


def application(ports: Ports) -> web.Application:
    """The aiohttp application; nothing runs until it is served."""
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_secure])
    app[_READY] = ports.ready
    assets, live, hooks = Assets(), Live(ports.deliveries), Hooks(ports.hooks, ports.on_push)
    markup = Markup(assets, ports.now)
    pages, releases = Pages(ports, markup), Releases(ports, markup)
    app.on_startup.append(live.start)
    app.on_shutdown.append(live.stop)
    app.add_routes(
        [
            web.get("/", pages.overview),
            web.get("/applications/{name}", pages.application),
            web.get("/rollouts/{namespace}/{name}", releases.rollout),
            web.get("/experiments/{namespace}/{name}", releases.experiment),
            web.get("/runs/{namespace}/{name}", pages.run),
            web.get("/runs/{namespace}/{name}/analysis.svg", pages.run_svg),
            web.get("/api/v1/applications", pages.list_json),
            web.get("/api/v1/applications/{name}", pages.one_json),
            web.get("/api/v1/rollouts", pages.rollouts_json),
            web.get("/api/v1/rollouts/{namespace}/{name}", releases.rollout_json),
            web.get("/api/v1/experiments/{namespace}/{name}", releases.experiment_json),
            web.get("/events", live.handle),
            web.get("/static/{name}", assets.handle),
            web.post("/hooks/github", hooks.handle),
            web.post("/hooks/gitea", hooks.handle),
            web.get("/healthz", _healthz),
            web.get("/readyz", _readyz),
            web.get("/metrics", _metrics),
        ]
    )
    return app


async def _healthz(request: web.Request) -> web.Response:
    """Alive as long as this loop turns."""
    return web.Response(text="ok\n")


async def _readyz(request: web.Request) -> web.Response:
    missing = await asyncio.to_thread(request.app[_READY])
    return web.Response(text=f"not ready: {missing}\n", status=503) if missing else web.Response(text="ok\n")


async def _metrics(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": exposition.CONTENT_TYPE, **SECURITY_HEADERS, **FRESH})
    await response.prepare(request)
    pieces = exposition.pieces()
    while piece := await asyncio.to_thread(next, pieces, b""):
        await response.write(piece)
    await asyncio.to_thread(give_back)
    return response


@web.middleware
async def _secure(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        response = await handler(request)
    except web.HTTPException as error:
        error.headers.update(SECURITY_HEADERS)
        raise
    if not response.prepared:
        response.headers.update(SECURITY_HEADERS)
        for name, value in FRESH.items():
            response.headers.setdefault(name, value)
    return response
