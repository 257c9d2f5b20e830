"""Stopping: by one click, by the code on the paper, without a script, while the server was away."""

import pytest
from playwright.sync_api import Page, expect

from ledger.revocation_code import ALPHABET, RevocationCode
from marketplace.consent.standing import State
from tests.web.conftest import Devices
from tests.web.listening import Listening

pytestmark = pytest.mark.browser


def type_code(page: Page, code: str) -> None:
    page.fill("#code", code)
    page.click("#stop button")


def mistyped(code: str) -> str:
    """The code with its third character replaced by the next one of the alphabet."""
    place = ALPHABET.index(code[2])
    return code[:2] + ALPHABET[(place + 1) % len(ALPHABET)] + code[3:]


def test_one_click_on_her_page_stops_it_and_the_ledger_hears_of_it(
    listening: Listening, device: Devices
) -> None:
    key = listening.somebody()
    page = listening.request(device(), key)
    id_ = listening.recorded_yes(page)
    page.goto(f"{listening.address}/c")

    page.get_by_role("button", name="Stop this").click()
    expect(page.locator("h1")).to_have_text("You stopped this")
    expect(page.locator(".receipt")).to_have_attribute("data-state", "stopping")
    listening.city.pump()

    expect(page.locator(".receipt")).to_have_attribute("data-state", "stopped")
    assert listening.given(id_).consent.revoked_in is not None


def test_the_square_on_her_paper_fills_in_the_code_and_stopping_needs_no_sign_in(
    listening: Listening, device: Devices
) -> None:
    id_ = listening.recorded_yes(page := listening.request(device(), listening.somebody()))
    code = page.inner_text("[data-code]")
    stranger = device()

    other = stranger.page(f"/stop#{code}")
    expect(other.locator("#code")).to_have_value(code)
    assert code not in other.url
    other.click("#stop button")
    expect(other.locator("h1")).to_have_text("Stopped")
    listening.city.pump()

    assert listening.given(id_).consent.revoked_in is not None
    assert stranger.context.cookies() == []
    assert not [one.url for one in stranger.requests if code in one.url]


def test_a_code_may_be_typed_small_and_with_blanks(listening: Listening, device: Devices) -> None:
    id_ = listening.recorded_yes(page := listening.request(device(), listening.somebody()))
    code = page.inner_text("[data-code]")

    other = device().page("/stop")
    type_code(other, f" {code.lower().replace('-', ' ')} ")
    expect(other.locator("h1")).to_have_text("Stopped")
    listening.city.pump()

    assert listening.given(id_).consent.revoked_in is not None


def test_an_incomplete_code_a_mistyped_one_a_foreign_one_and_a_used_one_are_told_apart(
    listening: Listening, device: Devices
) -> None:
    listening.recorded_yes(page := listening.request(device(), listening.somebody()))
    code = page.inner_text("[data-code]")
    phone = device()
    phone.expects("status of 4")
    other = phone.page("/stop")
    told: list[str] = []

    for wrong in (code[:9], mistyped(code), str(RevocationCode.fresh()), code, code):
        type_code(other, wrong)
        if other.url.endswith("/stop/done"):
            listening.city.pump()
            other.goto(f"{listening.address}/stop")
            continue
        alert = other.locator("[role=alert]")
        expect(alert).to_be_focused()
        assert other.input_value("#code") == wrong
        told.append(alert.inner_text())

    assert [text.split("\n")[0] for text in told] == [
        "This is not a complete code",
        "One character is mistyped",
        "Nothing has this code",
        "This was stopped before",
    ]


def test_a_yes_that_is_still_being_recorded_is_stopped_by_its_code(
    listening: Listening, device: Devices
) -> None:
    key = listening.somebody()
    page = listening.request(device(), key)
    id_ = listening.yes(page)

    other = device().page("/stop")
    type_code(other, page.inner_text("[data-code]"))
    expect(other.locator("h1")).to_have_text("Stopped")
    (standing,) = listening.standings(key)
    assert standing.state is State.STOPPING
    listening.city.pump()

    assert listening.given(id_).consent.revoked_in is not None


def test_without_a_script_she_reads_says_no_and_stops(listening: Listening, device: Devices) -> None:
    key = listening.somebody()
    id_ = listening.recorded_yes(page := listening.request(device(), key))
    code = page.inner_text("[data-code]")
    plain = device(java_script_enabled=False)
    plain.expects("status of 422")

    other = listening.open(plain, listening.somebody())
    assert other.locator("[data-statement]").is_visible()
    assert "To say yes here, your browser must run" in other.inner_text("noscript")
    other.click("button[value=yes]")
    expect(other.locator("h1")).to_have_text("Your browser did not run the page's script")
    other.click("text=Read and answer")
    other.click("button[value=no]")
    expect(other.locator("h1")).to_have_text("You said no")
    other.goto(f"{listening.address}/stop")
    type_code(other, code)
    expect(other.locator("h1")).to_have_text("Stopped")
    listening.city.pump()

    assert listening.given(id_).consent.revoked_in is not None


def test_without_a_script_her_receipt_is_complete_and_one_click_stops_it(
    listening: Listening, device: Devices
) -> None:
    key = listening.somebody()
    listening.recorded_yes(listening.request(device(), key))

    page = listening.open(device(java_script_enabled=False), key)
    page.click("text=Receipt")
    assert page.locator(".square").is_visible()
    assert page.locator("[data-code]").is_visible()
    assert not page.locator("[data-print]").is_visible()
    page.get_by_role("button", name="Stop this").click()

    expect(page.locator("h1")).to_have_text("You stopped this")


def test_a_server_that_was_stopped_and_started_knows_her_visit_and_stops(
    listening: Listening, device: Devices
) -> None:
    phone = device()
    phone.expects("ERR_CONNECTION")
    page = listening.request(phone, listening.somebody())
    id_ = listening.yes(page)

    listening.serving.stop()
    with phone.context.expect_event("requestfailed"):
        pass  # the receipt asks how far it is, and gets no answer
    listening.city.pump()
    listening.serving.start()
    expect(page.locator(".receipt")).to_have_attribute("data-state", "in_force")
    page.get_by_role("button", name="Stop this").click()
    expect(page.locator("h1")).to_have_text("You stopped this")
    listening.city.pump()

    assert listening.given(id_).consent.revoked_in is not None
