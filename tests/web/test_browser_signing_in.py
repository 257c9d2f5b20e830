"""Organisations sign in with their wallets, and the city's staff with a link that works once."""

import time

import pytest
from playwright.sync_api import Page, expect

from ledger.keys import LocalSigner
from marketplace.staff import service as staff
from tests.web.browsing import DESK
from tests.web.conftest import Devices
from tests.web.listening import Listening
from tests.web.wallets import LOCKED, REJECTED, TestWallet, install

pytestmark = pytest.mark.browser


@pytest.fixture
def wallet(listening: Listening) -> TestWallet:
    """Lab's wallet, at another chain."""
    return TestWallet(listening.city.office.town.keys["Lab"], chain_id=1)


def entrance(device: Devices, *wallets: TestWallet, path: str = "/enter") -> Page:
    laptop = device(viewport=DESK)
    install(laptop.context, *wallets)
    return laptop.page(path)


def test_an_organisation_signs_in_with_one_signature_and_is_led_to_where_it_wanted(
    listening: Listening, device: Devices, wallet: TestWallet
) -> None:
    page = entrance(device, wallet)
    page.click("[data-enter]")
    page.wait_for_url("**/partner")

    assert wallet.methods().count("personal_sign") == 1
    assert "eth_signTypedData_v4" not in wallet.methods()
    cookie = next(one for one in page.context.cookies() if one["name"] == "session")
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["expires"]) == (True, "Strict", -1)


@pytest.mark.parametrize(
    ("fails", "told"),
    [
        ({"personal_sign": REJECTED}, "You declined in your wallet"),
        ({"eth_requestAccounts": LOCKED}, "Your wallet is locked"),
        ({"eth_requestAccounts": {"code": -32002}}, "still asking you something else"),
        ({"personal_sign": {"code": -32603, "message": "inner"}}, "Your wallet could not do it"),
    ],
)
def test_whatever_a_wallet_does_not_do_is_said_in_plain_words_and_can_be_tried_again(
    listening: Listening, device: Devices, wallet: TestWallet, fails: dict[str, object], told: str
) -> None:
    wallet.fails = fails
    page = entrance(device, wallet)
    page.click("[data-enter]")
    expect(page.locator("[data-status]")).to_contain_text(told)

    wallet.fails = {}
    page.click("[data-enter]")
    page.wait_for_url("**/partner")


def test_a_wallet_that_hangs_is_looked_for_in_words(
    listening: Listening, device: Devices, wallet: TestWallet
) -> None:
    wallet.fails = {"personal_sign": "hang"}
    page = entrance(device, wallet)
    page.clock.install()
    page.click("[data-enter]")
    expect(page.locator("[data-status]")).to_contain_text("One moment")
    page.wait_for_timeout(300)
    page.clock.fast_forward(11_000)
    expect(page.locator("[data-status]")).to_contain_text("Look for its window")


def test_without_a_wallet_the_page_says_what_to_do(listening: Listening, device: Devices) -> None:
    page = entrance(device)
    page.click("[data-enter]")
    expect(page.locator("[data-status]")).to_contain_text("No wallet was found")


def test_of_two_wallets_she_chooses_one(listening: Listening, device: Devices, wallet: TestWallet) -> None:
    other = TestWallet(LocalSigner.fresh(), chain_id=1, name="Another Wallet")
    page = entrance(device, other, wallet)
    page.click("[data-enter]")
    page.get_by_role("button", name="Test Wallet").click()
    page.wait_for_url("**/partner")
    assert other.methods() == []


def test_an_account_that_has_not_joined_is_told_so(listening: Listening, device: Devices) -> None:
    laptop = device(viewport=DESK)
    laptop.expects("status of 403")
    install(laptop.context, TestWallet(LocalSigner.fresh(), chain_id=1))
    page = laptop.page("/enter")
    page.click("[data-enter]")
    expect(page.locator("[data-status]")).to_contain_text("This account has not joined")


def test_a_page_of_an_organisation_leads_to_the_sign_in_and_back(
    listening: Listening, device: Devices, wallet: TestWallet
) -> None:
    page = entrance(device, wallet, path="/partner")
    expect(page).to_have_url(f"{listening.address}/enter?to=%2Fpartner")
    page.click("[data-enter]")
    page.wait_for_url("**/partner")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{listening.address}/")
    assert page.context.cookies() == []
    page.goto(f"{listening.address}/partner")
    expect(page).to_have_url(f"{listening.address}/enter?to=%2Fpartner")


def test_a_link_for_the_staff_lets_in_once(listening: Listening, device: Devices) -> None:
    database = listening.city.office.house.database
    with database.writing() as session:
        code = staff.invite(session, "Otto", now=int(time.time()))
    laptop = device(viewport=DESK)
    page = laptop.page(f"/city/enter#{code}")
    page.wait_for_url("**/city")
    expect(page.locator("main")).to_contain_text("You are signed in as Otto.")
    assert code not in page.url

    second = device(viewport=DESK)
    second.expects("status of 403")
    page = second.page(f"/city/enter#{code}")
    expect(page.get_by_role("alert")).to_contain_text("This link works no more")
