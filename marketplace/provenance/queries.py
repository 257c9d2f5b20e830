from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.city import City
from ledger.node import Block, WrongLedgerError
from marketplace.errors import UnavailableError
from marketplace.provenance.tables import BlockRow, LedgerRow


class NotReadyError(UnavailableError):
    """Nothing of the ledger has been read yet."""

    code = "not_ready"


def head(session: Session) -> Block:
    """The newest block that the read model has applied: the time and the height that rules are decided at."""
    row = session.scalar(select(BlockRow).order_by(BlockRow.number.desc()).limit(1))
    if row is None:
        raise NotReadyError("The ledger has not been read yet. Wait a moment and try again.")
    return Block(row.number, row.hash, row.parent, row.timestamp)


def block(session: Session, number: int) -> Block:
    row = session.get_one(BlockRow, number)
    return Block(row.number, row.hash, row.parent, row.timestamp)


def require_followed(session: Session, city: City) -> None:
    """Refuse a database that follows another city. One that follows none yet is anybody's.

    Raises:
        WrongLedgerError
    """
    followed = session.get(LedgerRow, 1)
    if followed is None:
        return
    if followed.genesis != city.genesis or followed.city_digest != city.digest:
        raise WrongLedgerError(
            "This database belongs to another city than city.json names, or city.json was edited. "
            "Put the city's own file back, or give this city a database of its own."
        )
