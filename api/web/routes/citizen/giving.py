"""Giving what she signed on a page: her consent to a request, or her objection to a use."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from api.http.consent_shapes import CompactSignature, Own, Scope, Terms
from api.http.dependencies import Here, Vault, Writing
from api.http.policies import Anybody
from api.http.same_site import require_same_site
from api.http.shapes import Address, Answer, CodeOnPaper, Digest, Instant, Language, SentInstant, Shape
from api.web.pages import AnyVisitor, Citizen, FormToken, HeaderToken
from ledger.digests import hexed
from ledger.enums import NoticeKind
from marketplace.consent import asking, refusals
from marketplace.consent.asking import NotAskedError

router = APIRouter()

Number = Annotated[int, Path(ge=1, le=2**32 - 1)]


class Page(StrEnum):
    """Which page she signed on, as it stands in its address."""

    ASK = "ask"
    OBJECT = "object"


KIND = {Page.ASK: NoticeKind.CONSENT, Page.OBJECT: NoticeKind.OBJECTION}


class Choice(Shape):
    """What she chose, and what her browser made for it."""

    language: Language
    scope: Scope
    valid_until: SentInstant
    signer: Address
    revocation_hash: Digest


class Basis(Answer):
    """What her browser cannot know by itself."""

    reference: Digest
    deadline: Instant


class Signed(Shape):
    terms: Terms
    own: Own
    signature: CompactSignature
    salt: Digest
    code: CodeOnPaper


class Recorded(Answer):
    receipt: str


@router.post("/c/{page}/{number}/yes", dependencies=[Anybody])
def unscripted(
    request: Request, page: Page, number: Number, visitor: AnyVisitor, visit: Citizen, token: FormToken = ""
) -> Response:
    """Where the button leads when the page's script did not run."""
    require_same_site(request)
    visitor.require_token(token)
    return visitor.page("citizen/unscripted.html", status=422, visit=visit, back=f"/c/{page}/{number}")


@router.post("/c/{page}/{number}/basis", dependencies=[Anybody])
def basis(
    request: Request,
    page: Page,
    number: Number,
    choice: Choice,
    visitor: AnyVisitor,
    visit: Citizen,
    here: Here,
    token: HeaderToken = "",
) -> Basis:
    """By when it must arrive, and the random name by which the registrar knows her in this use case."""
    require_same_site(request)
    visitor.require_token(token)
    drafted = asking.draft(
        here.house,
        here.registrar,
        letter=visit.letter,
        use_case=number,
        language=choice.language,
        scope=choice.scope,
        valid_until=choice.valid_until,
        signer=choice.signer,
        revocation_hash=choice.revocation_hash,
        kind=KIND[page],
    )
    return Basis(reference=drafted.opening.reference, deadline=drafted.terms.deadline)


@router.post("/c/{page}/{number}/consent", dependencies=[Anybody])
def give(
    request: Request,
    page: Page,
    number: Number,
    signed: Signed,
    visitor: AnyVisitor,
    visit: Citizen,
    here: Here,
    session: Writing,
    vault: Vault,
    token: HeaderToken = "",
) -> Recorded:
    """Take what she signed on the page of this use case. Sent twice it is taken once."""
    require_same_site(request)
    visitor.require_token(token)
    if signed.terms.use_case != number:
        raise NotAskedError("What was signed is for another request.")
    id_ = asking.give(
        session,
        vault,
        here.house,
        here.registrar,
        letter=visit.letter,
        terms=signed.terms.struct,
        own=signed.own.struct,
        signature=signed.signature.struct,
        salt=signed.salt,
        code=signed.code,
    )
    if page is Page.ASK:
        refusals.take_back(vault, person=visit.person, use_case=number)
    return Recorded(receipt=f"/c/consents/{hexed(id_)}")
