"""A company's way from the front page to its first number, in a real browser, with a wallet of its own."""

import json
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from ledger.enums import Class
from ledger.keys import LocalSigner
from tests import small_city
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


@pytest.fixture(scope="module")
def bikes(listening: Listening) -> Listening:
    """Bikes counted at the bridge are open to all, at the general price."""
    office = listening.city.office
    delivered = small_city.write_bikes(listening.city.folder / "bikes.csv")
    office.dataset(small_city.document(small_city.BIKES), delivered, public=True)
    listening.city.http.publish_rule()
    office.town.set_tariff()
    office.projector.catch_up()
    return listening


def member(listening: Listening, device: Devices, name: str, *, funds: int = 1_000) -> Company:
    """An organisation that joined, has money, and signed in."""
    office = listening.city.office
    office.join(name, Class.COMMERCIAL)
    if funds:
        office.fund(name, funds)
    laptop = device(viewport=DESK)
    company = Company(listening, laptop, TestWallet(office.town.keys[name], chain_id=1))
    install(laptop.context, company.wallet)
    return company


def signed_in(company: Company, path: str = "/partner") -> Page:
    page = company.page(path)
    page.click("[data-enter]")
    page.wait_for_url(f"**{path}")
    return page


def apply_for_bikes(listening: Listening, name: str) -> int:
    number = listening.city.office.apply(name, small_city.document(small_city.BIKES_BY_HOUR))
    listening.city.pump()
    return number


def test_a_company_buys_orders_and_reads_with_one_signature_each(bikes: Listening, device: Devices) -> None:
    company = member(bikes, device, "Bridge Counts")
    number = apply_for_bikes(bikes, "Bridge Counts")
    page = signed_in(company)
    expect(page.locator("[data-step=buy]")).to_be_visible()
    page.click("text=Go there")
    page.wait_for_url(f"**/partner/use-cases/{number}")
    expect(page.locator("main")).to_contain_text("by a rule that was public before")
    expect(page.locator("main")).to_contain_text("everything is shown")
    assert wrong(page) == []

    page.click("text=Sign and buy for 100.00 credits")
    company.recorded(page)
    page.wait_for_url("**/partner/licences/*")
    expect(page.locator("main")).to_contain_text("0 of 100 used")
    assert wrong(page) == []
    page.click("text=Sign and order for at most 10.00 credits")
    company.recorded(page)
    page.wait_for_url("**/partner/orders/0x*")
    expect(page.locator("h1")).to_have_text("Your answer is on its way")
    assert wrong(page) == []
    bikes.city.pump(analysis=True)
    expect(page.locator("h1")).to_have_text("Your answer")

    paid = [one["message"]["value"] for one in company.wallet.signed_documents()]
    assert paid == ["100000000", "10000000"]
    assert page.locator("table[data-answer] tbody tr").count() == 24
    assert page.locator("svg.chart").count() == 1
    expect(page.locator(".honesty")).to_contain_text("simulated")
    assert wrong(page) == []
    with page.expect_download() as downloaded:
        page.click("text=CSV")
    rows = downloaded.value.path().read_text("utf-8-sig").splitlines()
    assert rows[0] == "hour,sum riders" or rows[0].startswith("hour,")
    assert len(rows) == 25
    for what in ("JSON", "Signed statement", "Keep the receipt"):
        with page.expect_download() as downloaded:
            page.click(f"text={what}")
        assert json.loads(downloaded.value.path().read_text())


def test_a_purchase_whose_answer_was_lost_is_sent_again_and_paid_once(
    bikes: Listening, device: Devices
) -> None:
    company = member(bikes, device, "Cut Line")
    company.device.expects("ERR_FAILED")
    number = apply_for_bikes(bikes, "Cut Line")
    page = signed_in(company, f"/partner/use-cases/{number}")
    page.route("**/v1/messages/**", lambda route: route.abort())
    page.click("[data-buy]")
    expect(page.locator("[data-status]")).to_contain_text("The city does not answer")
    bikes.city.pump()
    page.unroute("**/v1/messages/**")
    page.click("[data-buy]")
    page.wait_for_url("**/partner/licences/*")

    assert len(company.wallet.signed_documents()) == 1
    page.goto(f"{bikes.address}/partner")
    expect(page.locator(".facts").first).to_contain_text("900.00 credits")


def test_a_price_that_changed_since_the_page_was_shown_is_not_signed(
    bikes: Listening, device: Devices
) -> None:
    company = member(bikes, device, "Slow Reader")
    number = apply_for_bikes(bikes, "Slow Reader")
    page = signed_in(company, f"/partner/use-cases/{number}")
    bikes.city.office.town.set_tariff(number, licence_price=500_000_000)
    bikes.city.office.projector.catch_up()
    page.click("[data-buy]")
    expect(page.locator("[data-status]")).to_contain_text("The price has changed")
    assert company.wallet.signed_documents() == []


def test_whoever_has_too_little_is_told_how_much_is_missing_and_pays_in_there(
    bikes: Listening, device: Devices
) -> None:
    company = member(bikes, device, "Empty Purse", funds=0)
    number = apply_for_bikes(bikes, "Empty Purse")
    page = signed_in(company, f"/partner/use-cases/{number}")
    expect(page.locator("main")).to_contain_text("You need 100.00 credits more")
    assert page.locator("[data-buy]").count() == 0
    page.click("text=Pay in play money")
    company.recorded(page)
    expect(page.locator("[data-buy]")).to_be_visible()


def test_an_answer_that_may_not_leave_is_explained_and_paid_back(
    listening: Listening, device: Devices
) -> None:
    office = listening.city.office
    company = member(listening, device, "Too Few")
    number = office.apply("Too Few", small_city.document(small_city.TRAVEL))
    office.allow(number)
    office.town.set_tariff(number)
    office.projector.catch_up()
    licence = office.buy_licence("Too Few", number)
    order = office.order("Too Few", licence)
    listening.city.pump(analysis=True)

    page = signed_in(company, f"/partner/orders/0x{order.hex()}")
    expect(page.locator("h1")).to_have_text("There is no answer, and you paid nothing")
    expect(page.locator("main")).to_contain_text("Order again when more people consent")
    assert wrong(page) == []
    page.goto(f"{listening.address}/partner/use-cases/{number}")
    expect(page.locator("main")).to_contain_text("fewer than 10")
    assert wrong(page) == []
    listening.close(number)


def test_what_is_anothers_or_nothing_is_told_apart_from_a_mistake_of_ours(
    listening: Listening, device: Devices
) -> None:
    company = member(listening, device, "Curious")
    company.device.expects("status of 403", "status of 404", "status of 422")
    page = signed_in(company)
    for path, told in (
        (f"/partner/use-cases/{listening.use_case}", "This is another organisation"),
        ("/partner/use-cases/9999", "There is no"),
        (f"/partner/licences/{listening.licence}", "You hold no such licence"),
        (f"/partner/orders/0x{'00' * 32}", "You have no such order"),
        ("/partner/orders/nonsense", ""),
        ("/partner/licences/-1", ""),
    ):
        page.goto(f"{listening.address}{path}")
        expect(page.locator("h1")).to_contain_text(told)
