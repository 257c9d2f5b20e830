"""One request: reading it, saying no, saying yes."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.orm import Session

from api.http.consent_shapes import CompactSignature, Own, Scope, Terms
from api.http.dependencies import Here, HouseHere, Office, Reading, Vault, VaultReading, Writing
from api.http.policies import Anybody
from api.http.shapes import Address, Answer, CodeOnPaper, Digest, Instant, Language, SentInstant, Shape
from api.web.pages import AnyVisitor, Citizen, FormToken, HeaderToken
from api.web.request_page import request_page
from api.web.visits import Visit, require_same_site
from ledger.digests import hexed
from ledger.enums import UseCaseState
from marketplace.consent import asking, refusals
from marketplace.consent.asking import Asked, NotAskedError
from marketplace.consent.service import UseCaseNotOpenError
from marketplace.consent.standing import State
from marketplace.provenance.queries import head
from marketplace.use_cases import queries as use_cases

router = APIRouter()

Number = Annotated[int, Path(ge=1, le=2**32 - 1)]


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


@router.get("/c/ask/{number}", dependencies=[Anybody])
def ask(
    number: Number,
    visitor: AnyVisitor,
    visit: Citizen,
    house: HouseHere,
    session: Reading,
    vault: VaultReading,
) -> Response:
    asked = request_of(session, vault, visit, number)
    standing = asked.standing
    if standing is not None and standing.state in {State.ON_ITS_WAY, State.IN_FORCE}:
        return visitor.led_to(f"/c/consents/{hexed(standing.id)}")
    shown = request_page(session, visitor.words, house.city, asked)
    return visitor.page("ask.html", visit=visit, asked=asked, shown=shown, city_file=house.city)


def request_of(session: Session, vault: Session, visit: Visit, number: int) -> Asked:
    """What she is asked under this number.

    Raises:
        UnknownUseCaseError, UseCaseNotOpenError, NotAskedError
    """
    for one in asking.asked_of(session, vault, visit.person):
        if one.use_case.number == number:
            return one
    if use_cases.use_case(session, number).state is not UseCaseState.ALLOWED:
        raise UseCaseNotOpenError(f"Use case {number} takes no answers now.")
    raise NotAskedError(f"Use case {number} does not ask whoever holds this letter.")


@router.post("/c/ask/{number}/no", dependencies=[Anybody])
def say_no(
    request: Request,
    number: Number,
    visitor: AnyVisitor,
    visit: Citizen,
    session: Reading,
    vault: Vault,
    token: FormToken = "",
) -> Response:
    """Write down her no, off the ledger, and ask no more for 90 days."""
    require_same_site(request)
    visitor.require_token(token)
    request_of(session, vault, visit, number)
    refusals.refuse(vault, person=visit.person, use_case=number, now=head(session).timestamp)
    return visitor.led_to(f"/c/ask/{number}/no")


@router.get("/c/ask/{number}/no", dependencies=[Anybody])
def said_no(
    number: Number, visitor: AnyVisitor, visit: Citizen, session: Reading, vault: VaultReading
) -> Response:
    asked = request_of(session, vault, visit, number)
    now = head(session).timestamp
    until = refusals.refused_until(vault, person=visit.person, use_case=number, now=now)
    if until is None:
        return visitor.led_to(f"/c/ask/{number}")
    return visitor.page("refused.html", visit=visit, asked=asked, until=until)


@router.post("/c/ask/{number}/yes", dependencies=[Anybody])
def say_yes_unscripted(
    request: Request, number: Number, visitor: AnyVisitor, visit: Citizen, token: FormToken = ""
) -> Response:
    """Where the yes button leads when the page's script did not run."""
    require_same_site(request)
    visitor.require_token(token)
    return visitor.page("unscripted.html", status=422, visit=visit, back=f"/c/ask/{number}")


@router.post("/c/ask/{number}/basis", dependencies=[Anybody])
def basis(
    request: Request,
    number: Number,
    choice: Choice,
    visitor: AnyVisitor,
    visit: Citizen,
    here: Here,
    token: HeaderToken = "",
) -> Basis:
    """By when her consent must arrive, and the random name by which the registrar knows her in this use case."""
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
    )
    return Basis(reference=drafted.opening.reference, deadline=drafted.terms.deadline)


@router.post("/c/ask/{number}/consent", dependencies=[Anybody])
def say_yes(
    request: Request,
    number: Number,
    signed: Signed,
    visitor: AnyVisitor,
    visit: Citizen,
    here: Here,
    session: Writing,
    vault: Vault,
    token: HeaderToken = "",
) -> Recorded:
    """Take her signed consent. Sent twice it is taken once."""
    require_same_site(request)
    visitor.require_token(token)
    id_ = give(session, vault, here, visit, number, signed)
    refusals.take_back(vault, person=visit.person, use_case=number)
    return Recorded(receipt=f"/c/consents/{hexed(id_)}")


def give(session: Session, vault: Session, here: Office, visit: Visit, number: int, signed: Signed) -> bytes:
    """Take what she signed on the page of this use case. Its id."""
    if signed.terms.use_case != number:
        raise NotAskedError("What was signed is for another request.")
    return asking.give(
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
