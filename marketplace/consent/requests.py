"""Citizens' requests, and by when the law wants each answered. Nothing here says whose they are."""

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.consent.tables import ErasedVersionRow, ErasureRow, StopRow


@dataclass(frozen=True, slots=True)
class CitizensRequest:
    """A wish to be forgotten. `number` counts them in the order they came; their ids are their citizens' secrets."""

    number: int
    asked_at: int
    due_at: int
    done_at: int | None
    register_forgot: bool
    versions_left: bool

    def is_late(self, now: int) -> bool:
        return (self.done_at or now) > self.due_at


def citizens_requests(vault: Session) -> list[CitizensRequest]:
    """Oldest first."""
    left = set(vault.scalars(select(ErasedVersionRow.erasure).where(~ErasedVersionRow.done)))
    rows = vault.scalars(select(ErasureRow).order_by(ErasureRow.asked_at, ErasureRow.id))
    return [
        CitizensRequest(
            number=number,
            asked_at=row.asked_at,
            due_at=a_month_after(row.asked_at),
            done_at=row.done_at,
            register_forgot=row.letter is None,
            versions_left=row.id in left,
        )
        for number, row in enumerate(rows, start=1)
    ]


def open_requests(vault: Session) -> list[CitizensRequest]:
    return [one for one in citizens_requests(vault) if one.done_at is None]


def stops_on_their_way(vault: Session) -> int:
    """Consents that count no more, and whose end the ledger has not heard of yet."""
    return vault.scalar(select(func.count()).select_from(StopRow).where(~StopRow.sent)) or 0


def a_month_after(seconds: int) -> int:
    """The same day of the next month, or its last (GDPR art. 12(3); Regulation 1182/71 art. 3(2))."""
    at = datetime.fromtimestamp(seconds, UTC)
    year, month = (at.year + 1, 1) if at.month == 12 else (at.year, at.month + 1)
    day = min(at.day, calendar.monthrange(year, month)[1])
    return int(at.replace(year=year, month=month, day=day).timestamp())
