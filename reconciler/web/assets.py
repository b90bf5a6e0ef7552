"""Style sheet, script and icon: read once, named by their content so that browsers may keep them for ever."""

from __future__ import annotations

import hashlib
from importlib.resources import files

from aiohttp import web

TYPES = {
    "page.css": "text/css",
    "live.js": "text/javascript",
    "plots.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "uplot.css": "text/css",
    "uplot.js": "text/javascript",
}


class Assets:
    """The files of `web/static`. Only the names of `TYPES` exist; no path is ever built from a request."""

    def __init__(self) -> None:
        static = files("reconciler.web") / "static"
        self._contents = {name: (static / name).read_bytes() for name in TYPES}
        self._versions = {name: hashlib.sha256(body).hexdigest()[:12] for name, body in self._contents.items()}

    def url(self, name: str) -> str:
        return f"/static/{name}?v={self._versions[name]}"

    async def handle(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self._contents:
            raise web.HTTPNotFound(text="no such file\n")
        current = request.query.get("v") == self._versions[name]
        caching = "public, max-age=31536000, immutable" if current else "no-cache"
        return web.Response(
            body=self._contents[name], content_type=TYPES[name], charset="utf-8", headers={"Cache-Control": caching}
        )
