"""A citizen at her phone: she opens her letter, reads, and answers."""

import json
from io import BytesIO
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from ledger.revocation_code import RevocationCode
from tests.web.browsing import PHONE
from tests.web.conftest import Devices
from tests.web.listening import Listening

pytestmark = pytest.mark.browser

FACES = "(one) => { const s = getComputedStyle(one); return [s.backgroundColor, s.color, s.font, s.border].join() }"


def box(found: Locator) -> dict[str, float]:
    found_box = found.bounding_box()
    assert found_box is not None, "It is not shown."
    return dict(found_box)


def square_read_by_a_phone(page: Page) -> str:
    picture = Image.open(BytesIO(page.locator(".square").screenshot()))
    (read,) = zxingcpp.read_barcodes(picture)
    return read.text


def test_the_code_of_her_letter_opens_the_request(listening: Listening, device: Devices) -> None:
    page = listening.open(device(), listening.somebody())

    assert page.url == f"{listening.address}/c/ask/{listening.use_case}"
    expect(page.locator("h1")).to_have_text("May your data be counted?")


def test_the_square_on_her_letter_opens_the_request_and_its_code_stays_nowhere(
    listening: Listening, device: Devices
) -> None:
    anna = device()
    code = listening.letter(listening.somebody())

    page = anna.page(f"/c#{code}")
    page.wait_for_url("**/c/ask/*")
    back = page.go_back()

    assert back is None or code not in page.url
    assert not [one.url for one in anna.requests if code in one.url]
    assert code not in page.evaluate("JSON.stringify([history.state, document.referrer, location.href])")


def test_a_second_letter_opens_in_a_tab_where_the_first_was_open(
    listening: Listening, device: Devices
) -> None:
    page = listening.open(device(), listening.somebody())
    page.goto(f"{listening.address}/c")

    page.goto(f"{listening.address}/c#{listening.letter(listening.somebody())}")

    page.wait_for_url("**/c/ask/*")


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_screen_of_a_phone_says_who_what_until_when_how_to_stop_and_has_both_answers(
    listening: Listening, device: Devices, locale: str, scheme: str
) -> None:
    page = device(locale=locale, color_scheme=scheme).page("/c")
    page.fill("#code", listening.letter(listening.somebody()))
    page.click("#letter button")
    page.wait_for_url("**/c/ask/*")

    answers = page.locator(".answers button")
    shown = [page.locator("[data-statement]"), *page.locator("form .facts > div").all(), *answers.all()]
    no, yes = box(answers.nth(0)), box(answers.nth(1))

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert len(shown) == 1 + 4 + 2
    for one in shown:
        at = box(one)
        assert 0 <= at["y"] < at["y"] + at["height"] <= PHONE["height"]
        assert 0 <= at["x"] < at["x"] + at["width"] <= PHONE["width"]
    assert (no["width"], no["height"], no["y"]) == (yes["width"], yes["height"], yes["y"])
    assert answers.nth(0).evaluate(FACES) == answers.nth(1).evaluate(FACES)
    assert "Lab" in page.inner_text("form .facts")
    assert "2027" in page.locator("#until option:checked").inner_text()


def test_a_yes_is_signed_in_her_browser_with_a_key_made_there_and_the_receipt_comes_by_itself(
    listening: Listening, device: Devices
) -> None:
    anna, key = device(), listening.somebody()
    page = listening.request(anna, key)
    sentence = page.inner_text("[data-statement]")

    id_ = listening.yes(page)
    expect(page.locator(".receipt")).to_have_attribute("data-state", "on_its_way")
    listening.city.pump()
    expect(page.locator(".receipt")).to_have_attribute("data-state", "in_force")

    given = listening.given(id_)
    sent = [
        json.loads(one.post_data or "{}") for one in anna.requests if one.url.endswith(("basis", "consent"))
    ]
    assert [set(one) for one in sent] == [
        {"language", "scope", "valid_until", "signer", "revocation_hash"},
        {"terms", "own", "signature", "salt", "code"},
    ]
    assert given.own.signer.lower() == sent[0]["signer"] == sent[1]["own"]["signer"]
    assert page.inner_text(".statement") == sentence
    assert page.locator("[role=status]").inner_text() == "Your answer is recorded."


def test_each_yes_is_signed_with_another_key(listening: Listening, device: Devices) -> None:
    key = listening.somebody()
    page = listening.request(device(), key)
    first = listening.recorded_yes(page)
    page.goto(f"{listening.address}/c")
    listening.recorded_stop(page)
    page.goto(f"{listening.address}/c/ask/{listening.use_case}")
    second = listening.recorded_yes(page)

    assert listening.given(first).own.signer != listening.given(second).own.signer
    assert listening.given(first).own.commitment != listening.given(second).own.commitment


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_receipts_square_is_read_by_a_phone_and_leads_to_stopping_with_its_code(
    listening: Listening, device: Devices, scheme: str
) -> None:
    page = listening.request(device(color_scheme=scheme), listening.somebody())
    listening.yes(page)

    code = page.inner_text("[data-code]")
    address, _, in_square = square_read_by_a_phone(page).partition("#")

    assert str(RevocationCode.parse(code)) == code == in_square
    assert address == f"{listening.address}/stop"


def test_the_printed_receipt_is_one_page_with_square_and_code_and_without_buttons(
    listening: Listening, device: Devices
) -> None:
    page = listening.request(device(), listening.somebody())
    listening.yes(page)
    listening.city.pump()
    expect(page.locator(".receipt")).to_have_attribute("data-state", "in_force")

    assert page.locator("[data-print]").is_visible()
    page.emulate_media(media="print")
    paper = page.pdf(prefer_css_page_size=True)

    assert paper.count(b"/Type /Page\n") == 1
    assert page.locator(".square").is_visible()
    assert page.locator("[data-code]").is_visible()
    assert page.locator("[data-consent]").is_visible()
    assert not [one for one in page.locator("button, footer, .leave").all() if one.is_visible()]
    assert square_read_by_a_phone(page).endswith(page.inner_text("[data-code]"))


def test_what_may_be_left_out_is_left_out_until_she_ticks_it_and_the_sentence_follows(
    listening: Listening, device: Devices, optional: int
) -> None:
    key = listening.somebody()
    page = listening.request(device(), key, optional)
    trips = page.get_by_label("the trips")

    assert not trips.is_checked()
    assert "the trips" not in page.inner_text("[data-statement]")
    trips.check()
    assert "the trips" in page.inner_text("[data-statement]")
    trips.uncheck()
    page.select_option("#until", index=1)
    shown, until = page.inner_text("[data-statement]"), page.locator("#until option:checked").inner_text()
    id_ = listening.yes(page)
    listening.city.pump()

    expect(page.locator(".statement")).to_have_text(shown)
    expect(page.locator(".facts")).to_contain_text(until)
    assert listening.given(id_).terms.scope == 1


def test_a_sentence_that_was_changed_on_the_screen_is_not_recorded(
    listening: Listening, device: Devices
) -> None:
    anna, key = device(), listening.somebody()
    anna.expects("status of 4")
    page = listening.request(anna, key)
    page.evaluate("document.querySelector('[data-statement]').textContent = 'I give Lab everything.'")

    page.click("[data-yes]")

    expect(page.locator("[data-status]")).to_contain_text("Nothing was recorded")
    assert listening.standings(key) == []
    assert page.locator("[data-yes]").is_enabled()


def test_after_a_no_she_is_not_asked_again_but_may_still_read_it(
    listening: Listening, device: Devices
) -> None:
    key = listening.somebody()
    page = listening.request(device(), key)

    page.click("button[value=no]")
    expect(page.locator("h1")).to_have_text("You said no")
    assert "Lab gets nothing about you" in page.inner_text("main")
    page.goto(f"{listening.address}/c")

    assert listening.standings(key) == []
    assert page.get_by_role("link", name="Read and answer").count() == 0


def in_the_same_instant(page: Page, button: str) -> None:
    page.evaluate("(found) => { const b = document.querySelector(found); b.click(); b.click() }", button)


def test_a_double_click_on_yes_counts_once(listening: Listening, device: Devices) -> None:
    anna, key = device(), listening.somebody()
    page = listening.request(anna, key)

    in_the_same_instant(page, "[data-yes]")
    page.wait_for_url("**/c/consents/*")
    listening.city.pump()

    assert len(listening.standings(key)) == 1
    assert len([one for one in anna.requests if one.url.endswith("/consent")]) == 1


def test_a_double_click_on_no_and_on_stop_does_no_harm(listening: Listening, device: Devices) -> None:
    page = listening.request(device(), listening.somebody())
    page.dblclick("button[value=no]")
    expect(page.locator("h1")).to_have_text("You said no")

    page.click("main >> text=Read and answer")
    listening.yes(page)
    listening.city.pump()
    expect(page.locator(".receipt")).to_have_attribute("data-state", "in_force")
    page.get_by_role("button", name="Stop this").dblclick()
    expect(page.locator(".receipt")).to_have_attribute("data-state", "stopping")
    listening.city.pump()
    expect(page.locator(".receipt")).to_have_attribute("data-state", "stopped")

    expect(page.locator("h1")).to_have_text("You stopped this")


def test_the_back_button_after_a_yes_does_not_ask_again(listening: Listening, device: Devices) -> None:
    key = listening.somebody()
    page = listening.request(device(), key)
    asking = page.url
    listening.yes(page)

    page.go_back()
    page.goto(asking)

    page.wait_for_url("**/c/consents/*")
    assert len(listening.standings(key)) == 1


def test_the_back_button_after_a_no_leads_to_the_request_and_a_yes_counts(
    listening: Listening, device: Devices
) -> None:
    key = listening.somebody()
    page = listening.request(device(), key)
    page.click("button[value=no]")
    expect(page.locator("h1")).to_have_text("You said no")

    page.go_back()
    listening.yes(page)

    assert len(listening.standings(key)) == 1


def test_of_two_tabs_one_answer_counts_and_the_other_tab_says_so(
    listening: Listening, device: Devices
) -> None:
    anna, key = device(), listening.somebody()
    anna.expects("status of 409")
    first = listening.request(anna, key)
    second = anna.page(f"/c/ask/{listening.use_case}")

    listening.yes(first)
    second.click("[data-yes]")

    expect(second.locator("[data-status]")).to_contain_text("You have said yes to this already")
    assert len(listening.standings(key)) == 1


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_when_her_visit_has_ended_the_page_says_so_and_nothing_is_recorded(
    listening: Listening, device: Devices, answer: str
) -> None:
    anna, key = device(), listening.somebody()
    anna.expects("status of 403")
    page = listening.request(anna, key)
    anna.context.clear_cookies()

    page.click(f"button[value={answer}]")

    expect(page.locator("main")).to_contain_text("This form is too old")
    expect(page.locator("main")).to_contain_text("with the code of your letter")
    page.goto(f"{listening.address}/c/ask/{listening.use_case}")
    expect(page.locator("h1")).to_have_text("Your data, your answer")
    assert listening.standings(key) == []


def test_a_page_left_open_for_another_letter_answers_for_nobody(
    listening: Listening, device: Devices
) -> None:
    anna = device()
    anna.expects("status of 403")
    annas, bertas = listening.somebody(), listening.somebody()
    page = listening.request(anna, annas)
    other = anna.page("/c")
    other.goto(f"{listening.address}/c#{listening.letter(bertas)}")
    other.wait_for_url("**/c/ask/*")

    page.click("[data-yes]")

    expect(page.locator("[data-status]")).to_contain_text("This form is too old")
    assert listening.standings(annas) == listening.standings(bertas) == []


def test_when_the_server_stops_the_page_says_so_and_a_second_press_counts_once(
    listening: Listening, device: Devices
) -> None:
    anna, key = device(), listening.somebody()
    anna.expects("ERR_CONNECTION")
    page = listening.request(anna, key)

    listening.serving.stop()
    page.click("[data-yes]")
    expect(page.locator("[data-status]")).to_contain_text("The city does not answer")
    listening.serving.start()
    listening.yes(page)
    listening.city.pump()

    expect(page.locator(".receipt")).to_have_attribute("data-state", "in_force")
    assert len(listening.standings(key)) == 1


def test_an_answer_that_was_taken_but_not_confirmed_is_not_taken_twice(
    listening: Listening, device: Devices
) -> None:
    anna, key = device(), listening.somebody()
    anna.expects("ERR_FAILED")
    page = listening.request(anna, key)

    def cut(route: Any) -> None:
        route.fetch()
        route.abort()

    page.route("**/consent", cut, times=1)
    page.click("[data-yes]")
    expect(page.locator("[data-status]")).to_contain_text("will not count twice")
    assert len(listening.standings(key)) == 1
    listening.yes(page)

    assert len(listening.standings(key)) == 1


def test_without_a_secure_connection_nothing_is_signed(listening: Listening, device: Devices) -> None:
    anna, key = device(), listening.somebody()
    anna.context.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
    page = listening.request(anna, key)

    page.click("[data-yes]")

    expect(page.locator("[data-status]")).to_contain_text("not safe enough")
    assert listening.standings(key) == []


def test_stop_pressed_in_a_tab_that_does_not_know_leads_to_the_receipt(
    listening: Listening, device: Devices
) -> None:
    anna, key = device(), listening.somebody()
    page = listening.request(anna, key)
    listening.yes(page)
    listening.city.pump()
    other = anna.page(page.url.removeprefix(listening.address))
    for tab in (page, other):
        expect(tab.locator(".receipt")).to_have_attribute("data-state", "in_force")

    for tab in (page, other):
        tab.get_by_role("button", name="Stop this").click()
        listening.city.pump()

    expect(other.locator("h1")).to_have_text("You stopped this")
    assert other.url == page.url
