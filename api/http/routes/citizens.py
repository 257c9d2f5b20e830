"""A citizen, with her letter: what she is asked, her answer, who used her data, and the end of it."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response, status
from pydantic import BeforeValidator, Field, WithJsonSchema

from api.http.acts import Echo, Offered, SignedForm, Taken, taken
from api.http.consent_shapes import Own, Scope, Terms
from api.http.cursors import Page, Paging
from api.http.dependencies import Here, Reading, Vault, VaultReading, Writing
from api.http.once import JustOnce
from api.http.policies import Anybody, Letter
from api.http.proofs import ProofAnswer, proof_answer
from api.http.routes.catalogue import PurposeAnswer
from api.http.routes.city import BlockAnswer
from api.http.routes.use_cases import NoticeAnswer
from api.http.shapes import (
    Address,
    Answer,
    CodeOnPaper,
    Digest,
    Instant,
    Language,
    Number,
    Shape,
    compact_signature,
)
from ledger.digests import hexed
from ledger.enums import NoticeKind
from ledger.typed_data import consent_document
from marketplace.consent import asking, erasure, records, stopping, uses
from marketplace.consent.asking import Asked, Draft
from marketplace.consent.erasure import Certificate
from marketplace.consent.standing import Standing, standings_of
from marketplace.consent.uses import Use

router = APIRouter(prefix="/v1", tags=["citizens"])

ConsentId = Annotated[Digest, Path(description="The consent's id.")]


def _day(value: object) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else _refuse_day()
    except ValueError:
        return _refuse_day()


def _refuse_day() -> date:
    raise ValueError('This must be a day, such as "2027-05-21".')


Day = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2027-05-21"]}),
]


class StandingAnswer(Answer):
    """What became of a consent of hers."""

    consent: Digest
    use_case: Number
    state: str = Field(
        examples=["in_force"],
        description="on_its_way, in_force, stopping, stopped, expired; or lost: it never reached the ledger, nothing "
        "of it counts, and she may answer again.",
    )
    until: Instant | None
    objection: bool = Field(description="True: in force, it keeps her out of what needs no consent.")
    one_click: bool = Field(description="Whether the city keeps the code for her.")

    @classmethod
    def of(cls, one: Standing) -> "StandingAnswer":
        return cls(
            consent=one.id,
            use_case=one.use_case,
            state=one.state.value,
            until=None if one.given is None else one.given.consent.valid_until,
            objection=one.objection,
            one_click=one.code_kept,
        )


class AskedAnswer(Answer):
    """One request to her, or one use of her data that needs no consent and to which she may object."""

    use_case: Number
    recipient: str
    purpose: PurposeAnswer | None
    data: list[str] = Field(description="Per source, in the order of the scope's bits.")
    smallest_group: int = Field(description="Nothing about fewer people than this leaves the city.")
    kept_days: int = Field(description="How long the recipient keeps what it gets.")
    latest_end: Instant
    notices: list[NoticeAnswer]
    answered: StandingAnswer | None

    @classmethod
    def of(cls, one: Asked) -> "AskedAnswer":
        return cls(
            use_case=one.use_case.number,
            recipient=one.recipient,
            purpose=None if one.purpose is None else PurposeAnswer.of(one.purpose),
            data=list(one.titles),
            smallest_group=one.use_case.minimum_cohort,
            kept_days=one.use_case.retention_days,
            latest_end=one.latest_end,
            notices=[NoticeAnswer.of(notice) for notice in one.notices],
            answered=None if one.standing is None else StandingAnswer.of(one.standing),
        )


class ConsentWish(Shape):
    use_case: Number
    language: Language = "en"
    scope: Scope | None = Field(default=None, description="Which sources; by default all.")
    until: Day | None = Field(default=None, description="The last day; by default the latest there can be.")
    objection: bool = Field(
        default=False,
        description="Object to what is used on another ground than consent. It lasts until it is taken back: leave "
        "out `scope` and `until`.",
    )
    signer: Address = Field(description="A key that you made for this consent alone.")
    revocation_hash: Digest = Field(description="keccak256 of the code you made for the paper.")


class ConsentForm(Shape):
    terms: Terms
    own: Own
    salt: Digest


class OfferedConsent(Offered[ConsentForm]):
    statement: str = Field(description="What you sign, in words.")
    recipient: str
    reference: Digest = Field(
        description="Your random name in this use case: with the salt it opens the commitment. Keep it."
    )

    @classmethod
    def of(cls, one: Draft, typed_data: dict[str, Any]) -> "OfferedConsent":
        form = ConsentForm(terms=Terms.of(one.terms), own=Own.of(one.own), salt=one.opening.salt)
        return cls(
            form=form,
            typed_data=typed_data,
            statement=one.notice.statement,
            recipient=one.recipient,
            reference=one.opening.reference,
        )


class SignedConsent(SignedForm[ConsentForm]):
    code: CodeOnPaper | None = Field(
        default=None, description="Give it to be able to stop with one click; your paper has it in any case."
    )
    statement: Echo
    recipient: Echo
    reference: Echo


class UseAnswer(Answer):
    """One run, as it concerns one consent of hers, or her rows that are used on another ground."""

    consent: Digest | None = Field(description="Null where none is needed and she has never objected.")
    objection: bool = Field(description="Whether `consent` is an objection: in force, it kept her out.")
    use_case: Number
    recipient: str
    purpose: PurposeAnswer | None
    versions: dict[str, int]
    block: BlockAnswer = Field(description="Where the run read the consents.")
    counted: bool
    left_the_city: bool = Field(description="False: the answer was held back.")
    order: Digest
    consent_root: Digest | None = Field(description="On the ledger, with the order.")
    proof: ProofAnswer | None

    @classmethod
    def of(cls, one: Use) -> "UseAnswer":
        return cls(
            consent=one.consent,
            objection=one.objection,
            use_case=one.use_case,
            recipient=one.recipient,
            purpose=None if one.purpose is None else PurposeAnswer.of(one.purpose),
            versions=one.versions,
            block=BlockAnswer.of(one.at),
            counted=one.counted,
            left_the_city=one.left_the_city,
            order=one.order,
            consent_root=one.root,
            proof=None if one.proof is None else proof_answer(one.proof),
        )


class StoppedAll(Answer):
    """Nothing of hers counts from now on; the ledger hears of each end separately, within `within_seconds`."""

    consents: list[Digest]
    within_seconds: int


class Forgetting(Answer):
    erasure: Digest = Field(description="Keep it: whoever has it may read the certificate.")


class ErasedVersionAnswer(Answer):
    dataset: Number
    version: Number
    leaf: Digest
    message: str = Field(description="By which the ledger hears that the leaf is empty.")
    done: bool


class CertificateAnswer(Answer):
    """What was forgotten, and what cannot be."""

    erasure: Digest
    asked_at: Instant
    done_at: Instant | None = Field(description="Null while it goes on.")
    register_forgot: bool
    consents: list[Digest]
    versions: list[ErasedVersionAnswer]
    what_stays: str = (
        "Answers that left the city before stay with those who bought them: they are totals over groups. On the "
        "ledger stay random commitments that open to nothing, and the fact that consents were given and ended."
    )

    @classmethod
    def of(cls, one: Certificate) -> "CertificateAnswer":
        return cls(
            erasure=one.id,
            asked_at=one.asked_at,
            done_at=one.done_at,
            register_forgot=one.register_forgot,
            consents=list(one.consents),
            versions=[
                ErasedVersionAnswer(
                    dataset=version.dataset,
                    version=version.version,
                    leaf=version.leaf,
                    message=version.message,
                    done=version.done,
                )
                for version in one.versions
            ],
        )


def end_of(day: date) -> int:
    """00:00 UTC after the last full day."""
    following = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    return int(following.timestamp())


@router.get("/citizen/asks", operation_id="listAsks")
def list_asks(
    letter: Letter, here: Here, session: Reading, vault: VaultReading, paging: Paging
) -> Page[AskedAnswer]:
    """What the holder of this letter is asked, and what she answered before."""
    person = here.registrar.person(letter)
    return paging.of(
        asking.asked_of(session, vault, person),
        place=lambda one: one.use_case.number,
        show=AskedAnswer.of,
    )


@router.get("/citizen/objectables", operation_id="listObjectables")
def list_objectables(
    letter: Letter, here: Here, session: Reading, vault: VaultReading, paging: Paging
) -> Page[AskedAnswer]:
    """What her data is used for without her consent, on another legal ground, and whether she objects."""
    person = here.registrar.person(letter)
    return paging.of(
        asking.objectable_by(session, vault, person),
        place=lambda one: one.use_case.number,
        show=AskedAnswer.of,
    )


@router.get("/citizen/consents", operation_id="listConsents")
def list_consents(
    letter: Letter, here: Here, session: Reading, vault: VaultReading, paging: Paging
) -> Page[StandingAnswer]:
    """Her consents and objections, and what became of each."""
    found = standings_of(session, vault, here.registrar.person(letter))
    return paging.of(found, place=lambda one: hexed(one.id), show=StandingAnswer.of)


@router.post("/consents/forms", operation_id="prepareConsent")
def prepare_consent(wish: ConsentWish, letter: Letter, here: Here) -> OfferedConsent:
    """What she signs, with a key made for it on her own device."""
    drafted = asking.draft(
        here.house,
        here.registrar,
        letter=letter,
        use_case=wish.use_case,
        language=wish.language,
        scope=wish.scope,
        valid_until=None if wish.until is None else end_of(wish.until),
        signer=wish.signer,
        revocation_hash=wish.revocation_hash,
        kind=NoticeKind.OBJECTION if wish.objection else NoticeKind.CONSENT,
    )
    document = consent_document(
        here.house.city.domains.consents,
        drafted.terms,
        drafted.own,
        statement=drafted.notice.statement,
        recipient=drafted.recipient,
    )
    return OfferedConsent.of(drafted, document)


@router.post(
    "/consents", operation_id="giveConsent", status_code=status.HTTP_202_ACCEPTED, response_model=Taken
)
def give_consent(
    sent: SignedConsent, letter: Letter, here: Here, session: Writing, vault: Vault, once: JustOnce
) -> Response:
    """Say yes, or object. The receipt is at `resource` as soon as the ledger has the consent."""
    id_ = asking.give(
        session,
        vault,
        here.house,
        here.registrar,
        letter=letter,
        terms=sent.form.terms.struct,
        own=sent.form.own.struct,
        signature=compact_signature(sent.signature),
        salt=sent.form.salt,
        code=sent.code,
    )
    return taken(once, f"grant:{id_.hex()}", f"/v1/consents/{hexed(id_)}")


@router.post(
    "/citizen/consents/{id}/stop",
    operation_id="stopConsent",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=Taken,
)
def stop_consent(
    id: ConsentId, letter: Letter, here: Here, session: Writing, vault: Vault, once: JustOnce
) -> Response:
    """Stop one consent, or take an objection back, with her letter alone: nothing needs to be typed from the paper."""
    person = here.registrar.person(letter)
    key = stopping.stop_one(session, vault, here.house, person=person, consent=id)
    return taken(once, key, f"/v1/consents/{hexed(id)}")


@router.post(
    "/citizen/stop-everything",
    operation_id="stopEverything",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=StoppedAll,
)
def stop_everything(letter: Letter, here: Here, session: Writing, vault: Vault, once: JustOnce) -> Response:
    """Stop all of her consents. They count no more at once. Her objections stay."""
    spread = here.settings.spread_seconds
    person = here.registrar.person(letter)
    stopped = stopping.stop_everything(session, vault, person=person, spread=spread)
    told = StoppedAll(consents=stopped, within_seconds=spread)
    return once.accepted(told, location="/v1/citizen/consents")


@router.get("/citizen/uses", operation_id="listUses")
def list_uses(
    letter: Letter, here: Here, session: Reading, vault: VaultReading, paging: Paging
) -> Page[UseAnswer]:
    """Each run since her consents began, or that needed none: who, what for, whether she was counted, with a proof."""
    person = here.registrar.person(letter)
    return paging.of(
        uses.uses_of(session, vault, person),
        place=lambda one: f"{hexed(one.order)}:{hexed(one.consent or b'')}",
        show=UseAnswer.of,
    )


@router.get("/citizen/export", operation_id="exportConsents")
def export_consents(letter: Letter, here: Here, session: Reading, vault: VaultReading) -> dict[str, Any]:
    """Her consent records to take along: JSON-LD in DPV terms."""
    return records.export(session, vault, here.house, here.registrar.person(letter))


@router.post(
    "/citizen/erasures",
    operation_id="forgetMe",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=Forgetting,
)
def forget_me(letter: Letter, here: Here, session: Writing, vault: Vault, once: JustOnce) -> Response:
    """Be forgotten: consents end, rows and links are destroyed, the letter opens nothing any more."""
    person = here.registrar.person(letter)
    id_ = erasure.begin(session, vault, letter=letter, person=person)
    return once.accepted(Forgetting(erasure=id_), location=f"/v1/erasures/{hexed(id_)}")


@router.get("/erasures/{id}", operation_id="getErasure", dependencies=[Anybody])
def get_erasure(
    id: Annotated[Digest, Path(description="What the wish was answered with.")], vault: VaultReading
) -> CertificateAnswer:
    """The certificate: how far it is, what was forgotten, and what cannot be."""
    return CertificateAnswer.of(erasure.certificate(vault, id))
