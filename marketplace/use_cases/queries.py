from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.bindings import Application
from ledger.digests import unhexed
from ledger.enums import Ground, NoticeKind, UseCaseState
from marketplace.analysis.period import Period
from marketplace.analysis.routine import Routine, parse_routine
from marketplace.catalogue import artefacts
from marketplace.errors import NotFoundError
from marketplace.use_cases.notices import Template
from marketplace.use_cases.tables import NoticeRow, UseCaseRow

NO_DOCUMENT = bytes(32)
"""What a decision by a rule names as its conditions."""


class UnknownUseCaseError(NotFoundError):
    """There is no such use case."""

    code = "unknown_use_case"


@dataclass(frozen=True, slots=True)
class Source:
    dataset: int
    ground: Ground
    optional: bool


@dataclass(frozen=True, slots=True)
class UseCase:
    number: int
    applicant: int
    state: UseCaseState
    purpose: bytes
    sources: tuple[Source, ...]
    minimum_cohort: int
    longest_days: int
    retention_days: int
    period: Period | None
    """The days of data that it may use; None: all."""
    routine_digest: bytes
    terms_digest: bytes
    scope_digest: bytes
    recipient: bytes | None
    reason: bytes | None
    conditions: bytes | None
    rule: int | None

    @property
    def personal(self) -> bool:
        return any(source.ground is not Ground.NOT_PERSONAL for source in self.sources)

    @property
    def objection_scope(self) -> int:
        """One bit per source with persons' rows that are used on another ground than their consent."""
        return self._bits(lambda ground: ground not in {Ground.CONSENT, Ground.NOT_PERSONAL})

    @property
    def consent_scope(self) -> int:
        """One bit per source that is used with consent alone."""
        return self._bits(lambda ground: ground is Ground.CONSENT)

    def _bits(self, counts: Callable[[Ground], bool]) -> int:
        return sum(1 << bit for bit, source in enumerate(self.sources) if counts(source.ground))

    @property
    def datasets(self) -> tuple[int, ...]:
        return tuple(source.dataset for source in self.sources)


@dataclass(frozen=True, slots=True)
class Notice:
    use_case: int
    language: str
    kind: NoticeKind
    scope: int
    statement: str
    digest: bytes
    retired: bool


def use_case(session: Session, number: int) -> UseCase:
    row = session.get(UseCaseRow, number)
    if row is None:
        raise UnknownUseCaseError(f"There is no use case {number}.")
    return _model(row)


def use_cases(session: Session) -> list[UseCase]:
    return [_model(row) for row in session.scalars(select(UseCaseRow).order_by(UseCaseRow.number))]


def use_cases_of(session: Session, applicant: int) -> list[UseCase]:
    rows = session.scalars(
        select(UseCaseRow).where(UseCaseRow.applicant == applicant).order_by(UseCaseRow.number)
    )
    return [_model(row) for row in rows]


def routine_of(session: Session, found: UseCase) -> Routine:
    return parse_routine(artefacts.content(session, found.routine_digest))


def templates(session: Session, found: UseCase) -> list[Template]:
    """The templates that the decision on a use case names."""
    if found.conditions is None or found.conditions == NO_DOCUMENT:
        return []
    document = artefacts.document(session, found.conditions)
    if not isinstance(document, dict):
        return []
    return [Template.read(artefacts.document(session, unhexed(digest))) for digest in document["notices"]]


def notices(session: Session, number: int) -> list[Notice]:
    rows = session.scalars(
        select(NoticeRow).where(NoticeRow.use_case == number).order_by(NoticeRow.published_in)
    )
    return [
        Notice(
            use_case=row.use_case,
            language=row.language,
            kind=NoticeKind(row.kind),
            scope=row.scope,
            statement=artefacts.text(session, row.statement) or "",
            digest=row.statement,
            retired=row.retired_in is not None,
        )
        for row in rows
    ]


def _model(row: UseCaseRow) -> UseCase:
    return UseCase(
        number=row.number,
        applicant=row.applicant,
        state=UseCaseState(row.state),
        purpose=row.purpose,
        sources=tuple(
            Source(dataset, Ground(ground), bool(optional)) for dataset, ground, optional in row.sources
        ),
        minimum_cohort=row.minimum_cohort,
        longest_days=row.longest_days,
        retention_days=row.retention_days,
        period=Period(row.data_from, row.data_until) if row.data_until else None,
        routine_digest=row.routine_digest,
        terms_digest=row.terms_digest,
        scope_digest=row.scope_digest,
        recipient=row.recipient,
        reason=row.reason,
        conditions=row.conditions,
        rule=row.rule,
    )


def applied(session: Session, block: int, form: Application) -> int | None:
    """The number under which this application stands on the ledger since `block`."""
    return session.scalar(
        select(UseCaseRow.number)
        .where(
            UseCaseRow.applied_in == block,
            UseCaseRow.applicant == form.applicant,
            UseCaseRow.purpose == form.purpose,
            UseCaseRow.scope_digest == form.scope,
            UseCaseRow.routine_digest == form.routine,
            UseCaseRow.terms_digest == form.terms,
            UseCaseRow.data_from == form.data_from,
            UseCaseRow.data_until == form.data_until,
        )
        .limit(1)
    )
