"""The page in a real browser: it loads without a complaint, follows what happens, and fits a phone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.web import live
from tests.browser import story
from tests.browser.chromium import Browser
from tests.browser.story import WELL, shop
from tests.unit.web.serving import Site

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = Browser()
    yield chromium
    chromium.close()


@pytest.fixture
def site() -> Iterator[Site]:
    with story.told() as site:
        yield site


@pytest.fixture(autouse=True)
def quiet(browser: Browser) -> Iterator[None]:
    """No test may leave a console error, a script error or a violation of the content security policy."""
    browser.complaints.clear()
    browser.size(1280, 800)
    yield
    browser.ask("1")
    assert browser.complaints == []


def test_the_overview_shows_every_application(browser: Browser, site: Site):
    browser.open(site.server.url)
    assert browser.ask("[...document.querySelectorAll('.card h2')].map((title) => title.innerText)") == [
        "catalogue", "checkout", "search", "shop",
    ]  # fmt: skip
    browser.until("document.getElementById('live').dataset.state === 'live'")


def test_the_style_sheet_is_applied_under_the_content_security_policy(browser: Browser, site: Site):
    browser.open(site.server.url)
    assert browser.ask("getComputedStyle(document.querySelector('.cards')).display") == "grid"
    width = "document.querySelector('#app-shop rect.canary').getBoundingClientRect().width"
    whole = "document.querySelector('#app-shop rect.stable').getBoundingClientRect().width"
    assert browser.ask(f"{width} / {whole}") == pytest.approx(0.25, abs=0.01)


def test_an_open_page_follows_the_rollout_without_a_reload(browser: Browser, site: Site):
    browser.open(f"{site.server.url}/applications/shop")
    browser.until("document.getElementById('live').dataset.state === 'live'")
    browser.ask("window.neverReloaded = true")
    site.board.publish(shop(50, 5))
    browser.until("document.body.innerText.includes('canary 50%')")
    assert browser.ask("document.querySelector('[aria-current=step]').title") == "pause: 1m"
    assert browser.ask("window.neverReloaded") is True


def test_a_bar_is_moved_and_not_replaced(browser: Browser, site: Site):
    browser.open(f"{site.server.url}/applications/shop")
    browser.until("document.getElementById('live').dataset.state === 'live'")
    browser.ask("window.bar = document.querySelector('rect.canary'), 0")
    site.board.publish(shop(75, 7))
    browser.until("document.querySelector('rect.canary').getAttribute('width') === '75%'")
    assert browser.ask("window.bar === document.querySelector('rect.canary')")


def test_a_new_application_appears_on_the_open_overview(browser: Browser, site: Site):
    browser.open(site.server.url)
    browser.until("document.getElementById('live').dataset.state === 'live'")
    site.board.publish(replace(WELL, app="a-new-one"))
    browser.until("document.querySelector('#app-a-new-one') !== null")
    assert browser.ask("document.querySelectorAll('.card').length") == 5
    assert browser.ask("document.querySelector('#app-shop').getAttribute('href')") == "/applications/shop"


def test_a_page_that_was_turned_away_becomes_live_by_itself(
    browser: Browser, site: Site, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(live, "MAX_READERS", 0)
    browser.open(site.server.url)
    browser.until("document.getElementById('live').dataset.state === 'offline'")
    monkeypatch.setattr(live, "MAX_READERS", 10)
    browser.until("document.getElementById('live').dataset.state === 'live'")
    assert all("503" in complaint for complaint in browser.complaints)
    browser.complaints.clear()


PATHS = [
    "/",
    "/applications/shop",
    "/applications/checkout",
    "/applications/search",
    "/rollouts/shop/cart",
    "/experiments/shop/cart-ab",
]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_wider_than_a_phone(browser: Browser, site: Site, path: str):
    browser.size(360, 740)
    browser.open(site.server.url + path)
    assert browser.ask("document.documentElement.scrollWidth") <= 360


RED, GREEN = "196,40,31", "26,127,69"


def inked(browser: Browser, index: int) -> set[str]:
    """The colours in the picture of a metric, each as its red, green and blue."""
    read = (
        f"(() => {{ const c = document.querySelectorAll('.plot canvas')[{index}]; const seen = new Set(); "
        "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; "
        "for (let i = 0; i < d.length; i += 4) if (d[i + 3]) seen.add(`${d[i]},${d[i + 1]},${d[i + 2]}`); "
        "return [...seen]; })()"
    )
    return set(browser.ask(read))


def test_a_threshold_that_fails_is_red_though_nothing_failed(browser: Browser, site: Site):
    browser.open(f"{site.server.url}/runs/shop/shop-6f7d-2-3")
    browser.until("document.querySelectorAll('.plot canvas').length === 1")
    assert {RED, GREEN} <= inked(browser, 0)


def test_measurements_are_plotted_and_follow_what_is_measured(browser: Browser, site: Site, monkeypatch):
    browser.open(f"{site.server.url}/applications/shop")
    browser.until("document.querySelectorAll('.plot canvas').length === 3")
    assert {RED, GREEN} <= inked(browser, 0), "failed and successful measurements have their colours"
    first = "document.querySelector('.plot').dataset.plot"
    before = browser.ask(first)
    grown = story.measured("error-rate", "result[0] < 0.1", (0.5,), "Failed")
    monkeypatch.setitem(story.RUNS, "shop-6f7d-2", story.run("shop-6f7d-2", "Background", "Failed", grown))
    browser.until("document.getElementById('live').dataset.state === 'live'")
    site.board.publish(shop(50, 5))
    browser.until(f"{first} !== {before!r}")
    browser.until("document.querySelectorAll('.plot canvas').length === 2")
    span = "(({min, max}) => max - min)(drawn.get(document.querySelector('.plot')).plot.scales.x)"
    assert browser.ask(span) == 10, "one measurement is shown among seconds, not days"


def test_what_a_reader_opens_stays_open_and_times_count_down(browser: Browser, site: Site):
    browser.open(f"{site.server.url}/rollouts/shop/cart")
    browser.until("document.getElementById('live').dataset.state === 'live'")
    browser.ask("document.getElementById('revision-2').open = false, window.asked = 0")
    browser.ask("document.addEventListener('refreshed', () => { window.asked += 1 })")
    before = browser.ask("document.querySelector('[data-ahead]').textContent")
    browser.until("window.asked > 0")
    assert browser.ask("document.getElementById('revision-2').open") is False
    browser.until(f"document.querySelector('[data-ahead]').textContent !== '{before}'")


def test_a_command_is_copied_or_at_least_selected(browser: Browser, site: Site):
    browser.open(f"{site.server.url}/rollouts/shop/cart")
    browser.ask("document.querySelector('.copy').click()")
    browser.until("['copied', 'selected'].includes(document.querySelector('.copy').textContent)")
    assert browser.ask("getSelection().toString()") == "reconciler rollouts promote cart -n shop"
