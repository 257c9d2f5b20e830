"""An answer that cannot be settled in time is destroyed and paid back, and leaves no trace in the guard."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from ledger.enums import OrderState
from marketplace.orders import queries
from marketplace.orders.service import RefundedError
from marketplace.orders.settling import SETTLE_MARGIN
from marketplace.orders.tables import JobRow, ReleaseRow
from tests.marketplace.headcount import PEOPLE, Counted, count_people
from tests.office import Office


@pytest.fixture
def counted(office: Office, tmp_path: Path) -> Counted:
    return count_people(office, tmp_path)


def order_of(office: Office, id_: bytes) -> queries.Order:
    with office.house.database.reading() as session:
        return queries.order(session, id_)


def require_counted(counted: Counted, id_: bytes, people: int) -> None:
    assert json.loads(counted.office.result("lab", id_))["total"] == [people]


@pytest.mark.parametrize(
    ("seconds_left", "state"),
    [(SETTLE_MARGIN + 60, OrderState.SETTLED), (SETTLE_MARGIN, OrderState.REFUNDED)],
)
def test_a_sealed_answer_is_settled_in_time_or_not_at_all(
    counted: Counted, seconds_left: int, state: OrderState
) -> None:
    office = counted.office
    id_ = office.order("lab", counted.licence)
    office.workbench.step()
    deadline = order_of(office, id_).deadline

    office.town.pass_time(deadline - seconds_left - office.town.clock.now)
    office.pump(analysis=True)

    assert order_of(office, id_).state is state


def test_an_answer_that_was_destroyed_stands_in_no_later_ones_way(counted: Counted) -> None:
    """Nobody has it, so nobody can compare the next one with it."""
    office = counted.office
    late = office.order("lab", counted.licence)
    office.workbench.step()
    office.town.pass_time(order_of(office, late).deadline - SETTLE_MARGIN - office.town.clock.now)
    office.pump(analysis=True)
    with pytest.raises(RefundedError):
        office.result("lab", late)

    office.stop(counted.papers[0].code)
    next_one = office.order("lab", counted.licence)
    office.pump(analysis=True)

    require_counted(counted, next_one, PEOPLE - 1)


def test_an_answer_whose_seal_the_disk_refused_stands_in_its_own_orders_way_neither(
    counted: Counted,
) -> None:
    """The vault knows its release; the main database, written last, does not."""
    office = counted.office
    id_ = office.order("lab", counted.licence)
    house, refusals = office.house, ["once"]

    def full(_connection: Any) -> None:
        with house.vault.reading() as vault:
            sealed = vault.scalars(select(ReleaseRow.order)).all()
        if sealed and refusals:
            raise OperationalError(refusals.pop(), {}, OSError("No space left on device"))

    event.listen(house.database.engine, "commit", full)
    with pytest.raises(OperationalError):
        office.workbench.step()
    event.remove(house.database.engine, "commit", full)
    office.stop(counted.papers[0].code)
    office.pump(analysis=True)

    require_counted(counted, id_, PEOPLE - 1)


def test_an_order_that_was_overtaken_three_times_is_refunded(counted: Counted) -> None:
    office = counted.office
    id_ = office.order("lab", counted.licence)
    for paper in counted.papers[:3]:
        office.workbench.step()
        office.stop(paper.code)
        office.workbench.step()

    office.pump(analysis=True)

    with office.house.database.reading() as session:
        attempts = session.get_one(JobRow, id_).attempts
    assert (order_of(office, id_).state, attempts) == (OrderState.REFUNDED, 3)
    with pytest.raises(RefundedError):
        office.result("lab", id_)
