"""The access log: who touched what, for what purpose, and what came of it, refusals included.

Each record is a leaf of an append-only tree (RFC 9162, SHA-256) whose size and root the settler anchors on the ledger.
A record is written, and committed, before the first byte it speaks of leaves.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ledger.digests import canonical
from ledger.outbox import messages
from ledger.tree import root_of_log
from marketplace.house import House
from marketplace.provenance.tables import AccessRow, AnchorRow


def record(
    session: Session,
    *,
    who: str,
    did: str,
    outcome: str,
    use_case: int | None = None,
    purpose: bytes | None = None,
    datasets: list[str] | None = None,
    order: bytes | None = None,
    block: int | None = None,
) -> int:
    """Append one record; its number in the log.

    `who`: "participant:3", "role:operator", "citizen". `did`: a short code such as "run", "serve-result", "assess".

    Numbers have no gaps: a database has one writer at a time (`ledger.storage`).
    """
    last = session.scalar(select(func.max(AccessRow.number)))
    number = 0 if last is None else last + 1
    entry: dict[str, Any] = {
        "number": number,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "who": who,
        "did": did,
        "outcome": outcome,
        "useCase": use_case,
        "purpose": None if purpose is None else "0x" + purpose.hex(),
        "datasets": datasets or [],
        "order": None if order is None else "0x" + order.hex(),
        "block": block,
    }
    session.add(AccessRow(number=number, entry=canonical(entry), order=order, use_case=use_case))
    session.flush()
    return number


def anchor(session: Session, house: House) -> bool:
    """Put an anchor of the whole log into the outbox if it grew since the last one. Whether it did."""
    size = session.scalar(select(func.count()).select_from(AccessRow)) or 0
    anchored = session.scalar(select(func.max(AnchorRow.size))) or 0
    if size <= anchored:
        return False
    entries = list(session.scalars(select(AccessRow.entry).order_by(AccessRow.number)))
    root = root_of_log(entries)
    return messages.put(
        session, house.contracts.journal.anchor(size, root), key=f"anchor:{size}", signer="settler"
    )
