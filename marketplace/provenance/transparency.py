"""What everybody may know of each use case: which data, for what, which class of buyer, how often, for how much."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ledger.enums import Class, Ground, OrderState, UseCaseState
from marketplace.catalogue import queries as catalogue
from marketplace.consent.queries import count_in_force
from marketplace.licences import queries as licences
from marketplace.licences.rules import split
from marketplace.licences.tables import LicenceRow
from marketplace.orders.tables import OrderRow
from marketplace.participants import queries as participants
from marketplace.provenance.queries import head
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases.purposes import BY_DIGEST, Purpose


@dataclass(frozen=True, slots=True)
class Count:
    """A number, or, about people and below `k`, only that it is smaller."""

    value: int
    k: int | None

    def __str__(self) -> str:
        return f"fewer than {self.k}" if self.k is not None and self.value < self.k else str(self.value)


@dataclass(frozen=True, slots=True)
class DataUsed:
    dataset: int
    title: str
    ground: Ground
    honesty: str


@dataclass(frozen=True, slots=True)
class Disclosed:
    """One use case as the public sees it. `fees` in micro-credits: what was charged for licences and runs."""

    use_case: int
    purpose: Purpose | None
    buyer_class: Class
    state: UseCaseState
    uses: tuple[DataUsed, ...]
    consents: Count
    runs: Count
    refusals: Count
    fees: int


def disclosed(session: Session) -> list[Disclosed]:
    """Every use case, in the order they were applied for."""
    return [_disclosed(session, found) for found in use_cases.use_cases(session)]


def disclosed_use_case(session: Session, number: int) -> Disclosed:
    """Raises UnknownUseCaseError."""
    return _disclosed(session, use_cases.use_case(session, number))


def fees_by_class(session: Session, use_case: int) -> dict[Class, int]:
    """Where the fees of a use case went: to the city, and to which class of those who share in its prices."""
    charged: dict[int, int] = {}
    for tariff, amount in (*_licence_fees(session, use_case), *_run_fees(session, use_case)):
        charged[tariff] = charged.get(tariff, 0) + amount
    found: dict[Class, int] = {}
    for tariff, amount in charged.items():
        for participant, part in split(amount, licences.tariff(session, tariff).payees):
            class_ = participants.by_number(session, participant).class_
            found[class_] = found.get(class_, 0) + part
    return {class_: amount for class_, amount in sorted(found.items()) if amount}


def _licence_fees(session: Session, use_case: int) -> list[tuple[int, int]]:
    """(tariff, micro-credits) of each licence that was paid for."""
    rows = session.execute(select(LicenceRow.tariff, LicenceRow.price).where(LicenceRow.use_case == use_case))
    return [(tariff, price) for tariff, price in rows if tariff is not None and price is not None]


def _run_fees(session: Session, use_case: int) -> list[tuple[int, int]]:
    """(tariff, micro-credits) of each run that was charged."""
    rows = session.execute(
        select(OrderRow.tariff, OrderRow.charge)
        .join(LicenceRow, LicenceRow.number == OrderRow.licence)
        .where(LicenceRow.use_case == use_case)
    )
    return [(tariff, charge) for tariff, charge in rows if charge is not None]


def _disclosed(session: Session, found: use_cases.UseCase) -> Disclosed:
    k = found.minimum_cohort if found.personal else None
    orders = _orders(session, found.number)
    licence_fees = session.scalar(
        select(func.sum(LicenceRow.price)).where(LicenceRow.use_case == found.number)
    )
    order_fees = sum(charge for _, charge in orders.values())
    refusals = orders.get(OrderState.REFUNDED, (0, 0))[0] + (found.state is UseCaseState.DENIED)
    return Disclosed(
        use_case=found.number,
        purpose=BY_DIGEST.get(found.purpose),
        buyer_class=participants.by_number(session, found.applicant).class_,
        state=found.state,
        uses=tuple(_used(session, source) for source in found.sources),
        consents=Count(count_in_force(session, found.number, head(session)), k),
        runs=Count(orders.get(OrderState.SETTLED, (0, 0))[0], k),
        refusals=Count(refusals, k),
        fees=int(licence_fees or 0) + order_fees,
    )


def _orders(session: Session, use_case: int) -> dict[OrderState, tuple[int, int]]:
    """Per state how many orders of a use case, and what they were charged."""
    rows = session.execute(
        select(OrderRow.state, func.count(), func.sum(OrderRow.charge))
        .join(LicenceRow, LicenceRow.number == OrderRow.licence)
        .where(LicenceRow.use_case == use_case)
        .group_by(OrderRow.state)
    )
    return {OrderState(state): (count, int(charged or 0)) for state, count, charged in rows}


def _used(session: Session, source: use_cases.Source) -> DataUsed:
    description = catalogue.dataset(session, source.dataset).description
    return DataUsed(source.dataset, description.title, source.ground, description.honesty.label)
