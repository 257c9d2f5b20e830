from sqlalchemy import update
from sqlalchemy.orm import Session

from ledger.bindings import (
    Minted,
    OrderOpened,
    OrderRefunded,
    OrderSettled,
    Reconciled,
    Redeemed,
    ShareWithdrawn,
    Transfer,
    Withdrawn,
)
from ledger.enums import OrderState
from ledger.reader import Place
from marketplace.licences.tables import LicenceRow, TariffRow
from marketplace.orders.tables import AccountRow, MoneyRow, OrderRow

NOBODY = "0x" + "00" * 20


def on_opened(session: Session, event: OrderOpened, place: Place) -> None:
    session.add(
        OrderRow(
            id=event.id,
            licence=event.licence,
            buyer=event.buyer,
            tariff=event.tariff,
            request_digest=event.request,
            cap=event.cap,
            deadline=event.deadline,
            discount=event.discount,
            state=OrderState.ESCROWED,
            opened_in=place.block,
            opened_at=place.timestamp,
        )
    )
    _use(session, event.licence, 1)
    session.flush()


def on_settled(session: Session, event: OrderSettled, place: Place) -> None:
    outcome = event.outcome
    order = session.get_one(OrderRow, event.id)
    order.state = OrderState.SETTLED
    order.charge = event.charge
    order.units = outcome.units
    order.result_digest = outcome.result
    order.manifest_digest = outcome.manifest
    order.consent_block = outcome.consent_block
    order.consent_root = outcome.consent_root
    order.cohort_size = outcome.cohort_size
    _end(order, place)
    _credit(session, order.buyer, order.cap - event.charge)
    session.execute(
        update(TariffRow)
        .where(TariffRow.number == event.tariff)
        .values(earned=TariffRow.earned + event.charge)
    )
    session.flush()


def on_refunded(session: Session, event: OrderRefunded, place: Place) -> None:
    order = session.get_one(OrderRow, event.id)
    order.state = OrderState.REFUNDED
    order.reason = event.reason
    _end(order, place)
    _credit(session, order.buyer, event.amount)
    _use(session, event.licence, -1)
    session.flush()


def on_transfer(session: Session, event: Transfer) -> None:
    if event.from_ != NOBODY:
        _account(session, event.from_).balance -= event.value
    if event.to != NOBODY:
        _account(session, event.to).balance += event.value
    session.flush()


def on_minted(session: Session, event: Minted, place: Place) -> None:
    _move(session, "minted", event.to, event.amount, "0x" + event.statement_line.hex(), place)


def on_redeemed(session: Session, event: Redeemed, place: Place) -> None:
    _move(session, "redeemed", event.from_, event.amount, "0x" + event.statement_line.hex(), place)


def on_withdrawn(session: Session, event: Withdrawn, place: Place) -> None:
    _credit(session, event.account, -event.amount)
    _move(session, "withdrawn", event.account, event.amount, "", place)


def on_share(session: Session, event: ShareWithdrawn, place: Place) -> None:
    _move(session, "share", event.account, event.amount, f"{event.tariff}/{event.party}", place)


def on_reconciled(session: Session, event: Reconciled, place: Place) -> None:
    _credit(session, event.payer, event.amount)
    _move(session, "reconciled", event.payer, event.amount, "0x" + event.evidence.hex(), place)


def _use(session: Session, licence: int, runs: int) -> None:
    session.execute(
        update(LicenceRow).where(LicenceRow.number == licence).values(used=LicenceRow.used + runs)
    )


def _end(order: OrderRow, place: Place) -> None:
    order.ended_in = place.block
    order.ended_at = place.timestamp


def _account(session: Session, account: str) -> AccountRow:
    found = session.get(AccountRow, account)
    if found is None:
        found = AccountRow(account=account, balance=0, credited=0)
        session.add(found)
    return found


def _credit(session: Session, account: str, amount: int) -> None:
    if amount:
        _account(session, account).credited += amount


def _move(session: Session, kind: str, account: str, amount: int, reference: str, place: Place) -> None:
    session.add(
        MoneyRow(
            block=place.block,
            position=place.index,
            kind=kind,
            account=account,
            amount=amount,
            reference=reference,
        )
    )
    session.flush()
