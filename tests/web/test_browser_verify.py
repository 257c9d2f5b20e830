"""Anybody checks a receipt in her own browser: a genuine one holds; of one that was altered the part is named."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ledger.digests import hexed
from marketplace.orders import queries as orders
from marketplace.provenance import proofs
from tests.web.accessible import wrong_with
from tests.web.browsing import DESK
from tests.web.conftest import Devices
from tests.web.listening import Listening

pytestmark = pytest.mark.browser

Paper = dict[str, Any]


@pytest.fixture
def page(listening: Listening, device: Devices) -> Page:
    return device(viewport=DESK).page("/verify")


@pytest.fixture(scope="module")
def papers(listening: Listening) -> Iterator[dict[str, Paper]]:
    """Receipts of a consent, and of an order that was answered."""
    office = listening.city.office
    listening.order()
    office.anchor()
    listening.city.pump(analysis=True)
    house, node = office.house, office.town.node
    consent = office.say_yes(listening.use_case, "99").id
    office.pump()
    with house.database.reading() as session:
        newest = orders.orders_of(session, office.town.keys["Lab"].address)[-1]
        yield {
            "consent": proofs.consent_receipt(session, house, node, consent),
            "purchase": proofs.purchase_receipt(session, house, node, newest),
        }


def checked(page: Page, paper: Paper | str) -> str:
    """What the page says of a paper."""
    page.fill("#receipt", paper if isinstance(paper, str) else json.dumps(paper))
    page.get_by_role("button", name="Check").click()
    expect(page.locator("[data-verdict]")).not_to_have_attribute("data-verdict", "working")
    return page.inner_text("[data-verdict]")


def held(page: Page) -> dict[str, str]:
    """Per check what came of it."""
    items = page.locator("[data-check]").all()
    return {str(one.get_attribute("data-check")): str(one.get_attribute("data-holds")) for one in items}


def test_a_genuine_consent_receipt_holds_in_every_part(page: Page, papers: dict[str, Paper]) -> None:
    assert checked(page, papers["consent"]) == "This receipt is genuine."
    assert held(page) == dict.fromkeys(["city", "seals", "sentence", "signed", "vouched", "recorded"], "ok")
    expect(page.locator("[data-facts]")).to_contain_text("I allow Lab to have my age group")


def test_a_genuine_purchase_receipt_holds_in_every_part(page: Page, papers: dict[str, Paper]) -> None:
    assert checked(page, papers["purchase"]) == "This receipt is genuine."
    assert held(page) == dict.fromkeys(["city", "seals", "quoted", "ended", "paid", "statement"], "ok")


def other(digits: str) -> str:
    """The same digest but for its last digit."""
    return digits[:-1] + ("0" if digits[-1] != "0" else "1")


ALTERED: list[tuple[str, str, Callable[[Paper], object]]] = [
    ("consent", "sentence", lambda one: one["terms"].update(statement="I allow everything.")),
    ("consent", "sentence", lambda one: one["terms"].update(recipient="Mallory")),
    ("consent", "sentence", lambda one: one["terms"].update(validUntil=one["terms"]["validUntil"] + 86_400)),
    ("consent", "signed", lambda one: one["signature"].update(r=other(one["signature"]["r"]))),
    ("consent", "vouched", lambda one: one["countersignature"].update(vs="0x" + "00" * 32)),
    ("consent", "recorded", lambda one: one.update(objection=True)),
    ("consent", "city", lambda one: one["city"].update(name="Elsewhere")),
    ("consent", "seals", lambda one: one.update(newest=one["newest"].replace("80", "81", 1))),
    ("consent", "readable", lambda one: one["granted"].update(proof=one["granted"]["proof"][:-1])),
    ("consent", "readable", lambda one: one.pop("own")),
    ("purchase", "quoted", lambda one: one["quote"].update(cap=str(int(one["quote"]["cap"]) + 1))),
    ("purchase", "paid", lambda one: one["paid"].update(back=str(int(one["paid"]["back"]) + 1))),
    ("purchase", "paid", lambda one: one["paid"]["shares"][0].update(amount="1")),
    ("purchase", "ended", lambda one: one.update(ended=one["opened"])),
    ("purchase", "statement", lambda one: one["statement"].update(payload="e30=")),
]


def test_one_altered_anywhere_does_not_hold_and_the_part_is_named(
    page: Page, papers: dict[str, Paper]
) -> None:
    for kind, part, alter in ALTERED:
        paper = copy.deepcopy(papers[kind])
        alter(paper)
        assert checked(page, paper).startswith("This receipt is not genuine."), (kind, part)
        assert held(page).get(part) == "wrong", (kind, part, held(page))


@pytest.mark.parametrize(
    "pasted",
    [
        "hello",
        "[]",
        "null",
        '{"stoa": "cohort/9"}',
        '{"stoa": "constructor"}',
        "<script>alert(1)</script>",
        "\u202e🧪",
    ],
)
def test_what_is_no_receipt_is_told_so(page: Page, pasted: str) -> None:
    assert checked(page, pasted).startswith("This is no receipt.")
    assert held(page) == {}


def test_nothing_pasted_is_told_and_a_file_is_read(
    page: Page, papers: dict[str, Paper], tmp_path: Path
) -> None:
    assert checked(page, "  ") == "There is nothing to check yet."
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(papers["consent"]), encoding="utf-8")
    page.set_input_files("#file", file)
    expect(page.locator("[data-verdict]")).to_have_text("This receipt is genuine.")


def test_a_receipt_that_anna_took_home_holds_and_nothing_of_it_is_sent(
    listening: Listening, device: Devices
) -> None:
    phone = device()
    page = listening.request(phone, listening.somebody())
    consent = listening.recorded_yes(page)
    paper = page.request.get(f"{listening.address}/v1/consents/{hexed(consent)}/receipt").text()
    page.goto(f"{listening.address}/verify")
    before = len(phone.requests)
    assert checked(page, paper) == "This receipt is genuine."
    assert [one.url for one in phone.requests[before:] if not one.url.endswith("/stoa.svg")] == []


@pytest.mark.parametrize("number", ["99", "x", "-1", "0", "4294967296", "<script>"])
def test_a_licence_that_there_is_not_is_told(listening: Listening, device: Devices, number: str) -> None:
    phone = device()
    phone.expects("status of 404")
    page = phone.page("/verify")
    page.fill("#licence", number)
    page.get_by_role("button", name="Look up").click()
    expect(page.get_by_role("alert")).to_have_text("There is no licence with this number.")


def test_a_licence_is_looked_up_without_its_holders_name(page: Page, listening: Listening) -> None:
    page.fill("#licence", str(listening.licence))
    page.get_by_role("button", name="Look up").click()
    expect(page.locator("main")).to_contain_text("This licence is valid.")
    assert "Lab" not in page.inner_text("main")


def test_everybody_can_check(page: Page, listening: Listening) -> None:
    path = f"{listening.address}/verify?licence={listening.licence}"
    assert wrong_with(page, [path]) == []
