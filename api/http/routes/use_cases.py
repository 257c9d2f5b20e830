"""Use cases: applying, and what everybody may know of each."""

import re
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response, status
from pydantic import BeforeValidator, Field
from sqlalchemy.orm import Session

from api.http.acts import Offered, SignedForm, Taken, taken
from api.http.cursors import Page, Paging
from api.http.dependencies import Here, HouseHere, Reading, Writing
from api.http.json_documents import JsonDocument, written
from api.http.once import JustOnce
from api.http.policies import Anybody, Caller
from api.http.routes.catalogue import PurposeAnswer
from api.http.routes.city import BlockAnswer
from api.http.shapes import (
    LARGEST_UINT32,
    Answer,
    Days,
    Digest,
    Number,
    SentInstant,
    Shape,
    compact_signature,
)
from api.http.waiting import Wait, until
from ledger import bindings
from ledger.bindings import Application
from ledger.digests import hexed
from ledger.enums import Ground, UseCaseState
from ledger.typed_documents import application_document
from marketplace.analysis.period import Period
from marketplace.catalogue import artefacts
from marketplace.catalogue import queries as catalogue
from marketplace.errors import NotAllowedError
from marketplace.provenance.queries import head
from marketplace.use_cases import decisions, queries, service
from marketplace.use_cases.decisions import Decision
from marketplace.use_cases.purposes import BY_DIGEST, purpose_named
from marketplace.use_cases.queries import Notice

router = APIRouter(prefix="/v1/use-cases", tags=["use-cases"])

GroundName = Literal[
    "consent", "contract", "legal_obligation", "vital_interest", "public_task", "legitimate_interest"
]
WRITTEN_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2999, 12, 31)
Cohort = Annotated[int, Field(ge=1, le=1_000_000, examples=[10])]


class NotTheApplicantError(NotAllowedError):
    """Only the applicant sees this."""

    code = "not_the_applicant"


def written_day(value: object) -> object:
    """A day as JSON writes it, as a date; anything else is left to be refused."""
    if isinstance(value, str) and WRITTEN_DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value


Day = Annotated[date, BeforeValidator(written_day), Field(ge=FIRST_DAY, le=LAST_DAY)]


class DataPeriod(Shape):
    """Whole days in UTC, both included."""

    first: Day = Field(examples=["2026-03-01"])
    last: Day = Field(examples=["2026-03-31"])

    @classmethod
    def of(cls, period: Period) -> "DataPeriod":
        return cls(first=period.first, last=period.last)

    @property
    def period(self) -> Period:
        return Period.of_days(self.first, self.last)


class UseCaseWish(Shape):
    purpose: str = Field(max_length=100, examples=["ImproveTransportMobility"])
    routine: JsonDocument = Field(description="Which figures are wanted (docs/schemas/routine.schema.json).")
    minimum_cohort: Cohort = Field(default=10, description="k: the smallest group that may be shown.")
    longest_days: Days = Field(default=90, description="The longest that a consent may last.")
    retention_days: Days = Field(default=90, description="How long the recipient keeps a result.")
    optional: list[str] = Field(
        default_factory=list, max_length=6, description="Datasets that citizens may leave out."
    )
    grounds: dict[str, GroundName] = Field(
        default_factory=dict, max_length=6, description="Dataset to legal ground, where it is not consent."
    )
    period: DataPeriod | None = Field(
        default=None, description="The days of data wanted, of datasets whose rows have a time. Null: all."
    )


class SourceForm(Shape):
    dataset: Number
    ground: Annotated[int, Field(ge=0, le=max(Ground))]
    optional: bool


class UseCaseForm(Shape):
    """What the applicant signs: `Application` of the contract."""

    applicant: Number
    purpose: Digest
    sources: list[SourceForm] = Field(min_length=1, max_length=6)
    scope: Digest
    data_from: SentInstant
    data_until: SentInstant
    minimum_cohort: Annotated[int, Field(ge=0, le=LARGEST_UINT32)]
    longest_days: Annotated[int, Field(ge=0, le=2**16 - 1)]
    retention_days: Annotated[int, Field(ge=0, le=2**16 - 1)]
    output_class: Annotated[int, Field(ge=0, le=2**8 - 1)]
    routine: Digest
    terms: Digest
    salt: Digest
    deadline: SentInstant

    @classmethod
    def of(cls, form: Application) -> "UseCaseForm":
        sources = [SourceForm.made(**one._asdict()) for one in form.sources]
        return cls.made(**{**form._asdict(), "sources": sources})

    @property
    def struct(self) -> Application:
        values: dict[str, Any] = {name: getattr(self, name) for name in Application._fields}
        sources = [bindings.Source(one.dataset, one.ground, one.optional) for one in self.sources]
        return Application(**values)._replace(sources=sources)


class UseCaseDocuments(Shape):
    """The documents whose digests the form names."""

    routine: JsonDocument
    scope: JsonDocument
    terms: JsonDocument


class OfferedUseCase(Offered[UseCaseForm]):
    documents: UseCaseDocuments


class SignedUseCase(SignedForm[UseCaseForm]):
    documents: UseCaseDocuments


class SourceAnswer(Answer):
    dataset: Number
    name: str
    title: str
    ground: str = Field(examples=["consent"])
    optional: bool
    honesty: str


class DecisionAnswer(Answer):
    allowed: bool
    reason: str | None
    conditions: list[str]
    rule: Number | None = Field(description="The published rule that allowed it; null if a person decided.")
    block: int

    @classmethod
    def of(cls, one: Decision) -> "DecisionAnswer":
        return cls(
            allowed=one.allowed,
            reason=one.reason,
            conditions=one.conditions,
            rule=one.rule,
            block=one.decided_in,
        )


class UseCaseAnswer(Answer):
    number: Number
    applicant: Number
    state: str = Field(examples=["allowed"], description="applied, denied, allowed or closed.")
    purpose: PurposeAnswer | None
    personal: bool = Field(description="Whether consents and k apply.")
    sources: list[SourceAnswer] = Field(description="In the order of the scope's bits.")
    minimum_cohort: int
    longest_days: int
    retention_days: int
    period: DataPeriod | None = Field(description="The days of data that it may use. Null: all.")
    routine: Digest
    terms: Digest
    scope: Digest

    @classmethod
    def of(cls, session: Session, one: queries.UseCase) -> "UseCaseAnswer":
        purpose = BY_DIGEST.get(one.purpose)
        return cls(
            number=one.number,
            applicant=one.applicant,
            state=one.state.name.lower(),
            purpose=None if purpose is None else PurposeAnswer.of(purpose),
            personal=one.personal,
            sources=[source_answer(session, source) for source in one.sources],
            minimum_cohort=one.minimum_cohort,
            longest_days=one.longest_days,
            retention_days=one.retention_days,
            period=None if one.period is None else DataPeriod.of(one.period),
            routine=one.routine_digest,
            terms=one.terms_digest,
            scope=one.scope_digest,
        )


class DecidedUseCase(UseCaseAnswer):
    applied_in: int = Field(description="Block.")
    decision: DecisionAnswer | None
    closed_in: int | None
    as_of: BlockAnswer


class NoticeAnswer(Answer):
    language: str
    kind: str = Field(examples=["consent"])
    scope: int = Field(description="One bit per source that this choice covers.")
    statement: str
    digest: Digest
    retired: bool

    @classmethod
    def of(cls, one: Notice) -> "NoticeAnswer":
        return cls(
            language=one.language,
            kind=one.kind.name.lower(),
            scope=one.scope,
            statement=one.statement,
            digest=one.digest,
            retired=one.retired,
        )


def source_answer(session: Session, source: queries.Source) -> SourceAnswer:
    found = catalogue.dataset(session, source.dataset)
    return SourceAnswer(
        dataset=source.dataset,
        name=found.name,
        title=found.description.title,
        ground=source.ground.name.lower(),
        optional=source.optional,
        honesty=found.description.honesty.label,
    )


@router.get("", operation_id="listUseCases", dependencies=[Anybody])
def list_use_cases(
    session: Reading,
    paging: Paging,
) -> Page[UseCaseAnswer]:
    """Everything that data is, was, or was asked to be used for."""
    return paging.of(
        queries.use_cases(session),
        place=lambda one: one.number,
        show=lambda one: UseCaseAnswer.of(session, one),
    )


@router.get("/{number}", operation_id="getUseCase", dependencies=[Anybody])
def get_use_case(number: Number, here: Here, wait: Wait) -> DecidedUseCase:
    """One use case, with its decision. With `wait`, the answer may wait for the decision."""
    return until(
        here,
        lambda session: decided(session, number),
        lambda one: one.state != UseCaseState.APPLIED.name.lower(),
        wait,
    )


def decided(session: Session, number: int) -> DecidedUseCase:
    found = queries.use_case(session, number)
    history = decisions.history(session, number)
    return DecidedUseCase(
        **dict(UseCaseAnswer.of(session, found)),
        applied_in=history.applied_in,
        decision=None if history.decision is None else DecisionAnswer.of(history.decision),
        closed_in=history.closed_in,
        as_of=BlockAnswer.of(head(session)),
    )


@router.get("/{number}/documents", operation_id="getUseCaseDocuments", dependencies=[Anybody])
def get_documents(number: Number, session: Reading) -> UseCaseDocuments:
    """The routine, the scope and the terms, as they were signed."""
    found = queries.use_case(session, number)
    return UseCaseDocuments(
        routine=artefacts.document(session, found.routine_digest),
        scope=artefacts.document(session, found.scope_digest),
        terms=artefacts.document(session, found.terms_digest),
    )


@router.get("/{number}/notices", operation_id="listNotices", dependencies=[Anybody])
def list_notices(number: Number, session: Reading, paging: Paging) -> Page[NoticeAnswer]:
    """The sentences that citizens may sign."""
    queries.use_case(session, number)
    return paging.of(
        queries.notices(session, number), place=lambda one: hexed(one.digest), show=NoticeAnswer.of
    )


@router.get("/{number}/risk-report", operation_id="getRiskReport")
def get_risk_report(number: Number, caller: Caller, session: Reading) -> dict[str, Any]:
    """The figures that the decision rests on; for the applicant, once it is decided."""
    if queries.use_case(session, number).applicant != caller.number:
        raise NotTheApplicantError(f"The risk report of use case {number} is for its applicant.")
    return decisions.risk_report(session, number)


@router.post("/forms", operation_id="prepareUseCase")
def prepare_use_case(wish: UseCaseWish, caller: Caller, session: Reading, house: HouseHere) -> OfferedUseCase:
    """What an applicant signs: datasets, scope and terms follow from the routine."""
    prepared = service.prepare(
        session,
        service.Request(
            applicant=caller.number,
            purpose=purpose_named(wish.purpose),
            routine=written(wish.routine),
            minimum_cohort=wish.minimum_cohort,
            longest_days=wish.longest_days,
            retention_days=wish.retention_days,
            optional=frozenset(wish.optional),
            grounds=tuple((name, Ground[ground.upper()]) for name, ground in wish.grounds.items()),
            period=None if wish.period is None else wish.period.period,
        ),
    )
    return OfferedUseCase(
        form=UseCaseForm.of(prepared.form),
        documents=UseCaseDocuments(**prepared.documents),
        typed_data=application_document(house.city.domains.use_cases, prepared.form),
    )


@router.post("", operation_id="applyForUseCase", status_code=status.HTTP_202_ACCEPTED, response_model=Taken)
def apply_for_use_case(
    sent: SignedUseCase, _caller: Caller, session: Writing, house: HouseHere, once: JustOnce
) -> Response:
    """File an application, under the applicant's signature."""
    key = service.apply(
        session,
        house,
        form=sent.form.struct,
        documents=sent.documents.model_dump(),
        signature=compact_signature(sent.signature),
    )
    return taken(once, key)
