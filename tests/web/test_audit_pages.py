"""The auditor's pages: what happened in words, one order from consents to money, the city's acts, who had no access."""

import csv
import html
import io
import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.web.routes.audit.events import for_spreadsheets
from ledger.enums import Class
from marketplace.provenance import explorer
from tests.http.city import Organisation
from tests.town import Town
from tests.web.accessible import wrong_with
from tests.web.browsing import DESK
from tests.web.city import WebCity
from tests.web.conftest import Devices
from tests.web.listening import Listening
from tests.web.wallets import TestWallet, install

HOSTILE = "=HYPERLINK(1)<script>alert(1)</script>"


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[WebCity, TestClient]]:
    """Lab had an answer, Quiet had none, Ada audits."""
    town = Town.found()
    city = WebCity(town, tmp_path_factory.mktemp("audited"))
    office = city.office
    number = city.lab_asks(people=80)
    for person in range(60):
        office.say_yes(number, str(person + 1))
    office.pump()
    office.anchor()
    office.fund("Lab")
    town.set_tariff(number)
    office.projector.catch_up()
    licence = office.buy_licence("Lab", number)
    office.order("Lab", licence)
    city.pump(analysis=True)
    office.join("Quiet", Class.COMMERCIAL)
    yield city, auditor(city, "Ada")
    city.close()
    town.devnet.close()


def auditor(city: WebCity, name: str, class_: str = "auditor") -> TestClient:
    """The browser of an organisation that signed in on the page."""
    made: Organisation = city.http.organisation(name, class_)
    browser = city.browser()
    form = browser.post("/v1/sign-in/forms", json={"account": made.account.address}).json()
    answer = browser.post(
        "/enter", json={"message": form["message"], "signature": made.sign_text(form["message"])}
    )
    assert answer.status_code == 200, answer.text
    return browser


def shown(browser: TestClient, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def plain(page: str) -> str:
    return html.unescape(" ".join(re.sub("<[^>]+>", "", page).split()))


def test_only_an_auditor_reads_them(audited: tuple[WebCity, TestClient]) -> None:
    city, _ = audited
    stranger = city.browser()
    answer = stranger.get("/audit/events", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/enter?to=%2Faudit%2Fevents")
    buyer = auditor(city, "Buyer", "commercial")
    for path in ("/audit", "/audit/events", "/audit/orders", "/audit/acts", "/audit/negative"):
        refused = buyer.get(path)
        assert refused.status_code == 403
        assert "This page is for auditors" in refused.text


def test_what_happened_is_told_in_words_with_names(audited: tuple[WebCity, TestClient]) -> None:
    page = plain(shown(audited[1], "/audit/events"))
    assert "Lab ordered a run under licence 1;" in page
    assert "among 60 consents at block" in page
    assert re.search(r"Lab paid [\d.]+ credits for licence 1 at tariff 1", page)
    everything = plain(shown(audited[1], "/audit/events?about=UseCases"))
    assert "Lab applied for use case 1, to improve transport." in everything
    assert "Use case 1 was allowed by an operator: groups of at least 10, at most 90 days." in everything
    assert "Somebody said yes" not in everything


def test_events_are_filtered_and_gone_through_page_by_page_without_losing_one(
    audited: tuple[WebCity, TestClient],
) -> None:
    browser = audited[1]
    rows = list(csv.DictReader(io.StringIO(browser.get("/audit/events.csv").text)))
    seen: list[str] = []
    path: str | None = "/audit/events"
    while path is not None:
        page = shown(browser, path)
        seen += re.findall(r"<td><code>(\w+\.\w+)</code></td></tr>", page)
        older = re.search(r'<a href="([^"]+)" rel="next">', page)
        path = html.unescape(older[1]) if older else None
    assert seen == [f"{row['contract']}.{row['event']}" for row in rows]
    assert len(seen) > 100
    assert len({row["block"] for row in rows}) > 10

    of_quiet = list(csv.DictReader(io.StringIO(browser.get("/audit/events.csv?participant=5").text)))
    assert {row["event"] for row in of_quiet} <= {"ParticipantJoined", "ParticipantAdmitted"}
    yes = csv.DictReader(io.StringIO(browser.get("/audit/events.csv?event=ConsentGranted&use_case=1").text))
    assert len(list(yes)) == 60
    assert "Nothing of this kind happened." in shown(browser, "/audit/events?event=ConsentRevoked")


@pytest.mark.parametrize(
    "query",
    [
        "about=Nothing",
        "event=%3Cscript%3E",
        "use_case=-1",
        "use_case=99999999999",
        "participant=0x1",
        "first=2026-13-40",
        "last=%E2%80%AE",
        "before=x",
    ],
)
def test_a_wrong_filter_is_told_and_nothing_is_looked_for(
    audited: tuple[WebCity, TestClient], query: str
) -> None:
    answer = audited[1].get(f"/audit/events?{query}")
    assert answer.status_code == 422
    assert "Nothing can be looked for like this" in answer.text
    assert "<script>" not in answer.text.replace('<script type="module"', "")
    assert audited[1].get(f"/audit/events.csv?{query}").status_code == 422


def test_an_unknown_participant_block_and_order_are_pages(audited: tuple[WebCity, TestClient]) -> None:
    browser = audited[1]
    assert browser.get("/audit/events?participant=99").status_code == 404
    assert browser.get("/audit/blocks/999999").status_code == 404
    assert browser.get("/audit/blocks/x").status_code == 422
    assert browser.get(f"/audit/orders/0x{'00' * 32}").status_code == 404
    assert browser.get("/audit/orders/nothing").status_code == 422


def test_a_block_shows_its_events_and_its_neighbours(audited: tuple[WebCity, TestClient]) -> None:
    city, browser = audited
    number = city.office.town.node.head().number
    page = shown(browser, f"/audit/blocks/{number}")
    assert "0x" + city.office.town.node.block(number).hash.hex() in page
    assert f'href="/audit/blocks/{number - 1}"' in page
    assert f'href="/audit/blocks/{number + 1}"' not in page
    assert shown(browser, "/audit/blocks/0")


def test_an_order_is_followed_from_its_consents_to_its_money(audited: tuple[WebCity, TestClient]) -> None:
    browser = audited[1]
    listed = shown(browser, "/audit/orders")
    path = re.findall(r'href="(/audit/orders/0x[0-9a-f]{64})"', listed)[0]
    page = shown(browser, path)
    words = plain(page)
    assert "Answered and charged" in words
    assert "Consents in force60" in words
    money = dict(
        re.findall(r"<tr><th scope=\"row\">(.*?)</th><td class=\"number\">([\d.]+) credits</td>", page)
    )
    charged = next(float(amount) for name, amount in money.items() if name.startswith("Charged"))
    parts = [float(amount) for name, amount in money.items() if name.startswith("To ")]
    assert sum(parts) == pytest.approx(charged)
    assert float(money["Escrow"]) == pytest.approx(charged + float(money["Given back"]))
    assert "Settlement.OrderOpened" in page
    assert "Settlement.OrderSettled" in page


def test_the_citys_acts_are_shown_with_powers_and_delays(audited: tuple[WebCity, TestClient]) -> None:
    page = plain(shown(audited[1], "/audit/acts"))
    for said in ("an operator", "UseCases.decide", "The city admitted Lab.", "Tariff 1 was set for"):
        assert said in page
    assert "Somebody said yes" not in page


def test_who_had_no_access_is_told_with_what_that_proves(audited: tuple[WebCity, TestClient]) -> None:
    city, browser = audited
    numbers = city.office.town.numbers
    days = f"first={city.office.town.city.first_block}&last={city.office.town.node.head().number}"
    had = plain(shown(browser, f"/audit/negative?participant={numbers['Lab']}&{days}"))
    assert "Yes: 1 settled orders." in had
    none = plain(shown(browser, f"/audit/negative?participant={numbers['Quiet']}&{days}"))
    assert "No. The ledger has no settled order" in none
    assert "What it cannot show" in none
    assert "No. The ledger" not in plain(shown(browser, "/audit/negative"))
    assert browser.get(f"/audit/negative?participant={numbers['Lab']}&first=&last=").status_code == 422


def test_no_access_is_never_said_of_blocks_that_were_not_read(
    audited: tuple[WebCity, TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    city, browser = audited
    newest = city.office.town.node.head().number
    quiet = f"/audit/negative?participant={city.office.town.numbers['Quiet']}"
    for days in (
        "first=9&last=3",
        f"first={newest + 1}&last={newest + 9}",
        "first=2999-01-01&last=2999-01-02",
    ):
        page = plain(shown(browser, f"{quiet}&{days}"))
        assert "This cannot be answered" in page
        assert "No. The ledger" not in page
    ahead = plain(shown(browser, f"{quiet}&first=0&last={newest + 9}"))
    assert f"to {newest} were read" in ahead.replace(",", "")
    monkeypatch.setattr(explorer, "MOST_WINDOWS", 1)
    monkeypatch.setattr(explorer, "WINDOW", 2)
    assert "This cannot be answered" in plain(shown(browser, f"{quiet}&first=0&last={newest}"))


def test_a_file_holds_no_formula() -> None:
    assert for_spreadsheets(HOSTILE) == f"'{HOSTILE}"
    assert for_spreadsheets("Lab joined") == "Lab joined"


@pytest.mark.browser
def test_everybody_can_use_the_auditors_pages(listening: Listening, device: Devices) -> None:
    office = listening.city.office
    office.join("Ada", Class.AUDITOR)
    listening.order()
    laptop = device(viewport=DESK)
    install(laptop.context, TestWallet(office.town.keys["Ada"], chain_id=office.town.city.chain_id))
    page = laptop.page("/enter")
    page.click("[data-enter]")
    page.wait_for_url("**/audit")
    page.goto(f"{listening.address}/audit/orders")
    order = page.locator("main table a").first.get_attribute("href")
    paths = [
        "/audit",
        "/audit/events?about=Settlement",
        "/audit/blocks/3",
        "/audit/orders",
        str(order),
        "/audit/acts",
    ]
    paths.append(f"/audit/negative?participant={office.town.numbers['Lab']}&first=0&last=9")
    assert wrong_with(page, [listening.address + path for path in paths]) == []
