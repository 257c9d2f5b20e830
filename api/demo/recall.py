"""What an interrupted play did and could not write down: found in the city itself, so that nothing is done twice."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from api.demo.people import Paper
from api.demo.stage import Stage
from ledger.digests import canonical
from ledger.outbox.tables import MessageRow, State
from marketplace.analysis.routine import parse_routine
from marketplace.licences import queries as licences
from marketplace.orders import queries as orders
from marketplace.use_cases import queries as use_cases

GRANT = "grant:"


def let_it_end(stage: Stage) -> None:
    """Wait until the ledger has everything that was taken before the play was interrupted."""
    stage.until(lambda: not _waits(stage), "What an interrupted play had sent", seconds=90)


def _waits(stage: Stage) -> bool:
    unfinished = select(MessageRow.id).where(MessageRow.state.not_in([State.FINAL, State.ABANDONED]))
    with stage.house.database.reading() as session:
        return session.scalar(unfinished.limit(1)) is not None


def use_case_asking(stage: Stage, routine: dict[str, Any]) -> int | None:
    """The use case that was applied for with this routine."""
    digest = parse_routine(canonical(routine)).digest
    with stage.house.database.reading() as session:
        return next(
            (one.number for one in use_cases.use_cases(session) if one.routine_digest == digest), None
        )


def licence_of(stage: Stage, account: str, use_case: int) -> int | None:
    with stage.house.database.reading() as session:
        held = licences.licences_of(session, account)
    return next((one.number for one in held if one.use_case == use_case), None)


def order_under(stage: Stage, licence: int) -> str | None:
    """The first order under a licence."""
    with stage.house.database.reading() as session:
        found = orders.orders_of_use_case(session, [licence])
    return "0x" + found[0].id.hex() if found else None


def taken(stage: Stage, papers: Iterable[Paper]) -> set[int]:
    """The people whose consents the city has taken."""
    with stage.house.database.reading() as session:
        keys = session.scalars(
            select(MessageRow.business_key).where(MessageRow.business_key.startswith(GRANT))
        )
        known = {key.removeprefix(GRANT) for key in keys}
    return {paper.person for paper in papers if paper.consent in known}
