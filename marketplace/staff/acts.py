"""What the city's officers put on its way to the ledger: how far it is, and that nobody puts it twice meanwhile."""

import time
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from ledger.outbox import messages
from ledger.outbox.tables import MessageRow, State, TransactionRow
from marketplace.errors import ConflictError
from marketplace.provenance.queries import head

OFFICERS = ("operator", "deputy", "guardian", "treasurer", "ombudsman", "settler")
WEEK = 7 * 86_400
MOST_FAILURES = 5


class ActUnderWayError(ConflictError):
    """An act about the same thing is on its way to the ledger."""

    code = "act_under_way"


class Step(StrEnum):
    ON_ITS_WAY = "on_its_way"
    SCHEDULED = "scheduled"
    """It waits for its hour."""
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Act:
    """Something that an officer's key does."""

    key: str
    name: str
    """The contract's function."""
    signer: str
    step: Step
    refusal: str | None
    put_at: int
    ready_at: int | None

    @property
    def is_under_way(self) -> bool:
        return self.step in {Step.ON_ITS_WAY, Step.SCHEDULED}


def newest(session: Session, about: str) -> Act | None:
    """The newest act about something, such as "close:3"."""
    row = messages.newest_about(session, about)
    return None if row is None else _act(session, row)


def require_quiet(session: Session, about: str) -> None:
    """Raises ActUnderWayError."""
    act = newest(session, about)
    if act is not None and act.is_under_way:
        raise ActUnderWayError("This is on its way to the ledger. Wait until it is there.")


def lately_refused(session: Session) -> list[Act]:
    """What officers put in the last seven days and the ledger did not take."""
    since = int(time.time()) - WEEK
    rows = messages.newest_failures(session, OFFICERS, since=since, most=MOST_FAILURES)
    return [_act(session, row) for row in rows]


def _act(session: Session, row: MessageRow) -> Act:
    return Act(
        key=row.business_key,
        name=row.signature.split("(")[0],
        signer=row.signer,
        step=_step(session, row),
        refusal=row.refusal,
        put_at=row.created_at,
        ready_at=row.ready_at,
    )


def _step(session: Session, row: MessageRow) -> Step:
    """Done is what the read model knows too."""
    if row.state == State.ABANDONED or (row.state == State.FINAL and row.refusal is not None):
        return Step.REFUSED
    if row.state == State.FINAL:
        carried = None if row.transaction_id is None else session.get(TransactionRow, row.transaction_id)
        block = None if carried is None else carried.block_number
        return Step.DONE if block is None or head(session).number >= block else Step.ON_ITS_WAY
    return Step.SCHEDULED if row.waits_for is not None else Step.ON_ITS_WAY
