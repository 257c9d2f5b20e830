"""The desk: consents that people gave on paper, taken in bulk with the checks of a single one."""

from typing import Annotated

from fastapi import APIRouter, Response, status
from pydantic import Field

from api.http.consent_shapes import Own, Scope, Terms
from api.http.dependencies import Here, Reading, Vault, Writing
from api.http.once import JustOnce
from api.http.policies import DeskToken
from api.http.routes.citizens import Day, end_of
from api.http.shapes import (
    Answer,
    CodeOnPaper,
    Digest,
    Language,
    Number,
    Shape,
    SignatureBytes,
    compact_signature,
)
from ledger.enums import NoticeKind
from marketplace.consent import desk
from marketplace.consent.desk import OnPaper
from marketplace.consent.service import offered_terms
from marketplace.errors import StoaError

router = APIRouter(prefix="/v1/desk", tags=["desk"])

MOST_AT_ONCE = 500

Kind = Annotated[str, Field(min_length=1, max_length=63, examples=["person"])]
Key = Annotated[str, Field(min_length=1, max_length=200, examples=["1042"])]


class Person(Shape):
    kind: Kind
    key: Key


class DeskWish(Shape):
    use_case: Number
    language: Language = "en"
    scope: Scope | None = None
    until: Day | None = None
    objection: bool = False
    people: list[Person] = Field(min_length=1, max_length=MOST_AT_ONCE)


class KnownPerson(Answer):
    kind: str
    key: str
    reference: Digest = Field(description="Her commitment is keccak256(reference || salt).")


class OfferedDesk(Answer):
    """The terms everybody signs, and the references of those who are registered and old enough."""

    terms: Terms
    statement: str
    people: list[KnownPerson]


class Paper(Person):
    own: Own
    signature: SignatureBytes
    salt: Digest
    code: CodeOnPaper | None = None

    @property
    def taken(self) -> OnPaper:
        return OnPaper(
            self.kind,
            self.key,
            self.own.struct,
            compact_signature(self.signature),
            self.salt,
            self.code,
        )


class DeskImport(Shape):
    terms: Terms
    papers: list[Paper] = Field(min_length=1, max_length=MOST_AT_ONCE)


class PaperOutcome(Answer):
    """The consent's id, or why it was not taken."""

    consent: Digest | None = None
    refusal: str | None = Field(default=None, description="The code of the refusal.")
    detail: str | None = None


class DeskOutcome(Answer):
    outcomes: list[PaperOutcome] = Field(description="One per paper, in their order.")


@router.post("/forms", operation_id="prepareDeskImport")
def prepare_desk_import(wish: DeskWish, token: DeskToken, here: Here, session: Reading) -> OfferedDesk:
    """What people at the desk sign, with keys the desk makes for them."""
    known = here.registrar.at_desk(token).references(
        wish.use_case, [(one.kind, one.key) for one in wish.people]
    )
    terms, notice, _ = offered_terms(
        session,
        wish.use_case,
        language=wish.language,
        scope=wish.scope,
        valid_until=None if wish.until is None else end_of(wish.until),
        kind=NoticeKind.OBJECTION if wish.objection else NoticeKind.CONSENT,
    )
    return OfferedDesk(
        terms=Terms.of(terms),
        statement=notice.statement,
        people=[KnownPerson(kind=one.kind, key=one.key, reference=one.reference) for one in known.values()],
    )


@router.post(
    "/imports",
    operation_id="importFromDesk",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=DeskOutcome,
)
def import_from_desk(
    sent: DeskImport, token: DeskToken, here: Here, session: Writing, vault: Vault, once: JustOnce
) -> Response:
    """Take consents on paper. One that is refused does not keep the others out."""
    outcomes = desk.take_from_desk(
        session,
        vault,
        here.house,
        here.registrar.at_desk(token),
        terms=sent.terms.struct,
        papers=[one.taken for one in sent.papers],
    )
    told = DeskOutcome(outcomes=[outcome(one) for one in outcomes])
    return once.accepted(told, location=f"/v1/use-cases/{sent.terms.use_case}")


def outcome(one: bytes | StoaError) -> PaperOutcome:
    if isinstance(one, StoaError):
        return PaperOutcome(refusal=one.code, detail=str(one))
    return PaperOutcome(consent=one)
