"""Purchase receipts: what was paid, and where each part of it went."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from ledger.enums import OrderState
from marketplace.errors import ConflictError
from marketplace.licences import queries as licences
from marketplace.licences.rules import Tariff, less, split
from marketplace.licences.tables import LicenceRow
from marketplace.orders import queries
from marketplace.orders.model import Order
from marketplace.participants import queries as participants


class NotEndedError(ConflictError):
    """The order is neither settled nor refunded yet."""

    code = "order_not_ended"


@dataclass(frozen=True, slots=True)
class Part:
    """What one party gets of a charge. Micro-credits."""

    participant: int
    name: str | None
    basis_points: int | None
    """None: the city, which gets what is left."""
    amount: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """Paid, charged and given back in micro-credits; the parts add up to what was charged."""

    paid: int
    charged: int
    given_back: int
    units: int | None
    unit_price: int | None
    tariff: Tariff
    parts: tuple[Part, ...]


def of_order(session: Session, order: Order) -> Receipt:
    """Raises NotEndedError."""
    if order.state not in {OrderState.SETTLED, OrderState.REFUNDED}:
        raise NotEndedError("The order is still open. There is a receipt once it is settled or refunded.")
    tariff = licences.tariff(session, order.tariff)
    charged = order.charge or 0
    return Receipt(
        paid=order.cap,
        charged=charged,
        given_back=order.cap - charged,
        units=order.units,
        unit_price=less(tariff.unit_price, order.discount),
        tariff=tariff,
        parts=parts(session, tariff, charged),
    )


def of_licence(session: Session, number: int) -> Receipt:
    row = session.get_one(LicenceRow, number)
    if row.tariff is None or row.price is None:
        raise NotEndedError("The licence's purchase has not been read yet. Ask again in a moment.")
    tariff = licences.tariff(session, row.tariff)
    return Receipt(
        paid=row.price,
        charged=row.price,
        given_back=0,
        units=None,
        unit_price=None,
        tariff=tariff,
        parts=parts(session, tariff, row.price),
    )


def parts(session: Session, tariff: Tariff, charged: int) -> tuple[Part, ...]:
    """How a charge is divided. The pot is divided as a whole, so parts of a cent may fall differently there."""
    shares = [None, *(share for _, share in tariff.payees)]
    return tuple(
        Part(participant, participants.by_number(session, participant).name, share, amount)
        for share, (participant, amount) in zip(shares, split(charged, tariff.payees), strict=True)
    )


def order_of(session: Session, id_: bytes, buyer: str) -> Order:
    """An order of this buyer. Raises UnknownOrderError: there is none, or it is another's."""
    found = queries.order_or_none(session, id_)
    if found is None or found.buyer != buyer:
        raise queries.unknown_order(session, buyer)
    return found
