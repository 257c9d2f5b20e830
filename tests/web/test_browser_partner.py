"""A company's way from the front page to its first number, in a real browser, with a wallet of its own."""

from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from ledger.keys import LocalSigner
from tests.web.browsing import DESK, Device
from tests.web.conftest import Devices
from tests.web.listening import Listening
from tests.web.test_browser_everywhere import LEVELS
from tests.web.wallets import REJECTED, TestWallet, install

pytestmark = pytest.mark.browser

SENT = "The ledger is recording it"


@dataclass
class Company:
    """Somebody at a desk whom the city does not know yet."""

    listening: Listening
    device: Device
    wallet: TestWallet
    clicks: list[str] = field(default_factory=list[str])

    def page(self, path: str = "/") -> Page:
        return self.device.page(path)

    def click(self, page: Page, selector: str) -> None:
        self.clicks.append(selector)
        page.click(selector)

    def recorded(self, page: Page, *, analysis: bool = False) -> None:
        """What was sent is taken to the ledger."""
        expect(page.locator("[data-status]:visible, [data-paying]").first).to_contain_text(SENT)
        self.listening.city.pump(analysis=analysis)

    def join(self, page: Page, name: str) -> None:
        page.fill("#name", name)
        self.click(page, "text=Sign and join")
        self.recorded(page)
        page.wait_for_url("**/partner")


@pytest.fixture
def company(listening: Listening, device: Devices) -> Company:
    laptop = device(viewport=DESK)
    wallet = TestWallet(LocalSigner.fresh(), chain_id=1)
    install(laptop.context, wallet)
    return Company(listening, laptop, wallet)


def wrong(page: Page) -> list[str]:
    """What keeps somebody from using a page: axe's findings, and a page wider than its screen."""
    found: list[str] = []
    here = page.url.split("?")[0]
    for language in ("en", "ar"):
        page.goto(f"{here}?lang={language}")
        for width, scheme in ((320, "light"), (1280, "dark")):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
            report = Axe().run(page, options={"runOnly": LEVELS}).response
            seen = f"{here} {language} {width}"
            found += [f"{seen}: {one['id']}: {one['nodes'][0]['html']}" for one in report["violations"]]
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found.append(f"{seen}: too wide")
    page.goto(f"{here}?lang=en")
    page.set_viewport_size({"width": DESK["width"], "height": DESK["height"]})
    return found


def test_a_company_nobody_knew_joins_is_admitted_and_pays_in(company: Company) -> None:
    page = company.page("/enter")
    page.click("text=Join the city")
    assert wrong(page) == []
    company.join(page, "Wheel Works")

    expect(page.locator("h1")).to_have_text("Wheel Works")
    expect(page.locator("[data-step=apply]")).to_contain_text("apply for a use case")
    (signed,) = company.wallet.signed_documents()
    assert signed["primaryType"] == "Join"
    assert signed["message"]["name"] == "Wheel Works"

    page.fill("#amount", "12.5")
    page.click("text=Pay in play money")
    company.recorded(page)
    expect(page.locator(".facts").first).to_contain_text("12.50 credits")
    assert wrong(page) == []


def test_whoever_declines_to_sign_or_takes_a_known_name_has_not_joined(company: Company) -> None:
    company.device.expects("status of 409", "status of 403")
    page = company.page("/join")
    company.wallet.fails = {"eth_signTypedData_v4": REJECTED}
    page.fill("#name", "Bad Luck")
    page.click("text=Sign and join")
    expect(page.locator("[data-status]")).to_contain_text("You declined in your wallet")

    company.wallet.fails = {}
    page.fill("#name", "Lab")
    page.click("text=Sign and join")
    expect(page.locator("[data-status]")).to_contain_text("This name or account has joined already")
    company.listening.city.pump()
    known = page.request.get(f"{company.listening.address}/v1/participants").json()["items"]
    assert "Bad Luck" not in {one["name"] for one in known}


def test_a_lost_answer_does_no_harm_whoever_joined_is_signed_in_when_she_tries_again(
    company: Company,
) -> None:
    company.device.expects("status of 409", "ERR_FAILED")
    page = company.page("/join")
    page.route("**/v1/messages/**", lambda route: route.abort())
    page.fill("#name", "Second Try")
    page.click("text=Sign and join")
    expect(page.locator("[data-status]")).to_contain_text("The city does not answer")
    company.listening.city.pump()
    page.unroute("**/v1/messages/**")
    page.click("text=Sign and join")
    page.wait_for_url("**/partner")
    expect(page.locator("h1")).to_have_text("Second Try")
