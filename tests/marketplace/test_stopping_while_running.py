"""Anna stops after the run and before its settlement: she is in no answer that leaves."""

import json
from pathlib import Path

import pytest

from ledger.enums import Class, OrderState
from marketplace.consent import stopping
from marketplace.consent.uses import uses_of
from marketplace.orders import queries
from marketplace.orders.tables import JobRow
from tests import small_city
from tests.office import Office, Paper

PEOPLE = 80
ANNA = "person", "1"
ANNAS_TRIPS = 1
TRIPS = 120
"""Of everybody by bus on the first day: whoever has an odd number once, the others twice."""


@pytest.fixture
def asked(office: Office, tmp_path: Path) -> tuple[Office, bytes, list[Paper]]:
    """Lab has ordered a count of bus trips; everybody said yes, and the run is done and sealed."""
    office.dataset(
        small_city.document(small_city.PERSONS), small_city.write_persons(tmp_path / "p.csv", PEOPLE)
    )
    trips = small_city.write_trips(tmp_path / "t.sqlite", PEOPLE)
    office.dataset(small_city.document(small_city.TRIPS), trips, table="trips")
    office.join("lab", Class.COMMERCIAL)
    use_case = office.apply("lab", small_city.document(small_city.TRAVEL))
    office.allow(use_case)
    office.register("person", small_city.person_keys(PEOPLE))
    papers = [office.say_yes(use_case, key) for key in small_city.person_keys(PEOPLE)]
    office.pump()
    office.town.set_tariff(use_case)
    office.fund("lab")
    office.anchor()
    id_ = office.order("lab", office.buy_licence("lab", use_case))
    office.workbench.step()
    return office, id_, papers


def require_answer_without_one(office: Office, id_: bytes) -> None:
    with office.house.database.reading() as session:
        order, attempts = queries.order(session, id_), session.get_one(JobRow, id_).attempts
    assert (order.state, order.cohort_size, attempts) == (OrderState.SETTLED, PEOPLE - 1, 1)


def test_a_revocation_after_the_run_means_a_new_run(asked: tuple[Office, bytes, list[Paper]]) -> None:
    office, id_, papers = asked
    office.stop(papers[0].code)
    office.pump(analysis=True)
    require_answer_without_one(office, id_)


def test_a_revocation_applied_while_the_settlement_is_queued_is_seen(
    asked: tuple[Office, bytes, list[Paper]], monkeypatch: pytest.MonkeyPatch
) -> None:
    office, id_, papers = asked
    begin, stops = office.house.database.writing, [papers[0].code]

    def after_whoever_was_faster():
        if stops:
            office.stop(stops.pop())
        return begin()

    monkeypatch.setattr(office.house.database, "writing", after_whoever_was_faster)
    office.workbench.step()
    assert not stops
    office.pump(analysis=True)
    require_answer_without_one(office, id_)


def wish_to_stop(office: Office) -> None:
    """Anna stops everything: it counts at once, and the ledger hears of it within an hour."""
    with office.house.database.writing() as session, office.house.vault.writing() as vault:
        assert len(stopping.stop_everything(session, vault, person=ANNA, spread=3_600)) == 1


def require_answer_without_anna(office: Office, id_: bytes) -> None:
    with office.house.database.reading() as session, office.house.vault.reading() as vault:
        order, attempts = queries.order(session, id_), session.get_one(JobRow, id_).attempts
        (use,) = uses_of(session, vault, ANNA)
    # The ledger has not heard of it: her consent is in the cohort, her rows are not in the answer.
    assert (order.state, order.cohort_size, attempts) == (OrderState.SETTLED, PEOPLE, 1)
    assert (use.order, use.counted) == (id_, False)
    assert json.loads(office.result("lab", id_))["total"] == [TRIPS - ANNAS_TRIPS]


def test_a_wish_after_the_run_means_a_new_run(asked: tuple[Office, bytes, list[Paper]]) -> None:
    office, id_, _ = asked
    wish_to_stop(office)
    office.pump(analysis=True)
    require_answer_without_anna(office, id_)


def test_a_wish_written_while_the_settlement_is_queued_is_seen(
    asked: tuple[Office, bytes, list[Paper]], monkeypatch: pytest.MonkeyPatch
) -> None:
    office, id_, _ = asked
    begin, wishes = office.house.database.writing, [wish_to_stop]

    def after_whoever_was_faster():
        if wishes:
            wishes.pop()(office)
        return begin()

    monkeypatch.setattr(office.house.database, "writing", after_whoever_was_faster)
    office.workbench.step()
    assert not wishes
    office.pump(analysis=True)
    require_answer_without_anna(office, id_)


def test_a_wish_in_the_second_of_the_run_tells_apart_who_was_counted(
    asked: tuple[Office, bytes, list[Paper]],
) -> None:
    office, id_, _ = asked
    office.pump(analysis=True)
    wish_to_stop(office)
    with office.house.database.reading() as session, office.house.vault.reading() as vault:
        (use,) = uses_of(session, vault, ANNA)
    assert (use.order, use.counted) == (id_, True)
