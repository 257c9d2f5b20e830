"""What a tariff would have made of the last sales: how prices change, before it is set."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.bindings import Tariff as TariffForm
from ledger.enums import Class, Meter, OrderState
from marketplace.catalogue import artefacts
from marketplace.licences import queries as licences
from marketplace.licences.rules import less
from marketplace.licences.tables import LicenceRow
from marketplace.orders.service import most_units
from marketplace.orders.tables import OrderRow
from marketplace.participants import queries as participants
from marketplace.use_cases import queries as use_cases

MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Repriced:
    """Something that was sold, and what it would cost. `at_most`: the units are known only after a run."""

    use_case: int
    sold_at: int
    units: int | None
    """Of an order; None: it is a licence."""
    paid: int
    would_cost: int
    at_most: bool = False


def repriced_orders(session: Session, form: TariffForm) -> list[Repriced]:
    """The newest settled orders that the tariff would have been for, newest first."""
    rows = session.execute(
        select(OrderRow, LicenceRow.use_case)
        .join(LicenceRow, LicenceRow.number == OrderRow.licence)
        .where(OrderRow.state == OrderState.SETTLED)
        .order_by(OrderRow.ended_in.desc(), OrderRow.id)
    )
    found: list[Repriced] = []
    for order, use_case in rows:
        if len(found) < MOST_SHOWN and _is_for(session, form, use_case, order.buyer):
            found.append(_repriced(session, form, order, use_case))
    return found


def repriced_licences(session: Session, form: TariffForm) -> list[Repriced]:
    rows = session.scalars(select(LicenceRow).order_by(LicenceRow.number.desc()))
    return [
        Repriced(row.use_case, row.starts_at, None, row.price or 0, less(form.licence_price, row.discount))
        for row in rows
        if _is_for(session, form, row.use_case, row.licensee)
    ][:MOST_SHOWN]


def _repriced(session: Session, form: TariffForm, order: OrderRow, use_case: int) -> Repriced:
    meter, at_most = Meter(form.meter), False
    units = order.units or 0
    if licences.tariff(session, order.tariff).meter is not meter:
        versions = artefacts.document(session, order.request_digest)["versions"]
        units = most_units(session, use_cases.use_case(session, use_case), meter, versions)
        at_most = meter is Meter.CELL
    return Repriced(
        use_case=use_case,
        sold_at=order.ended_at or order.opened_at,
        units=units,
        paid=order.charge or 0,
        would_cost=units * less(form.unit_price, order.discount),
        at_most=at_most,
    )


def _is_for(session: Session, form: TariffForm, use_case: int, account: str) -> bool:
    """Whether a sale would have been at this tariff: its class, and its use case or one without a tariff of its own."""
    buyer = participants.by_account(session, account)
    if buyer is None or buyer.class_ != form.class_:
        return False
    own = licences.newest_tariff(session, use_case, Class(form.class_))
    return form.use_case == use_case if form.use_case else not own
