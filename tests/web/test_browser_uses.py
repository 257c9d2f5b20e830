"""Who used her data, with a proof that she was counted, or was not."""

import re

import pytest
from playwright.sync_api import Locator, expect

from ledger.tree import ExclusionProof, InclusionProof, excludes, includes
from marketplace.consent import stopping
from marketplace.orders import queries as orders
from tests.web.conftest import Devices
from tests.web.listening import Listening

pytestmark = pytest.mark.browser


def digest(written: str) -> bytes:
    assert re.fullmatch("0x[0-9a-f]{64}", written), written
    return bytes.fromhex(written[2:])


def neighbour(shown: Locator, size: int) -> InclusionProof:
    """A proof as the page writes it: leaf, [index], path."""
    leaf, *path = (digest(one) for one in shown.locator("code").all_inner_texts())
    found = re.search(r"\[(\d+)\]", shown.inner_text())
    assert found
    return InclusionProof(leaf, int(found[1]), size, tuple(path))


def fact(card: Locator, name: str) -> str:
    return card.locator(f"dt:text-is('{name}') + dd").inner_text()


def root_on_ledger(listening: Listening, order: bytes) -> bytes:
    with listening.city.office.house.database.reading() as session:
        found = orders.order(session, order).consent_root
    assert found is not None
    return found


def test_anna_sees_that_she_was_counted_and_after_stopping_that_she_was_not_with_proofs(
    listening: Listening, device: Devices
) -> None:
    page = listening.request(device(), listening.somebody())
    consent = listening.recorded_yes(page)
    page.goto(f"{listening.address}/c/uses")
    expect(page.locator("main")).to_contain_text("Nobody has used your data yet.")

    listening.order()
    page.reload()
    card = page.locator(".use").first
    expect(card.locator("h2")).to_have_text("Lab")
    expect(card).to_contain_text("You were counted.")
    expect(card).to_contain_text("at least 10 people")
    expect(card).to_contain_text("To improve transport.")
    expect(card).to_contain_text("my age group and district, delivery 1; the trips, delivery ")
    card.locator("summary").click()
    root = digest(fact(card, "Root of the consents in force"))
    title = card.locator("dt:has-text('Proof that this consent was counted')")
    size = int(title.inner_text().rsplit(" ", 1)[1])
    proof = neighbour(title.locator("+ dd"), size)
    assert root == root_on_ledger(listening, digest(fact(card, "Order")))
    assert proof.leaf == consent == digest(fact(card, "Consent id"))
    assert includes(root, proof)

    page.goto(f"{listening.address}/c")
    listening.recorded_stop(page)
    listening.order()
    page.goto(f"{listening.address}/c/uses")

    after, before = page.locator(".use").all()
    expect(before).to_contain_text("You were counted.")
    expect(after).to_contain_text("You were not in it.")
    after.locator("summary").click()
    root = digest(fact(after, "Root of the consents in force"))
    title = after.locator("dt:has-text('Proof that this consent was not counted')")
    size = int(title.inner_text().rsplit(" ", 1)[1].rstrip("."))
    around = [neighbour(one, size) for one in title.locator("~ dd").all()]
    below = next((one for one in around if one.leaf < consent), None)
    above = next((one for one in around if one.leaf > consent), None)
    assert root == root_on_ledger(listening, digest(fact(after, "Order")))
    assert excludes(root, ExclusionProof(consent, size, below, above))


def test_whoever_said_no_sees_that_nobody_used_her_data(listening: Listening, device: Devices) -> None:
    page = listening.request(device(), listening.somebody())
    page.click("button[value=no]")
    listening.order()

    page.goto(f"{listening.address}/c/uses")

    expect(page.locator("main")).to_contain_text("Nobody has used your data yet.")


def test_an_answer_that_was_held_is_listed_as_one_that_did_not_leave(
    listening: Listening, device: Devices
) -> None:
    page = listening.request(device(), listening.somebody())
    listening.order()
    listening.recorded_yes(page)

    listening.order_again()
    page.goto(f"{listening.address}/c/uses")

    expect(page.locator(".use")).to_have_count(1)
    expect(page.locator(".use")).to_contain_text("No answer left the city.")


def test_whoever_was_left_out_before_the_ledger_heard_of_it_is_not_told_that_she_was_counted(
    listening: Listening, device: Devices
) -> None:
    anna = listening.somebody()
    page = listening.request(device(), anna)
    listening.yes(page)
    listening.city.pump()
    house = listening.city.office.house
    with house.database.writing() as session, house.vault.writing() as vault:
        assert stopping.stop_everything(session, vault, person=("person", anna), spread=3_600)
    listening.order()

    page.goto(f"{listening.address}/c/uses")

    card = page.locator(".use").first
    expect(card).to_contain_text("You were not in it.")
    card.locator("summary").click()
    expect(card).to_contain_text("the run left this consent out")
    expect(card).not_to_contain_text("Proof that this consent was counted")
