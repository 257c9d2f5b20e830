from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.node import Block
from marketplace.errors import UnavailableError
from marketplace.provenance.tables import BlockRow


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
