"""An order that cannot be taken further harms its own buyer at most, and not for long."""

from pathlib import Path

import pytest
from sqlalchemy import select, update

from ledger.abi import Call
from ledger.enums import OrderState
from ledger.keys import Ed25519Attestor
from ledger.outbox import messages
from ledger.outbox.tables import MessageRow
from marketplace.catalogue.tables import ArtefactRow
from marketplace.orders import queries
from marketplace.orders.model import JobState
from marketplace.orders.refunding import AGAIN_SECONDS, refund_key
from marketplace.orders.runs import Workbench
from marketplace.orders.service import RefundedError, ResultDestroyedError
from marketplace.orders.tables import JobRow
from tests import small_city
from tests.marketplace.public_counter import licence_of_lab
from tests.office import Office
from tests.town import ATTESTOR_SEED, CREDIT


class LostKeyError(Exception):
    """The attestor's key does not answer."""


class AbsentAttestor:
    """Signs no statement about one order, as long as its key is away."""

    def __init__(self, refused: bytes) -> None:
        self._key = Ed25519Attestor(ATTESTOR_SEED)
        self._refused = refused.hex().encode()

    @property
    def public_key(self) -> bytes:
        return self._key.public_key

    def sign(self, message: bytes) -> bytes:
        if self._refused in message:
            raise LostKeyError
        return self._key.sign(message)


def test_an_order_that_cannot_be_read_is_refunded_and_keeps_nobody_waiting(
    office: Office, tmp_path: Path
) -> None:
    licence = licence_of_lab(office, tmp_path)
    office.deliver("bikes", small_city.write_bikes(tmp_path / "next.csv"))
    broken = office.order("lab", licence, versions={"bikes": 1})
    whole = office.order("lab", licence)
    with office.house.database.writing() as session:
        session.get_one(ArtefactRow, queries.order(session, broken).request_digest).content = b"{"

    office.pump(analysis=True)

    assert state_of(office, whole) is OrderState.SETTLED
    assert state_of(office, broken) is OrderState.REFUNDED
    with pytest.raises(RefundedError, match="says nothing about the data"):
        office.result("lab", broken)


def test_a_statement_that_cannot_be_signed_keeps_nobody_waiting(office: Office, tmp_path: Path) -> None:
    licence = licence_of_lab(office, tmp_path)
    first, second = office.order("lab", licence), office.order("lab", licence)

    office.workbench = Workbench(office.house, AbsentAttestor(refused=first))
    office.pump(analysis=True)
    assert job_of(office, second) is JobState.READY
    assert job_of(office, first) is JobState.SETTLING

    office.workbench = Workbench(office.house, Ed25519Attestor(ATTESTOR_SEED))
    office.pump(analysis=True)
    assert job_of(office, first) is JobState.READY


def test_an_order_that_its_buyer_carries_after_a_refusal_is_answered(office: Office, tmp_path: Path) -> None:
    """Lab's money is away when the relay sends; Lab pays in and sends the order itself."""
    licence = licence_of_lab(office, tmp_path)
    pump, office.pump = office.pump, lambda *_, **__: None
    id_ = office.order("lab", licence)
    office.pump = pump
    credit = office.town.contracts.credit
    lab, clinic = office.town.keys["lab"].address, office.town.keys["clinic"].address
    office.town.send("lab", credit.transfer(clinic, credit.balance_of(lab)))
    office.pump(analysis=True)
    assert job_of(office, id_) is JobState.ENDED

    office.fund("lab")
    with office.house.database.reading() as session:
        sent = session.scalars(
            select(MessageRow).where(MessageRow.business_key == f"order:{id_.hex()}")
        ).one()
    office.town.send("lab", Call(to=sent.contract, data=sent.calldata, signature=sent.signature))
    office.pump(analysis=True)

    assert state_of(office, id_) is OrderState.SETTLED
    assert job_of(office, id_) is JobState.READY


def test_a_refund_that_the_ledger_refused_is_tried_again(office: Office, tmp_path: Path) -> None:
    """The settler was off the list for a minute."""
    id_ = office.order("lab", licence_of_lab(office, tmp_path))
    office.town.pass_time(3_600)
    journal, settler = office.town.contracts.journal, office.town.keys["settler"].address
    office.town.send_later("admin", journal.set_settler(settler, trusted=False), 2)
    office.pump(analysis=True)
    assert refund_of(office, id_).refusal == "NotASettler"
    office.town.send_later("admin", journal.set_settler(settler, trusted=True), 2)

    office.pump(analysis=True)
    assert state_of(office, id_) is OrderState.ESCROWED
    with office.house.database.writing() as session:
        session.execute(update(MessageRow).values(created_at=MessageRow.created_at - AGAIN_SECONDS))
    office.pump(analysis=True)

    assert state_of(office, id_) is OrderState.REFUNDED


def test_a_settlement_that_the_ledger_refused_means_a_new_run(office: Office, tmp_path: Path) -> None:
    """The settler was off the list when it was sent."""
    id_ = office.order("lab", licence_of_lab(office, tmp_path))
    for _ in ("run and seal", "queue the settlement"):
        office.workbench.step()
    assert job_of(office, id_) is JobState.SETTLING
    journal, settler = office.town.contracts.journal, office.town.keys["settler"].address
    office.town.send_later("admin", journal.set_settler(settler, trusted=False), 2)
    office.pump()
    office.town.send_later("admin", journal.set_settler(settler, trusted=True), 2)

    office.pump(analysis=True)

    assert state_of(office, id_) is OrderState.SETTLED
    with office.house.database.reading() as session:
        assert session.get_one(JobRow, id_).attempts == 1


def test_an_order_that_was_opened_past_the_city_is_refunded(office: Office, tmp_path: Path) -> None:
    """What it asks for is not known here."""
    licence, town = licence_of_lab(office, tmp_path), office.town
    id_ = town.order(licence, town.contracts.settlement.tariff_count(), cap=10 * CREDIT)
    office.pump(analysis=True)
    assert state_of(office, id_) is OrderState.REFUNDED


def test_an_answer_that_is_not_the_one_that_was_settled_is_not_served(office: Office, tmp_path: Path) -> None:
    """As after a restore: the settler had settled another one."""
    id_ = office.order("lab", licence_of_lab(office, tmp_path))
    office.workbench.step()
    assert job_of(office, id_) is JobState.SEALED
    office.town.settle(id_)

    office.pump(analysis=True)

    assert job_of(office, id_) is JobState.ENDED
    with pytest.raises(ResultDestroyedError):
        office.result("lab", id_)


def refund_of(office: Office, id_: bytes) -> messages.Fate:
    with office.house.database.reading() as session:
        fate = messages.fate(session, refund_key(id_))
    assert fate is not None
    return fate


def state_of(office: Office, id_: bytes) -> OrderState:
    with office.house.database.reading() as session:
        return queries.order(session, id_).state


def job_of(office: Office, id_: bytes) -> JobState:
    with office.house.database.reading() as session:
        return JobState(session.get_one(JobRow, id_).state)
