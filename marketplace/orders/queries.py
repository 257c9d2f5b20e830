from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.digests import hexed
from ledger.enums import OrderState
from marketplace.errors import NotFoundError
from marketplace.orders.model import Order
from marketplace.orders.tables import AccountRow, JobRow, OrderRow


class UnknownOrderError(NotFoundError):
    """The caller has no such order."""

    code = "unknown_order"


def order(session: Session, id_: bytes) -> Order:
    found = order_or_none(session, id_)
    if found is None:
        raise UnknownOrderError("There is no such order (yet).")
    return found


def order_or_none(session: Session, id_: bytes) -> Order | None:
    row = session.get(OrderRow, id_)
    return None if row is None else _model(row)


def unknown_order(session: Session, buyer: str) -> UnknownOrderError:
    """The refusal of an order that there is not, or that is another's, to a buyer who may have mistyped her own."""
    own = orders_of(session, buyer)
    hint = f"Your newest is {hexed(own[-1].id)}." if own else "You have ordered nothing yet."
    return UnknownOrderError(f"You have no such order (yet). {hint}")


def orders_of(session: Session, account: str) -> list[Order]:
    rows = session.scalars(select(OrderRow).where(OrderRow.buyer == account).order_by(OrderRow.opened_in))
    return [_model(row) for row in rows]


def orders_of_use_case(session: Session, licences: list[int]) -> list[Order]:
    rows = session.scalars(
        select(OrderRow).where(OrderRow.licence.in_(licences)).order_by(OrderRow.opened_in)
    )
    return [_model(row) for row in rows]


def escrowed(session: Session) -> list[Order]:
    rows = session.scalars(
        select(OrderRow).where(OrderRow.state == OrderState.ESCROWED).order_by(OrderRow.opened_in)
    )
    return [_model(row) for row in rows]


def job(session: Session, id_: bytes) -> JobRow | None:
    return session.get(JobRow, id_)


def balance(session: Session, account: str) -> tuple[int, int]:
    """(credits held, credits that wait in Settlement to be withdrawn)."""
    row = session.get(AccountRow, account)
    return (0, 0) if row is None else (row.balance, row.credited)


def _model(row: OrderRow) -> Order:
    return Order(
        id=row.id,
        licence=row.licence,
        buyer=row.buyer,
        tariff=row.tariff,
        request_digest=row.request_digest,
        cap=row.cap,
        deadline=row.deadline,
        discount=row.discount,
        state=OrderState(row.state),
        charge=row.charge,
        units=row.units,
        result_digest=row.result_digest,
        manifest_digest=row.manifest_digest,
        consent_block=row.consent_block,
        consent_root=row.consent_root,
        cohort_size=row.cohort_size,
        reason=row.reason,
        opened_in=row.opened_in,
        ended_in=row.ended_in,
    )
