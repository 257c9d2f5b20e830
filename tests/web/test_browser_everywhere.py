"""What holds on every page: nothing from elsewhere, little to load, nothing kept, nothing run that a name contains."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from ledger.digests import text_digest
from ledger.enums import Class
from ledger.keys import LocalSigner
from marketplace.catalogue import artefacts
from tests.web.browsing import Device
from tests.web.conftest import Devices
from tests.web.listening import Listening
from tests.web.test_words import engineers_words

pytestmark = pytest.mark.browser

HEAVIEST = 60_000
"""Bytes as they are sent, compressed, everything a page loads together."""
WEIGHT = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .reduce((sum, one) => sum + one.encodedBodySize, 0)"""
"""A first visit's: what comes out of the browser's cache counts as if it had been sent."""
PLAIN_TEXT = """() => {
    const plain = document.body.cloneNode(true);
    plain.querySelectorAll(".technical, script").forEach((one) => one.remove());
    return plain.textContent;
}"""
HOSTILE = "</bdi><script>alert(1)</script><img src=x onerror=alert(2)> \u202egnp.bal\u2066 \U0001f9ea"
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def walk(listening: Listening, device: Device, key: str) -> Iterator[tuple[str, Page]]:
    """Every page a citizen sees on her way, by name."""
    page = device.page("/c")
    yield "entrance", page
    page.fill("#code", listening.letter(key))
    page.click("#letter button")
    page.wait_for_url("**/c/ask/*")
    yield "request", page
    page.click("button[value=no]")
    page.wait_for_url("**/no")
    yield "said no", page
    page.goto(f"{listening.address}/c/ask/{listening.use_case}")
    listening.yes(page)
    yield "on its way", page
    listening.city.pump()
    expect(page.locator(".receipt")).to_have_attribute("data-state", "in_force")
    yield "receipt", page
    listening.order()
    page.goto(f"{listening.address}/c/uses")
    yield "uses", page
    page.goto(f"{listening.address}/c")
    yield "home", page
    page.get_by_role("button", name=("Stop this" if "en" in device.locale else "Das beenden")).click()
    page.wait_for_url("**/c/consents/*")
    yield "stopping", page
    page.goto(f"{listening.address}/stop")
    yield "stop", page
    page.goto(f"{listening.address}/stop/done")
    yield "stopped", page
    page.goto(f"{listening.address}/")
    yield "public", page
    device.expects("status of 404")
    page.goto(f"{listening.address}/c/nowhere")
    yield "problem", page


@pytest.mark.parametrize(
    ("locale", "scheme", "width"),
    [("en-GB", "light", 320), ("en-GB", "dark", 1280), ("de-DE", "dark", 320), ("de-DE", "light", 1280)],
)
def test_every_page_can_be_used_by_everybody_fits_its_screen_and_is_light(
    listening: Listening, device: Devices, locale: str, scheme: str, width: int
) -> None:
    phone = device(locale=locale, color_scheme=scheme, viewport={"width": width, "height": 640})
    found: dict[str, list[str]] = {}
    weights: dict[str, int] = {}
    for name, page in walk(listening, phone, listening.somebody()):
        weights[name] = page.evaluate(WEIGHT)
        page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        report = Axe().run(page, options={"runOnly": LEVELS}).response
        wrong = [f"{one['id']}: {one['nodes'][0]['html']}" for one in report["violations"]]
        wide = page.evaluate("document.documentElement.scrollWidth")
        met = engineers_words(locale[:2], page.evaluate(PLAIN_TEXT))
        found[name] = wrong + met + ([f"{wide} px wide"] if wide > width else [])

    assert len(found) == len(weights) == 12
    assert all(1_000 < weight <= HEAVIEST for weight in weights.values()), weights
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_after_leaving_nothing_is_left_on_the_device(listening: Listening, device: Devices) -> None:
    phone = device()
    page = listening.request(phone, listening.somebody())
    listening.yes(page)
    receipt = page.url
    code = page.inner_text("[data-code]")
    page.click("footer >> text=Deutsch")
    expect(page.locator("h1")).to_have_text("Sie haben Ja gesagt")
    assert {one["name"] for one in phone.context.cookies()} == {"visit", "language"}

    page.get_by_role("button", name="Diese Seite verlassen").click()
    page.wait_for_url(f"{listening.address}/")

    assert phone.context.cookies() == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert (
        page.evaluate("(async () => (await indexedDB.databases()).length + (await caches.keys()).length)()")
        == 0
    )
    for _ in range(3):
        page.go_back()
        assert code not in page.content()
    page.goto(receipt)
    expect(page.locator("#letter")).to_be_visible()


def test_the_back_button_of_a_browser_that_keeps_pages_shows_nothing_after_leaving(
    listening: Listening, device: Devices, remembering: Browser
) -> None:
    phone = Device.of(remembering, listening.address)
    page = listening.request(phone, listening.somebody())
    listening.yes(page)
    page.goto(f"{listening.address}/c/uses")
    page.get_by_role("button", name="Leave this page").click()
    page.wait_for_url(f"{listening.address}/")

    for _ in range(3):
        page.go_back()
        page.wait_for_load_state()
        assert page.locator("[data-code], .leave").count() == 0
    phone.context.close()


@pytest.fixture
def hostile(listening: Listening) -> Iterator[int]:
    """A request of an organisation whose name slipped past our own check of names. It ends with the test."""
    office, town = listening.city.office, listening.city.office.town
    town.keys[HOSTILE] = LocalSigner.fresh()
    with office.house.database.writing() as session:
        assert artefacts.keep_text(session, "name", HOSTILE) == text_digest(HOSTILE)
    town.join(HOSTILE, Class.COMMERCIAL)
    office.pump()
    office.projector.catch_up()
    number = listening.ask_with_a_choice(HOSTILE)
    yield number
    listening.close(number)


def test_a_recipients_name_with_a_script_and_turned_letters_is_only_shown(
    listening: Listening, device: Devices, hostile: int
) -> None:
    phone, key = device(), listening.somebody()
    opened: list[str] = []
    phone.context.on("dialog", lambda dialog: (opened.append(dialog.message), dialog.dismiss()))
    page = listening.open(phone, key)
    expect(page.locator("main")).to_contain_text(HOSTILE)

    page.goto(f"{listening.address}/c/ask/{hostile}")
    assert page.inner_text("[data-recipient]") == HOSTILE
    page.click("button[value=no]")
    expect(page.locator("main")).to_contain_text("gets nothing about you")
    assert page.locator("main bdi").first.inner_text() == HOSTILE
    page.click("main >> text=Read and answer")
    listening.recorded_yes(page)
    page.goto(f"{listening.address}/c")
    expect(page.locator("h3 bdi")).to_have_text(HOSTILE)

    assert opened == []
    assert page.locator("main script, main img").count() == 0
