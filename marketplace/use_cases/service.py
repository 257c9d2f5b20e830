"""Applying for a use case, assessing it, deciding it, and publishing what citizens will read."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.bindings import Application, Decision, Rule, Signature
from ledger.bindings import Notice as NoticeForm
from ledger.bindings import Source as SourceForm
from ledger.digests import canonical, hexed, sha256, text_digest
from ledger.enums import AGGREGATES, Class, Ground, NoticeKind, UseCaseState
from ledger.outbox import messages
from ledger.typed_data import application_digest, recovered
from marketplace.analysis.period import Period, require_time
from marketplace.analysis.plan import plan
from marketplace.analysis.routine import Routine, parse_routine
from marketplace.analysis.runner import VersionFile
from marketplace.catalogue import artefacts
from marketplace.catalogue import queries as catalogue
from marketplace.disclosure import assessment
from marketplace.disclosure.assessment import MOST_CELLS_ASSESSED, Population, Report
from marketplace.disclosure.risk import ASSUMED_RATE
from marketplace.errors import ConflictError, InvalidError, NotAllowedError
from marketplace.house import House
from marketplace.participants import queries as participants
from marketplace.participants.service import FormExpiredError, WrongSignatureError
from marketplace.provenance import access_log
from marketplace.provenance.queries import head
from marketplace.use_cases import notices, queries
from marketplace.use_cases.decisions import smallest_assessed
from marketplace.use_cases.purposes import BY_DIGEST, Purpose
from marketplace.use_cases.tables import RuleRow

YOUNGEST_ASKED = 16
COHORT_FLOOR = 5
"""The smallest k that the ledger takes where data is about people (`UseCases.COHORT_FLOOR`)."""
LANGUAGES = ("en", "de")
FORM_SECONDS = 600


class NotTheParticipantError(NotAllowedError):
    """The applicant is not enrolled or not active."""

    code = "participant_not_active"


class DocumentMismatchError(InvalidError):
    """A document is not the one whose digest was signed."""

    code = "document_mismatch"


class WrongPeriodError(InvalidError):
    """The period of the data is not one of whole days."""

    code = "wrong_period"


class CohortBelowFloorError(InvalidError):
    """The smallest group asked for is smaller than the ledger takes for data about people."""

    code = "cohort_below_floor"


class LooserThanAppliedForError(InvalidError):
    """A condition would allow more than the applicant asked for."""

    code = "looser_than_applied_for"


class AppliedTooEarlyError(ConflictError):
    """Data has been declared not personal since the application, which still wants people's consent."""

    code = "applied_too_early"


class NameNotKeptError(ConflictError):
    """The applicant's name is not known here, so nobody can be asked: people consent to a named recipient."""

    code = "name_not_kept"


class AlreadyDecidedError(ConflictError):
    """A decision is final."""

    code = "already_decided"


class NoVersionYetError(ConflictError):
    """A dataset has no version to assess."""

    code = "no_version_yet"


@dataclass(frozen=True, slots=True)
class Request:
    """What an applicant asks for, before it is signed."""

    applicant: int
    purpose: Purpose
    routine: bytes
    minimum_cohort: int
    longest_days: int
    retention_days: int
    optional: frozenset[str] = frozenset()
    grounds: tuple[tuple[str, Ground], ...] = ()
    """Dataset name -> another legal ground than consent."""
    period: Period | None = None
    """The days of data wanted; None: all."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An application ready to be signed, with the documents whose digests it names."""

    form: Application
    documents: dict[str, Any]


def prepare(session: Session, request: Request) -> Prepared:
    """Make the application that `request` means: datasets, scope and terms follow from the routine.

    Raises:
        DocumentError, RoutineError: the routine is none, or does not fit the datasets.
        NoTimeColumnError: a period of a dataset whose rows have no time.
        WrongPeriodError: the period is no whole days.
        CohortBelowFloorError
        UnknownDatasetError
    """
    routine = parse_routine(request.routine)
    used = [catalogue.dataset_named(session, name) for name in routine.sources]
    plan(routine, {found.name: found.description for found in used}, most_cells=MOST_CELLS_ASSESSED)
    _require_period(request.period, used)
    if any(found.personal for found in used) and request.minimum_cohort < COHORT_FLOOR:
        raise CohortBelowFloorError(
            f"k = {request.minimum_cohort} is too small for data about people: no group of fewer than {COHORT_FLOOR} "
            f"is ever shown. Apply with {COHORT_FLOOR} or more."
        )
    grounds = dict(request.grounds)
    sources = [
        SourceForm(
            dataset=found.number,
            ground=grounds.get(found.name, Ground.CONSENT) if found.personal else Ground.NOT_PERSONAL,
            optional=found.name in request.optional,
        )
        for found in sorted(used, key=lambda one: one.number)
    ]
    documents = {
        "routine": routine.document(),
        "scope": scope_document(routine, request),
        "terms": terms_document(request),
    }
    form = Application(
        applicant=request.applicant,
        purpose=request.purpose.digest,
        sources=sources,
        scope=sha256(canonical(documents["scope"])),
        data_from=0 if request.period is None else request.period.starts_at,
        data_until=0 if request.period is None else request.period.ends_at,
        minimum_cohort=request.minimum_cohort,
        longest_days=request.longest_days,
        retention_days=request.retention_days,
        output_class=AGGREGATES,
        routine=routine.digest,
        terms=sha256(canonical(documents["terms"])),
        salt=secrets.token_bytes(32),
        deadline=head(session).timestamp + FORM_SECONDS,
    )
    return Prepared(form, documents)


def scope_document(routine: Routine, request: Request) -> dict[str, Any]:
    """What of the data is used and how fine the answer is."""
    period = {} if request.period is None else {"period": request.period.document()}
    return period | {
        "v": 1,
        "sources": list(routine.sources),
        "dimensions": [dimension.document() for dimension in routine.dimensions],
        "measures": [measure.document() for measure in routine.measures],
        "filters": [kept.document() for kept in routine.filters],
        "output": "aggregates",
        "minimumCohort": request.minimum_cohort,
        "retentionDays": request.retention_days,
    }


def terms_document(request: Request) -> dict[str, Any]:
    """What a buyer may do with a result, readable by machines (after ODRL 2.2) and people."""
    return {
        "v": 1,
        "permission": "use for the stated purpose within the buyer's own organisation",
        "purpose": request.purpose.iri,
        "prohibition": ["pass on", "combine to single out a person"],
        "duty": [f"delete after {request.retention_days} days"],
    }


def apply(
    session: Session, house: House, *, form: Application, documents: dict[str, Any], signature: Signature
) -> str:
    """File an application under the applicant's signature. Returns the outbox key."""
    applicant = participants.by_number(session, form.applicant)
    if not applicant.is_active:
        raise NotTheParticipantError("The applicant is not admitted, or frozen. Ask the city's operator.")
    digest = application_digest(house.city.domains.use_cases, form)
    if recovered(digest, signature) != applicant.account:
        raise WrongSignatureError("The application is not signed by the applicant's account.")
    if head(session).timestamp > form.deadline:
        raise FormExpiredError("The application's deadline has passed. Sign a new one.")
    _require_documents(session, form, documents)

    for kind in ("routine", "scope", "terms"):
        artefacts.keep_document(session, kind, documents[kind])
    key = f"apply:{digest.hex()}"
    messages.put(
        session, house.contracts.use_cases.apply(form, signature), key=key, signer="relay", gas=2_000_000
    )
    return key


def _require_documents(session: Session, form: Application, documents: dict[str, Any]) -> None:
    for kind, digest in (("routine", form.routine), ("scope", form.scope), ("terms", form.terms)):
        if kind not in documents or sha256(canonical(documents[kind])) != digest:
            raise DocumentMismatchError(f"The {kind} document is not the one whose digest was signed.")
    routine = parse_routine(canonical(documents["routine"]))
    if routine.digest != form.routine:
        raise DocumentMismatchError("The routine is not in canonical form.")
    used = {found.number: found for found in catalogue.datasets(session)}
    named = [used[source.dataset] for source in form.sources if source.dataset in used]
    if {found.name for found in named} != set(routine.sources):
        raise DocumentMismatchError("The application's datasets are not those of its routine.")
    plan(routine, {found.name: found.description for found in named}, most_cells=MOST_CELLS_ASSESSED)
    period = Period(form.data_from, form.data_until) if form.data_from or form.data_until else None
    _require_period(period, named)
    if documents["scope"].get("period") != (None if period is None else period.document()):
        raise DocumentMismatchError("The scope document names other days than the application.")
    if form.purpose not in BY_DIGEST:
        raise DocumentMismatchError("The purpose is not one that a use case may have.")


def _require_period(period: Period | None, used: list[catalogue.Dataset]) -> None:
    if period is None:
        return
    require_time(found.description for found in used)
    if not period.is_whole_days:
        raise WrongPeriodError("A period is whole days in UTC, and its last is not before its first.")


def assess(house: House, number: int, *, k: int | None = None, consent_rate: int = ASSUMED_RATE) -> Report:
    """Assess a use case's privacy risk from figures computed on the newest versions. Keeps the report.

    Nothing is locked while it is computed.
    """
    with house.database.reading() as session:
        found = queries.use_case(session, number)
        routine = queries.routine_of(session, found)
    application = assessment.Application(
        k=smallest_assessed(k or found.minimum_cohort),
        days=found.longest_days,
        consent_rate=consent_rate,
        period=found.period,
    )
    report = assess_routine(house, routine, application, use_case=found)
    with house.database.writing() as session:
        artefacts.keep_bytes(session, "report", report.canonical)
    return report


def assess_routine(
    house: House,
    routine: Routine,
    application: assessment.Application,
    *,
    use_case: queries.UseCase | None = None,
) -> Report:
    """Assess a routine, one nobody has applied with too.

    It reads everybody's rows, so the access log says so before, and what came of it after.
    """
    with house.database.reading() as session, house.vault.reading() as vault:
        used = [catalogue.dataset_named(session, name) for name in routine.sources]
        versions = {found.name: _newest_version(session, vault, house, found) for found in used}
    descriptions = {found.name: found.description for found in used}
    _record_assessment(house, used, "started", use_case)
    try:
        report = assessment.assess(
            application, routine, descriptions, versions, population=population_of(used)
        )
    except Exception:
        _record_assessment(house, used, "failed", use_case)
        raise
    _record_assessment(house, used, report.verdict.value, use_case)
    return report


def _newest_version(session: Session, vault: Session, house: House, found: catalogue.Dataset) -> VersionFile:
    if not found.versions:
        raise NoVersionYetError(f"The dataset {found.name!r} has no version yet.")
    kept = catalogue.kept_version(session, vault, found.number, found.versions)
    return VersionFile(house.versions / kept.name, kept.key)


def _record_assessment(
    house: House, used: list[catalogue.Dataset], outcome: str, use_case: queries.UseCase | None
) -> None:
    with house.database.writing() as session:
        access_log.record(
            session,
            who="role:operator",
            did="assess",
            outcome=outcome,
            use_case=None if use_case is None else use_case.number,
            purpose=None if use_case is None else use_case.purpose,
            datasets=[f"{found.name}/{found.versions}" for found in used],
        )


def population_of(used: list[catalogue.Dataset]) -> Population | None:
    """Who may be asked: nobody below the age of consent."""
    for found in used:
        age = found.description.measurable("age")
        if age is not None:
            return Population(found.name, "age", max(YOUNGEST_ASKED, age.minimum), age.maximum)
    return None


def decide(
    session: Session,
    house: House,
    number: int,
    *,
    allowed: bool,
    reason: str,
    minimum_cohort: int | None = None,
    longest_days: int | None = None,
    conditions: list[str] | None = None,
    operator: str = "operator",
) -> str:
    """Decide, finally. Conditions can only tighten what was applied for. Returns the outbox key.

    On sensitive data it takes a second operator, who says the same.

    Raises:
        UnknownUseCaseError, AlreadyDecidedError, LooserThanAppliedForError
        AppliedTooEarlyError: allowed, it would wait for the consent of people who are not in the data.
        NameNotKeptError: allowed, it would wait for a consent to a recipient whom no sentence can name.
    """
    found, k, days = require_decidable(
        session, number, allowed=allowed, minimum_cohort=minimum_cohort, longest_days=longest_days
    )
    decision = Decision(
        allowed=allowed,
        minimum_cohort=k,
        longest_days=days,
        reason=artefacts.keep_text(session, "reason", reason),
        conditions=artefacts.keep_document(
            session, "conditions", conditions_document(session, found, conditions or [])
        ),
    )
    call = house.contracts.use_cases.decide(number, decision)
    return messages.put_word(session, call, about=f"decide:{number}", signer=operator)


def require_decidable(
    session: Session,
    number: int,
    *,
    allowed: bool,
    minimum_cohort: int | None = None,
    longest_days: int | None = None,
) -> tuple[queries.UseCase, int, int]:
    """What a decision would be about, if it may be made: the use case, its smallest group and its longest days.

    Raises:
        UnknownUseCaseError, AlreadyDecidedError, LooserThanAppliedForError, AppliedTooEarlyError, NameNotKeptError
    """
    found = queries.use_case(session, number)
    if found.state is not UseCaseState.APPLIED:
        raise AlreadyDecidedError(f"Use case {number} is {found.state.name.lower()}: a decision is final.")
    k, days = minimum_cohort or found.minimum_cohort, longest_days or found.longest_days
    if k < found.minimum_cohort or days > found.longest_days:
        raise LooserThanAppliedForError(
            f"Use case {number} was applied for with k = {found.minimum_cohort} and at most {found.longest_days} days. "
            "A condition can only tighten that."
        )
    if allowed:
        _require_people(session, found)
    if allowed and found.personal:
        recipient_of(session, found)
    return found, k, days


def _require_people(session: Session, found: queries.UseCase) -> None:
    used = [(source.ground, catalogue.dataset(session, source.dataset)) for source in found.sources]
    nobodys = [one.name for ground, one in used if ground is not Ground.NOT_PERSONAL and not one.personal]
    if nobodys:
        raise AppliedTooEarlyError(
            f"Since use case {found.number} was applied for, {' and '.join(nobodys)} was declared not personal: there "
            "is nobody to ask, and it could never be answered. Deny it, and have it applied for again."
        )


def conditions_document(session: Session, found: queries.UseCase, conditions: list[str]) -> dict[str, Any]:
    """What a decision holds a use case to, and by which templates citizens will be asked.

    The decision stands on the ledger before any notice does, so the sentences follow from it.
    """
    kinds = kinds_of_notice(found)
    templates = [one for one in notices.TEMPLATES if one.kind in kinds]
    kept = [artefacts.keep_document(session, "notice-template", one.document) for one in templates]
    return {"v": 1, "conditions": conditions, "notices": [hexed(digest) for digest in kept]}


def kinds_of_notice(found: queries.UseCase) -> set[NoticeKind]:
    """What citizens are told: asked for consent, and where another ground takes its place, how they object."""
    scopes = {NoticeKind.CONSENT: found.consent_scope, NoticeKind.OBJECTION: found.objection_scope}
    return {kind for kind, scope in scopes.items() if scope}


def publish_rule(
    session: Session, house: House, *, text: str, classes: list[Class], longest_days: int
) -> str:
    rule = Rule(
        purpose=bytes(32),
        classes=sum(1 << class_ for class_ in classes),
        longest_days=longest_days,
        retention_days=longest_days,
        text=artefacts.keep_text(session, "rule", text),
    )
    key = f"rule:{text_digest(text).hex()}"
    messages.put(session, house.contracts.use_cases.publish_rule(rule), key=key, signer="operator")
    return key


def decide_by_rules(session: Session, house: House) -> int:
    """Allow what matches a published rule: data that is not personal, the applicant's class. How many were put."""
    rules = list(
        session.scalars(select(RuleRow).where(RuleRow.retired_in.is_(None)).order_by(RuleRow.number))
    )
    put = 0
    for found in queries.use_cases(session):
        if found.state is not UseCaseState.APPLIED or found.personal:
            continue
        class_ = participants.by_number(session, found.applicant).class_
        rule = next((one for one in rules if _matches(one, found, class_)), None)
        if rule is not None:
            call = house.contracts.use_cases.decide_by_rule(found.number, rule.number)
            key = f"rule-decide:{found.number}"
            put += messages.put(session, call, key=key, signer="relay", once=True)
    return put


def _matches(rule: RuleRow, found: queries.UseCase, class_: Class) -> bool:
    return (
        bool(rule.classes >> class_ & 1)
        and found.longest_days <= rule.longest_days
        and found.retention_days <= rule.retention_days
        and rule.purpose in {bytes(32), found.purpose}
    )


def facts_of(session: Session, found: queries.UseCase) -> notices.NoticeFacts:
    """What its notices are made of.

    Raises:
        NameNotKeptError
    """
    period = found.period
    return notices.NoticeFacts(
        recipient=recipient_of(session, found),
        purpose=BY_DIGEST[found.purpose].iri,
        titles=titles_of(session, found),
        k=found.minimum_cohort,
        period=None if period is None else (period.first.isoformat(), period.last.isoformat()),
    )


def recipient_of(session: Session, found: queries.UseCase) -> str:
    """The name that citizens read, and that the ledger compares with the applicant's own.

    Raises:
        NameNotKeptError
    """
    applicant = participants.by_number(session, found.applicant)
    if applicant.name is None:
        raise NameNotKeptError(
            f"The name of participant {applicant.number}, who applied for use case {found.number}, is not kept: it "
            "joined past the city, or its name was lost. The ledger takes no consent to anybody who is not named, so "
            "nobody can be asked. Restore the database from a backup, or have the organisation join with another key "
            "(`stoa partner join`) and apply again."
        )
    return applicant.name


def titles_of(session: Session, found: queries.UseCase) -> tuple[dict[str, str], ...]:
    """How a notice calls each of its datasets in each language."""
    return tuple(dataset_titles(catalogue.dataset(session, source.dataset)) for source in found.sources)


def dataset_titles(found: catalogue.Dataset) -> dict[str, str]:
    """How a notice calls a dataset in each language."""
    return {language: found.description.called_in(language) for language in LANGUAGES}


def publish_notices(session: Session, house: House, number: int) -> list[str]:
    """Publish what citizens may sign: one sentence per language and admissible choice of scope.

    An objection has no choice: it is to everything that is used without consent.

    Raises:
        UnknownUseCaseError
        NameNotKeptError: no sentence can name the recipient.
    """
    found = queries.use_case(session, number)
    if not found.personal:
        return []
    keys: list[str] = []
    for one in sentences(session, found, queries.templates(session, found)):
        form = NoticeForm(
            language=one.template.language.encode().ljust(5, b"\0"),
            kind=one.template.kind,
            scope=one.scope,
            statement=artefacts.keep_text(session, "notice", one.statement),
        )
        # No scope is of both kinds: each source has one ground.
        key = f"notice:{number}:{one.template.language}:{one.scope}"
        call = house.contracts.use_cases.publish_notice(number, form)
        messages.put(session, call, key=key, signer="operator")
        keys.append(key)
    return keys


@dataclass(frozen=True, slots=True)
class Sentence:
    """What citizens read in one language for one choice of data, published or not."""

    template: notices.Template
    scope: int
    statement: str

    @property
    def digest(self) -> bytes:
        return text_digest(self.statement)


def sentences(
    session: Session, found: queries.UseCase, templates: Iterable[notices.Template]
) -> list[Sentence]:
    """Every sentence that these templates make of a use case.

    Raises:
        NameNotKeptError: no sentence can name the recipient.
    """
    facts = facts_of(session, found)
    asked = [(source.ground is Ground.CONSENT, source.optional) for source in found.sources]
    scopes = {
        NoticeKind.CONSENT: list(notices.admissible_scopes(asked)),
        NoticeKind.OBJECTION: [found.objection_scope] if found.objection_scope else [],
    }
    return [
        Sentence(template, scope, template.statement(facts, scope))
        for template in templates
        for scope in scopes[template.kind]
    ]


def drafted_sentences(session: Session, found: queries.UseCase, *, k: int) -> list[Sentence]:
    """What citizens would read if the use case were allowed with this smallest group. Raises NameNotKeptError."""
    kinds = kinds_of_notice(found)
    templates = [one for one in notices.TEMPLATES if one.kind in kinds]
    return sentences(session, replace(found, minimum_cohort=k), templates) if templates else []


def unpublished_sentences(session: Session, found: queries.UseCase) -> list[Sentence]:
    """What is missing before citizens can be asked about an allowed use case. Raises NameNotKeptError."""
    if not found.personal or found.state is not UseCaseState.ALLOWED:
        return []
    published = {one.digest for one in queries.notices(session, found.number)}
    return [
        one
        for one in sentences(session, found, queries.templates(session, found))
        if one.digest not in published
    ]


def close(session: Session, house: House, number: int, reason: str) -> str:
    queries.use_case(session, number)
    digest = artefacts.keep_text(session, "reason", reason)
    key = f"close:{number}"
    messages.put(session, house.contracts.use_cases.close(number, digest), key=key, signer="operator")
    return key
