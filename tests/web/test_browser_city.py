"""The city's staff in a real browser: from what waits to a published decision, and what each page is to everybody."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from marketplace.staff import service as staff
from tests import small_city
from tests.web.accessible import wrong_with, wrong_with_this
from tests.web.browsing import DESK, Device
from tests.web.conftest import Devices
from tests.web.listening import Listening

pytestmark = pytest.mark.browser

REASON = "Of use to the wards, and safe at this size."


def otto_at(listening: Listening, laptop: Device) -> Page:
    with listening.city.office.house.database.writing() as session:
        code = staff.invite(session, "Otto", now=int(time.time()))
    page = laptop.page(f"/city/enter#{code}")
    page.wait_for_url("**/city")
    return page


def applied(listening: Listening) -> int:
    return listening.city.office.apply("Lab", small_city.document(small_city.TRAVEL), longest_days=45)


def test_otto_decides_about_what_waits_and_publishes_what_citizens_read(
    listening: Listening, device: Devices
) -> None:
    page = otto_at(listening, device(viewport=DESK))
    number = applied(listening)
    page.get_by_role("link", name=f"Decide about use case {number}").click()
    page.fill("#assess-k", "12")
    page.get_by_role("button", name="Assess now").click()
    expect(page.locator("main")).to_contain_text("The assessment advises to allow it under conditions")

    page.get_by_label("Allow it").check()
    page.fill("#k", "12")
    page.fill("#reason", REASON)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(f"Allow use case {number}?")
    expect(page.locator("main")).to_contain_text("totals about at least 12 people")
    assert wrong_with_this(page) == []
    page.set_viewport_size(DESK)
    page.get_by_role("button", name="Allow it").click()
    expect(page.locator("[data-step=on_its_way]")).to_be_visible()

    listening.city.pump()
    page.get_by_role("button", name="Publish these sentences").click()
    expect(page.locator("[data-step=on_its_way]")).to_be_visible()
    listening.city.pump()
    expect(page.locator("[data-step]")).to_have_count(0)
    expect(page.locator("#notices")).to_have_count(0)
    expect(page.locator("main")).to_contain_text(REASON)

    page.fill("#closing-reason", "It was for one test.")
    page.get_by_role("button", name="See what closing does").click()
    page.get_by_role("button", name="Close it for good").click()
    listening.city.pump()
    expect(page.locator("p.state").first).to_have_text("Closed")


def test_a_second_tab_decides_nothing_says_so_and_shows_what_came_of_the_first(
    listening: Listening, device: Devices
) -> None:
    laptop = device(viewport=DESK)
    page = otto_at(listening, laptop)
    number = applied(listening)
    tabs = [page, laptop.context.new_page()]
    for tab in tabs:
        tab.goto(f"{listening.address}/city/use-cases/{number}")
        tab.get_by_label("Deny it").check()
        tab.fill("#reason", "Too fine.")
        tab.keyboard.press("Enter")
        expect(tab.locator("h1")).to_have_text(f"Deny use case {number}?")
    laptop.expects("status of 409")
    for tab in tabs:
        tab.get_by_role("button", name="Deny it").click()
    expect(tabs[1].locator("[role=alert]")).to_contain_text("This is on its way already")

    listening.city.pump()
    for tab in tabs:
        expect(tab.locator("p.state").first).to_have_text("Refused")


def test_the_access_log_renews_itself_until_it_is_paused(listening: Listening, device: Devices) -> None:
    page = otto_at(listening, device(viewport=DESK))
    page.goto(f"{listening.address}/city/access")
    newest = page.locator("#live tbody tr th").first
    before = newest.inner_text()
    listening.order()
    expect(newest).not_to_have_text(before)

    page.get_by_label("Do not renew this page by itself").check()
    page.select_option("#dataset", "trips")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#live tbody tr").first).to_contain_text("trips")


def test_every_page_of_the_office_can_be_used_by_everybody(listening: Listening, device: Devices) -> None:
    listening.order()
    number = applied(listening)
    page = otto_at(listening, device(viewport=DESK))
    now = datetime.now(UTC)
    begin, end = (f"{now + timedelta(hours=one):%Y-%m-%dT%H:%M}" for one in (-1, 1))
    paths = (
        "/city",
        "/city/use-cases",
        f"/city/use-cases/{number}",
        f"/city/use-cases/{listening.use_case}",
        "/city/access",
        f"/city/touched?dataset=trips&begin={begin}&end={end}",
        "/city/datasets",
        "/city/datasets/1",
        "/city/tariffs",
        "/city/participants",
        "/city/participants/1",
    )
    assert wrong_with(page, [listening.address + one for one in paths]) == []

    page.goto(f"{listening.address}/city/tariffs?lang=en")
    for field, value in {"licence": "250", "unit": "12.5"}.items():
        page.fill(f"#{field}", value)
    page.fill("#use_case", str(listening.use_case))
    page.get_by_role("button", name="See what it changes").click()
    expect(page.locator("h1")).to_have_text("Set this tariff?")
    expect(page.locator("main")).to_contain_text("12.50 credits")
    assert wrong_with_this(page) == []
