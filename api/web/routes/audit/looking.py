"""What somebody wants to see of the ledger, as a form's fields say it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Depends, Query
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.http.shapes import LARGEST_UINT32
from ledger.bindings import EVENTS
from ledger.city import City
from marketplace.errors import InvalidError
from marketplace.licences import queries as licences
from marketplace.licences.tables import LicenceRow
from marketplace.participants import queries as participants
from marketplace.provenance.explorer import Party, Wanted
from marketplace.provenance.queries import head
from marketplace.provenance.tables import BlockRow
from marketplace.use_cases import queries as use_cases


class WrongFilterError(InvalidError):
    """A filter that no event can pass."""

    code = "wrong_filter"


@dataclass(frozen=True, slots=True)
class Filters:
    """As they were typed; empty: all."""

    about: str
    event: str
    use_case: str
    participant: str
    first: str
    last: str
    before: str

    def query(self) -> dict[str, str]:
        """Those that are set, but for where the page goes on."""
        return {
            name: value
            for name in ("about", "event", "use_case", "participant", "first", "last")
            if (value := getattr(self, name))
        }


Typed = Annotated[str, Query(max_length=40)]


def typed(
    about: Typed = "",
    event: Typed = "",
    use_case: Typed = "",
    participant: Typed = "",
    first: Typed = "",
    last: Typed = "",
    before: Typed = "",
) -> Filters:
    return Filters(
        about.strip(),
        event.strip(),
        use_case.strip(),
        participant.strip(),
        first.strip(),
        last.strip(),
        before.strip(),
    )


Filtering = Annotated[Filters, Depends(typed)]


def wanted(session: Session, city: City, asked: Filters) -> Wanted:
    """Raises WrongFilterError: there is no such thing, and which field says so."""
    newest = head(session).number
    last = newest if not asked.last else block_at(session, asked.last, end=True)
    if asked.before:
        last = min(last, whole(asked.before, "before"))
    use_case = whole(asked.use_case, "use_case") if asked.use_case else None
    return Wanted(
        first=city.first_block if not asked.first else block_at(session, asked.first, end=False),
        last=min(last, newest),
        contract=one_of(asked.about, set(EVENTS), "about"),
        names=frozenset(filter(None, [one_of(asked.event, kinds(), "event")])),
        use_case=use_case,
        licences=frozenset() if use_case is None else licences_for(session, use_case),
        party=party(session, whole(asked.participant, "participant")) if asked.participant else None,
    )


def kinds() -> set[str]:
    return {kind.__name__ for of_contract in EVENTS.values() for kind in of_contract}


def one_of(value: str, known: set[str], field: str) -> str | None:
    if value and value not in known:
        raise WrongFilterError(f"{field}: there is no such one. Leave it empty for all.")
    return value or None


def whole(value: str, field: str) -> int:
    if not value.isascii() or not value.isdigit() or int(value) > LARGEST_UINT32:
        raise WrongFilterError(f"{field}: a whole number is expected.")
    return int(value)


def block_at(session: Session, value: str, *, end: bool) -> int:
    """A block by its number, or the first or last one of a UTC day."""
    if value.isascii() and value.isdigit():
        return whole(value, "block")
    starts = _midnight(value)
    if end:
        found = select(func.max(BlockRow.number)).where(BlockRow.timestamp < starts + 86_400)
        return session.scalar(found) or 0
    found = select(func.min(BlockRow.number)).where(BlockRow.timestamp >= starts)
    return session.scalar(found) or head(session).number + 1


def _midnight(value: str) -> int:
    try:
        day = date.fromisoformat(value)
        return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    except (ValueError, OverflowError):
        raise WrongFilterError(
            "first, last: a block's number or a day such as 2026-11-26 is expected."
        ) from None


def licences_for(session: Session, use_case: int) -> frozenset[int]:
    return frozenset(session.scalars(select(LicenceRow.number).where(LicenceRow.use_case == use_case)))


def party(session: Session, number: int) -> Party:
    """Raises UnknownParticipantError."""
    found = participants.by_number(session, number)
    return Party(
        number=number,
        account=found.account,
        use_cases=frozenset(one.number for one in use_cases.use_cases_of(session, number)),
        licences=frozenset(one.number for one in licences.licences_of(session, found.account)),
    )
