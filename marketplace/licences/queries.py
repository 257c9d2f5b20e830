from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.enums import Class, Meter
from marketplace.errors import NotFoundError
from marketplace.licences.rules import Tariff
from marketplace.licences.tables import LicenceRow, TariffRow

MOST_NAMED = 10
"""Of the licences that somebody holds, so many are named where another was asked for; the newest."""


class UnknownLicenceError(NotFoundError):
    """The caller holds no such licence."""

    code = "unknown_licence"


class NoTariffError(NotFoundError):
    """There is no price for this class of buyer yet."""

    code = "no_tariff"


@dataclass(frozen=True, slots=True)
class Licence:
    number: int
    use_case: int
    licensee: str
    starts_at: int
    ends_at: int
    quota: int
    used: int
    discount: int
    terminated: bool
    quote: bytes | None


def licence(session: Session, number: int) -> Licence:
    row = session.get(LicenceRow, number)
    if row is None:
        raise UnknownLicenceError(f"There is no licence {number}.")
    return _licence(row)


def held_licence(session: Session, number: int, account: str) -> Licence:
    """A licence of this account.

    Raises:
        UnknownLicenceError: there is none, or it is another's, which reads the same.
    """
    row = session.get(LicenceRow, number)
    if row is None or row.licensee != account:
        raise UnknownLicenceError(f"You hold no licence {number}. {_in_words(licences_of(session, account))}")
    return _licence(row)


def _in_words(held: list[Licence]) -> str:
    if not held:
        return "You hold none: `stoa partner buy` buys one, once a use case of yours is allowed."
    newest = ", ".join(f"{one.number} (for use case {one.use_case})" for one in held[-MOST_NAMED:])
    return f"You hold: {newest}."


def licences_of(session: Session, account: str) -> list[Licence]:
    rows = session.scalars(
        select(LicenceRow).where(LicenceRow.licensee == account).order_by(LicenceRow.number)
    )
    return [_licence(row) for row in rows]


def licence_of_quote(session: Session, quote: bytes) -> Licence | None:
    row = session.scalar(select(LicenceRow).where(LicenceRow.quote == quote))
    return None if row is None else _licence(row)


def tariff(session: Session, number: int) -> Tariff:
    return _tariff(session.get_one(TariffRow, number))


def tariff_for(session: Session, use_case: int, class_: Class) -> Tariff:
    """The tariff in force: the use case's own, or the one for every use case.

    Raises:
        NoTariffError
    """
    for wanted in (use_case, 0):
        row = session.scalar(
            select(TariffRow)
            .where(TariffRow.use_case == wanted, TariffRow.class_ == class_)
            .order_by(TariffRow.number.desc())
            .limit(1)
        )
        if row is not None:
            return _tariff(row)
    raise NoTariffError("The city has set no price for your class of buyer yet.")


def tariffs_in_force(session: Session) -> list[Tariff]:
    """The newest tariff of each use case (0: of all that have none of their own) and class of buyer."""
    newest = {
        (row.use_case, row.class_): row
        for row in session.scalars(select(TariffRow).order_by(TariffRow.number))
    }
    return [_tariff(row) for row in sorted(newest.values(), key=lambda row: row.number)]


def newest_tariff(session: Session, use_case: int, class_: Class) -> int:
    """The number of the tariff that a new one for exactly this replaces; 0: there is none."""
    found = (one for one in tariffs_in_force(session) if (one.use_case, one.class_) == (use_case, class_))
    return next((one.number for one in found), 0)


def tariffs_paying(session: Session, participant: int) -> list[tuple[Tariff, int]]:
    """Every tariff, past ones too, with a share for `participant`, and which party of it that is (0: the city)."""
    found: list[tuple[Tariff, int]] = []
    for row in session.scalars(select(TariffRow).order_by(TariffRow.number)):
        tariff = _tariff(row)
        parties = [1, *(payee for payee, _ in tariff.payees)]
        found += [(tariff, party) for party, payee in enumerate(parties) if payee == participant]
    return found


def _licence(row: LicenceRow) -> Licence:
    return Licence(
        number=row.number,
        use_case=row.use_case,
        licensee=row.licensee,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        quota=row.quota,
        used=row.used,
        discount=row.discount,
        terminated=row.terminated_in is not None,
        quote=row.quote,
    )


def _tariff(row: TariffRow) -> Tariff:
    return Tariff(
        number=row.number,
        use_case=row.use_case,
        class_=Class(row.class_),
        meter=Meter(row.meter),
        licence_price=row.licence_price,
        unit_price=row.unit_price,
        licence_days=row.licence_days,
        quota=row.quota,
        sharing_discount=row.sharing_discount,
        sharing_days=row.sharing_days,
        payees=tuple((participant, share) for participant, share in row.payees),
        earned=row.earned,
        divided=row.divided,
        accrued=tuple(row.accrued),
        released=tuple(row.released),
    )
