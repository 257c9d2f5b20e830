"""How far the house is behind: unsent messages, and records that wait for an anchor. Ages are in seconds."""

import time
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ledger.outbox.lookout import STUCK_SECONDS
from ledger.outbox.tables import MessageRow, State, TransactionRow
from marketplace.provenance.tables import AccessRow, AnchorRow


@dataclass(frozen=True, slots=True)
class Anchored:
    size: int
    root: bytes
    anchored_in: int
    anchored_at: int


def oldest_waiting_message(session: Session) -> int | None:
    """Seconds since the oldest message that is not on the ledger yet was written; None if none waits.

    What is scheduled and waits for its hour is not late.
    """
    created = session.scalar(
        select(func.min(MessageRow.created_at)).where(
            MessageRow.state.in_([State.INTENT, State.SIGNED, State.SENT]), MessageRow.waits_for.is_(None)
        )
    )
    return None if created is None else max(0, int(time.time()) - created)


def oldest_stuck_transaction(session: Session) -> int | None:
    """Seconds since the oldest transaction was signed that should be in a block and is in none; None if none is."""
    signed = session.scalar(
        select(func.min(TransactionRow.signed_at)).where(
            TransactionRow.state.in_([State.SIGNED, State.SENT]),
            TransactionRow.signed_at <= int(time.time()) - STUCK_SECONDS,
        )
    )
    return None if signed is None else int(time.time()) - signed


def newest_anchor(session: Session) -> Anchored | None:
    row = session.scalar(select(AnchorRow).order_by(AnchorRow.size.desc()).limit(1))
    return None if row is None else Anchored(row.size, row.root, row.anchored_in, row.anchored_at)


def records(session: Session) -> int:
    """How many records the access log has."""
    return session.scalar(select(func.count()).select_from(AccessRow)) or 0


def oldest_record_without_anchor(session: Session) -> int | None:
    """Seconds since the first record that no anchor covers; None if all are covered."""
    anchor = newest_anchor(session)
    entry = session.scalar(
        select(AccessRow.entry).where(AccessRow.number == (0 if anchor is None else anchor.size))
    )
    if entry is None:
        return None
    written_at = datetime.fromisoformat(orjson.loads(entry)["at"])
    return max(0, int(time.time() - written_at.timestamp()))
