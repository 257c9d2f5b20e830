from sqlalchemy import update
from sqlalchemy.orm import Session

from ledger.bindings import (
    NoticePublished,
    NoticeRetired,
    RulePublished,
    RuleRetired,
    UseCaseApplied,
    UseCaseClosed,
    UseCaseDecided,
)
from ledger.enums import UseCaseState
from ledger.reader import Place
from marketplace.use_cases.tables import NoticeRow, RuleRow, UseCaseRow

NOBODY = "0x" + "00" * 20


def on_applied(session: Session, event: UseCaseApplied, place: Place) -> None:
    asked = event.application
    session.add(
        UseCaseRow(
            number=event.id,
            applicant=event.applicant,
            state=UseCaseState.APPLIED,
            purpose=event.purpose,
            sources=[[source.dataset, source.ground, int(source.optional)] for source in asked.sources],
            scope_digest=asked.scope,
            data_from=asked.data_from,
            data_until=asked.data_until,
            minimum_cohort=asked.minimum_cohort,
            longest_days=asked.longest_days,
            retention_days=asked.retention_days,
            routine_digest=asked.routine,
            terms_digest=asked.terms,
            applied_in=place.block,
        )
    )
    session.flush()


def on_decided(session: Session, event: UseCaseDecided, place: Place) -> None:
    decision = event.decision
    session.execute(
        update(UseCaseRow)
        .where(UseCaseRow.number == event.id)
        .values(
            state=UseCaseState.ALLOWED if decision.allowed else UseCaseState.DENIED,
            minimum_cohort=decision.minimum_cohort,
            longest_days=decision.longest_days,
            recipient=event.recipient,
            reason=decision.reason,
            conditions=decision.conditions,
            rule=event.rule or None,
            decided_by=event.by,
            seconded_by=None if event.second == NOBODY else event.second,
            decided_in=place.block,
        )
    )


def on_closed(session: Session, event: UseCaseClosed, place: Place) -> None:
    session.execute(
        update(UseCaseRow)
        .where(UseCaseRow.number == event.id)
        .values(state=UseCaseState.CLOSED, closed_in=place.block)
    )


def on_rule_published(session: Session, event: RulePublished) -> None:
    session.add(
        RuleRow(
            number=event.rule,
            purpose=event.terms.purpose,
            classes=event.terms.classes,
            longest_days=event.terms.longest_days,
            retention_days=event.terms.retention_days,
            text_digest=event.terms.text,
        )
    )
    session.flush()


def on_rule_retired(session: Session, event: RuleRetired, place: Place) -> None:
    session.execute(update(RuleRow).where(RuleRow.number == event.rule).values(retired_in=place.block))


def on_notice_published(session: Session, event: NoticePublished, place: Place) -> None:
    session.add(
        NoticeRow(
            use_case=event.id,
            statement=event.statement,
            language=event.language.rstrip(b"\0").decode("ascii", "replace"),
            kind=event.kind,
            scope=event.scope,
            published_in=place.block,
        )
    )
    session.flush()


def on_notice_retired(session: Session, event: NoticeRetired, place: Place) -> None:
    session.execute(
        update(NoticeRow)
        .where(NoticeRow.use_case == event.id, NoticeRow.statement == event.statement)
        .values(retired_in=place.block)
    )
