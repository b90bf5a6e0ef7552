"""The listener over real connections: probes, limits, headers, live events and a clean end."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable

import pytest

from reconciler.errors import UserError
from reconciler.outcomes.board import Board
from reconciler.web import hooks
from reconciler.web.ports import Ports
from reconciler.web.server import WebServer, parse_listen
from tests.unit.outcomes.deliveries import canary, in_motion
from tests.unit.web.serving import Site, running
from tests.unit.web.test_hooks import SHOP, pushed, signed


def until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "never true"
        time.sleep(0.01)


def test_alive_and_ready_are_different_questions():
    missing = ["caches are filling"]
    with running(ready=lambda: missing[0]) as site:
        assert site.get("/healthz").status == 200
        assert site.get("/readyz").status == 503 and "caches are filling" in site.get("/readyz").text
        missing[0] = ""
        assert site.get("/readyz").status == 200


def test_metrics_are_in_the_text_format():
    with running() as site:
        page = site.get("/metrics")
    assert page.headers["content-type"].startswith("text/plain")
    assert "reconciler_build_info{" in page.text


def test_a_signed_webhook_is_accepted_over_http_and_a_forged_one_is_not():
    pushes: list[tuple[str, str, str]] = []
    with running(hooks=(SHOP,), on_push=lambda *push: pushes.append(push)) as site:
        body = pushed()
        assert site.send("POST", "/hooks/github", body, signed(body, "guess")).status == 401
        assert site.send("POST", "/hooks/github", body, signed(body)).status == 202
        assert site.send("GET", "/hooks/github").status == 405
    assert [push[1] for push in pushes] == ["main"]


def test_a_body_over_one_mebibyte_is_refused_whether_announced_or_not():
    with running(hooks=(SHOP,)) as site:
        announced = site.connect()
        announced.putrequest("POST", "/hooks/github")
        announced.putheader("Content-Length", str((1 << 20) + 1))
        announced.endheaders()
        assert announced.getresponse().status == 413
        announced.close()
        chunked = site.connect()
        chunked.request("POST", "/hooks/github", iter([b"x" * (1 << 16)] * 17), signed(b""), encode_chunked=True)
        assert chunked.getresponse().status == 413
        chunked.close()


def test_a_source_that_only_guesses_is_told_to_stop_but_the_forge_behind_the_same_address_is_heard():
    pushes: list[tuple[str, str, str]] = []
    with running(hooks=(SHOP,), on_push=lambda *push: pushes.append(push)) as site:
        body = pushed()
        answers = [site.send("POST", "/hooks/github", body, signed(body, "guess")).status for _ in range(32)]
        assert answers[0] == 401 and answers[-1] == 429
        assert site.send("POST", "/hooks/github", body, signed(body)).status == 202
    assert len(pushes) == 1


def dribbling(site: Site) -> http.client.HTTPConnection:
    """A connection that announces a body and sends only its beginning."""
    connection = site.connect()
    connection.putrequest("POST", "/hooks/github")
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b"{")
    return connection


def test_a_body_that_dribbles_in_is_not_waited_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hooks, "BODY_SECONDS", 0.1)
    with running(hooks=(SHOP,)) as site:
        connection = dribbling(site)
        assert connection.getresponse().status == 408
        connection.close()


def test_bodies_that_dribble_in_take_bounded_room_and_give_it_back():
    with running(hooks=(SHOP,)) as site:
        slow = [dribbling(site) for _ in range(hooks.MAX_AT_ONCE)]
        body = pushed()
        until(lambda: site.send("POST", "/hooks/github", body, signed(body)).status == 503)
        for connection in slow:
            connection.close()
        until(lambda: site.send("POST", "/hooks/github", body, signed(body)).status == 202)


@pytest.mark.parametrize("path", ["/", "/applications/none", "/api/v1/applications", "/nothing", "/healthz"])
def test_every_answer_forbids_inline_code_and_foreign_frames(path: str):
    with running() as site:
        headers = site.get(path).headers
    assert "script-src 'self'" in headers["content-security-policy"]
    assert "unsafe-inline" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_static_files_are_only_the_known_ones():
    with running() as site:
        assert site.get("/static/page.css").headers["content-type"] == "text/css; charset=utf-8"
        assert site.get("/static/..%2fserver.py").status == 404
        assert site.get("/static/server.py").status == 404


def test_an_open_page_hears_at_once_which_application_changed():
    with running() as site:
        connection = site.connect()
        connection.request("GET", "/events")
        stream = connection.getresponse()
        assert stream.getheader("Content-Type") == "text/event-stream"
        assert stream.readline() == b"retry: 2000\n"
        site.board.publish(in_motion(canary()))
        lines = [stream.readline() for _ in range(3)]
        connection.close()
    assert lines[1] == b"event: change\n"
    assert json.loads(lines[2].removeprefix(b"data: ")) == {"applications": ["shop"]}


def test_an_open_page_does_not_delay_the_end_of_the_server():
    server = WebServer("127.0.0.1:0", Ports(Board()))
    server.start()
    with socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1]))) as page:
        page.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        page.recv(100)
        started = time.monotonic()
        server.stop()
    assert time.monotonic() - started < 3
    assert not any(thread.name == "web" for thread in threading.enumerate())


def test_an_address_that_is_taken_is_a_message_for_the_user():
    with running() as site, pytest.raises(UserError, match="cannot listen on"):
        WebServer(site.server.url.removeprefix("http://"), Ports(Board())).start()


@pytest.mark.parametrize(
    ("listen", "parsed"),
    [("127.0.0.1:8080", ("127.0.0.1", 8080)), (":80", ("", 80)), ("[::1]:0", ("::1", 0))],
)
def test_addresses_to_listen_on(listen: str, parsed: tuple[str, int]):
    assert parse_listen(listen) == parsed


@pytest.mark.parametrize("listen", ["8080", "localhost", "localhost:http", "a:99999"])
def test_an_unreadable_address_says_how_to_write_one(listen: str):
    with pytest.raises(UserError, match="HOST:PORT"):
        parse_listen(listen)
