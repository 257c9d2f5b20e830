"""Saying no. It is written down off the ledger, so that she is not asked again soon, and tells nobody anything."""

from sqlalchemy.orm import Session

from marketplace.consent.rules import SECONDS_A_DAY
from marketplace.consent.standing import Person
from marketplace.consent.tables import RefusalRow

DAYS = 90
"""For so long she is not asked again."""


def refuse(vault: Session, *, person: Person, use_case: int, now: int) -> int:
    """Write down that she said no to a use case. Until when she is not asked again. `now` is in unix seconds."""
    kind, key = person
    until = now + DAYS * SECONDS_A_DAY
    vault.merge(RefusalRow(kind=kind, key=key, use_case=use_case, until=until))
    return until


def refused_until(vault: Session, *, person: Person, use_case: int, now: int) -> int | None:
    """Until when she is not asked about a use case; None if she may be."""
    row = vault.get(RefusalRow, (*person, use_case))
    return None if row is None or now >= row.until else row.until


def take_back(vault: Session, *, person: Person, use_case: int) -> None:
    """She said yes after all."""
    row = vault.get(RefusalRow, (*person, use_case))
    if row is not None:
        vault.delete(row)
