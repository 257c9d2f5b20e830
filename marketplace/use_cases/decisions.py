"""What was decided about a use case, why, and what was found when its privacy risk was assessed."""

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.digests import hexed
from ledger.enums import Class, UseCaseState
from ledger.outbox import messages
from ledger.outbox.letters import decision_of
from marketplace.catalogue import artefacts
from marketplace.catalogue.tables import ArtefactRow
from marketplace.errors import NotFoundError
from marketplace.use_cases.queries import UnknownUseCaseError, UseCase, use_case
from marketplace.use_cases.tables import RuleRow, UseCaseRow


class NoReportError(NotFoundError):
    """There is no published risk report for this use case."""

    code = "no_risk_report"


@dataclass(frozen=True, slots=True)
class Decision:
    allowed: bool
    reason: str | None
    conditions: list[str]
    rule: int | None
    decided_by: str | None
    seconded_by: str | None
    decided_in: int


@dataclass(frozen=True, slots=True)
class History:
    """When a use case was applied for, decided and closed (blocks), and the decision itself."""

    applied_in: int
    decision: Decision | None
    closed_in: int | None


@dataclass(frozen=True, slots=True)
class PublishedRule:
    """What is allowed at once: use cases on data that is not personal, of these classes, within these bounds."""

    number: int
    purpose: bytes | None
    classes: tuple[Class, ...]
    longest_days: int
    retention_days: int
    text: str | None


def history(session: Session, number: int) -> History:
    row = session.get(UseCaseRow, number)
    if row is None:
        raise UnknownUseCaseError(f"There is no use case {number}.")
    return History(row.applied_in, _decision(session, row), row.closed_in)


def _decision(session: Session, row: UseCaseRow) -> Decision | None:
    if row.decided_in is None:
        return None
    kept = None if row.conditions is None else session.get(ArtefactRow, row.conditions)
    return Decision(
        allowed=row.state != UseCaseState.DENIED,
        reason=None if row.reason is None else artefacts.text(session, row.reason),
        conditions=[] if kept is None else _conditions(kept.content),
        rule=row.rule,
        decided_by=row.decided_by,
        seconded_by=row.seconded_by,
        decided_in=row.decided_in,
    )


def _conditions(content: bytes) -> list[str]:
    """What a use case is held to. A decision of the first cities is a bare list, and names no templates."""
    document = orjson.loads(content)
    return document if isinstance(document, list) else document["conditions"]


@dataclass(frozen=True, slots=True)
class Said:
    """The newest word about a use case that is not decided yet: where it takes two persons, the other one's is next."""

    speaker: str
    allowed: bool
    minimum_cohort: int
    longest_days: int
    reason: str | None


def last_said(session: Session, number: int) -> Said | None:
    word = messages.last_word(session, f"decide:{number}")
    if word is None:
        return None
    decision = decision_of(word.signature, word.calldata)
    return Said(
        speaker=word.signer,
        allowed=decision.allowed,
        minimum_cohort=decision.minimum_cohort,
        longest_days=decision.longest_days,
        reason=artefacts.text(session, decision.reason),
    )


def rules_in_force(session: Session) -> list[PublishedRule]:
    rows = session.scalars(select(RuleRow).where(RuleRow.retired_in.is_(None)).order_by(RuleRow.number))
    return [
        PublishedRule(
            number=row.number,
            purpose=None if row.purpose == bytes(32) else row.purpose,
            classes=tuple(one for one in Class if row.classes >> one & 1),
            longest_days=row.longest_days,
            retention_days=row.retention_days,
            text=artefacts.text(session, row.text_digest),
        )
        for row in rows
    ]


def risk_report(session: Session, number: int) -> dict[str, Any]:
    """The assessment that the use case was decided on. Published with the decision, not before.

    Raises:
        UnknownUseCaseError, NoReportError
    """
    row = session.get(UseCaseRow, number)
    if row is None:
        raise UnknownUseCaseError(f"There is no use case {number}.")
    found = None if row.decided_in is None else closest_report(session, use_case(session, number))
    if found is None:
        raise NoReportError("The city has published no risk report for this use case (yet).")
    return found


def closest_report(session: Session, found: UseCase) -> dict[str, Any] | None:
    """The newest report on its routine and days of data, for its k and duration; else the one that they tighten least.

    A decision can only tighten what was assessed, so a report on a larger k or fewer days of consent is another's.
    """
    period = None if found.period is None else found.period.document()
    reports = [
        report
        for report in _reports(session, found.routine_digest)
        if report["asked"]["k"] <= smallest_assessed(found.minimum_cohort)
        and report["asked"]["days"] >= found.longest_days
        and report["asked"].get("period") == period
    ]
    return max(reports, key=lambda one: (one["asked"]["k"], -one["asked"]["days"]), default=None)


def newest_report(session: Session, found: UseCase) -> dict[str, Any] | None:
    """The newest report on its routine and days of data, for whichever smallest group it was asked."""
    period = None if found.period is None else found.period.document()
    reports = _reports(session, found.routine_digest)
    return next((one for one in reports if one["asked"].get("period") == period), None)


def smallest_assessed(k: int) -> int:
    """The k for which a use case with this smallest cohort is assessed: one person is no group."""
    return max(2, k)


def _reports(session: Session, routine: bytes) -> list[dict[str, Any]]:
    """Newest first."""
    rows = session.scalars(
        select(ArtefactRow).where(ArtefactRow.kind == "report").order_by(ArtefactRow.stored_at.desc())
    )
    reports: list[dict[str, Any]] = [orjson.loads(row.content) for row in rows]
    return [report for report in reports if report["routine"] == hexed(routine)]
