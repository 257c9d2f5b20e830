"""A yes that never reached the ledger: she is told so, nothing of it counts, and she may answer again."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, select

from marketplace.consent.tables import StopRow
from marketplace.consent.wishes import Wishes
from tests.http.asking import PEOPLE, Asking
from tests.http.city import key

SLOT_SECONDS = 1_300
"""Longer than a consent that is signed now has time to arrive."""


def sent(asking: Asking) -> None:
    """Anna's yes, which no worker has taken up."""
    signed = asking.anna.signed(asking.use_case)
    assert asking.anna.http.post("/v1/consents", json=signed, headers=key()).status_code == 202


def expired(asking: Asking) -> None:
    """The workers were down until it was too late to send."""
    sent(asking)
    asking.city.office.town.pass_time(SLOT_SECONDS)
    asking.city.pump()


def refused(asking: Asking) -> None:
    """The ledger took no consents when it was sent."""
    sent(asking)
    town = asking.city.office.town
    town.send("guardian", town.contracts.consents.pause())
    asking.city.pump()
    town.send_later("admin", town.contracts.consents.unpause(), 2)
    town.pass_time(SLOT_SECONDS)
    asking.city.pump()


def state_of_the_one(asking: Asking) -> str:
    (one,) = asking.anna.http.get("/v1/citizen/consents").json()["items"]
    return one["state"]


@pytest.mark.parametrize("lose", [expired, refused])
def test_anna_is_told_that_her_yes_was_lost_and_says_it_again(
    asking: Asking, lose: Callable[[Asking], None]
) -> None:
    lose(asking)

    assert state_of_the_one(asking) == "lost"
    (record,) = asking.anna.http.get("/v1/citizen/export").json()["stoa:records"]
    assert record["dpv:hasConsentStatus"] == "dpv:ConsentStatusInvalidForProcessing"
    assert record["stoa:state"] == "lost"
    assert answered(asking)["state"] == "lost"

    asking.anna.say_yes(asking.use_case)

    assert answered(asking)["state"] == "in_force"
    assert asking.order()["cohort_size"] == PEOPLE


def answered(asking: Asking) -> dict[str, Any]:
    (asked,) = asking.anna.http.get("/v1/citizen/asks").json()["items"]
    return asked["answered"]


def test_a_lost_yes_has_nothing_to_stop_and_keeps_nobody_from_being_forgotten(asking: Asking) -> None:
    expired(asking)
    (one,) = asking.anna.http.get("/v1/citizen/consents").json()["items"]

    stop = asking.anna.http.post(f"/v1/citizen/consents/{one['consent']}/stop", headers=key())
    every = asking.anna.http.post("/v1/citizen/stop-everything", headers=key())

    assert (stop.status_code, stop.json()["code"]) == (409, "consent_lost")
    assert (every.status_code, every.json()["consents"]) == (202, [])
    assert state_of_the_one(asking) == "lost"
    told = asking.anna.http.post("/v1/citizen/erasures", headers=key())
    asking.wishes()
    assert asking.city.anybody.get(told.headers["Location"]).json()["done_at"] is not None


def test_a_stop_waits_for_its_yes_without_writing_and_is_done_when_that_can_arrive_no_more(
    asking: Asking,
) -> None:
    house = asking.city.office.house
    wishes = Wishes(house, asking.city.registrar)
    wishes.step()
    sent(asking)
    asking.anna.http.post("/v1/citizen/stop-everything", headers=key())
    written: list[str] = []

    def note(connection: Any) -> None:
        if connection.get_execution_options().get("writes"):
            written.append("a transaction")

    for database in (house.database, house.vault):
        event.listen(database.engine, "begin", note)

    assert (state_of_the_one(asking), wishes.step(), written) == ("stopping", False, [])
    asking.city.office.town.pass_time(SLOT_SECONDS)
    asking.city.pump()
    assert (state_of_the_one(asking), wishes.step()) == ("lost", True)
    written.clear()
    assert (wishes.step(), written) == (False, [])
    with house.vault.reading() as vault:
        assert vault.scalars(select(StopRow.sent)).all() == [True]
