"""A citizen at her phone: her data is used without a yes, she objects, and takes it back."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from ledger.enums import Ground
from tests import small_city
from tests.web.conftest import Devices
from tests.web.listening import Listening

pytestmark = pytest.mark.browser

GROUNDS = (("persons", Ground.PUBLIC_TASK), ("trips", Ground.PUBLIC_TASK))


@pytest.fixture
def unasked(listening: Listening) -> Iterator[int]:
    """Lab counts bus trips as a public task. It ends with the test."""
    office = listening.city.office
    number = office.apply("Lab", small_city.document(small_city.TRAVEL), grounds=GROUNDS, longest_days=50)
    office.allow(number)
    yield number
    listening.close(number)


def test_anna_objects_and_takes_it_back(listening: Listening, device: Devices, unasked: int) -> None:
    page = listening.open(device(), listening.somebody())
    page.goto(f"{listening.address}/c")
    section = page.locator("section:has(#unasked)")
    expect(section).to_contain_text("Lab has your data counted")
    expect(section).to_contain_text("You have not objected")
    section.get_by_role("link", name="Read and object").click()
    expect(page.locator("blockquote")).to_contain_text("I object to Lab having")

    page.get_by_role("button", name="I object").click()
    page.wait_for_url("**/c/consents/*")
    expect(page.locator("h1")).to_have_text("You objected")
    listening.city.pump()
    expect(page.locator(".receipt")).to_have_attribute("data-state", "in_force")
    expect(page.locator(".receipt")).to_contain_text("Until you take it back")
    id_ = bytes.fromhex(page.url.rsplit("0x", 1)[1])
    assert listening.given(id_).consent.objection

    page.get_by_role("button", name="Take it back").click()
    listening.city.pump()
    expect(page.locator("h1")).to_have_text("You took your objection back")
    page.goto(f"{listening.address}/c")
    expect(page.locator("section:has(#unasked)")).to_contain_text("Taken back")
