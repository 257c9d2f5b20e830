"""Money out: what Settlement owes an account, and what a tariff earned its parties. Anyone may ask for either."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from ledger.outbox import messages
from marketplace.errors import ConflictError, NotFoundError
from marketplace.house import House
from marketplace.licences import queries as licences
from marketplace.licences.rules import Tariff
from marketplace.licences.tables import TariffRow
from marketplace.orders import queries
from marketplace.provenance.queries import head


class NothingToWithdrawError(ConflictError):
    """Nothing is owed."""

    code = "nothing_to_withdraw"


class UnknownShareError(NotFoundError):
    """The tariff has no such party."""

    code = "unknown_share"


@dataclass(frozen=True, slots=True)
class Share:
    """What one party of a tariff has earned so far, and has been paid. Micro-credits."""

    tariff: int
    party: int
    earned: int
    paid: int

    @property
    def due(self) -> int:
        return self.earned - self.paid


def withdraw(session: Session, house: House, account: str) -> str:
    """Pay out what is credited to `account`, to `account`. Returns the outbox key.

    Raises:
        NothingToWithdrawError
    """
    _, credited = queries.balance(session, account)
    if not credited:
        raise NothingToWithdrawError("Nothing is credited to this account.")
    key = f"withdraw:{account}:{head(session).number}"
    messages.put(session, house.contracts.settlement.withdraw(account), key=key, signer="relay")
    return key


def withdraw_share(session: Session, house: House, tariff: int, party: int) -> str:
    """Pay a party of a tariff what it has earned so far. Returns the outbox key.

    Raises:
        UnknownShareError, NothingToWithdrawError
    """
    row = session.get(TariffRow, tariff)
    if row is None or party > len(row.payees):
        raise UnknownShareError(f"Tariff {tariff} has no party {party}.")
    if not share(licences.tariff(session, tariff), party).due:
        raise NothingToWithdrawError("This share has been paid out as far as it was earned.")
    key = f"share:{tariff}:{party}:{head(session).number}"
    messages.put(session, house.contracts.settlement.withdraw_share(tariff, party), key=key, signer="relay")
    return key


def shares_of(session: Session, participant: int) -> list[Share]:
    return [share(tariff, party) for tariff, party in licences.tariffs_paying(session, participant)]


def share(tariff: Tariff, party: int) -> Share:
    return Share(tariff.number, party, tariff.share(party), tariff.released[party])
