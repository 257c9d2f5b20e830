"""One request: reading it, saying no, saying yes."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.orm import Session

from api.http.consent_shapes import CompactSignature, Own, Scope, Terms
from api.http.dependencies import Here, Reading, Vault, VaultReading, Writing
from api.http.policies import Anybody
from api.http.shapes import Address, Answer, CodeOnPaper, Digest, Instant, Language, SentInstant, Shape
from api.web.pages import AnyVisitor, Citizen, FormToken, HeaderToken, Visitor
from api.web.visits import Visit, require_same_site
from api.web.words import Words
from ledger.city import City
from ledger.digests import hexed
from ledger.enums import Ground
from marketplace.catalogue import queries as catalogue
from marketplace.consent import asking, refusals
from marketplace.consent.asking import Asked, NotAskedError
from marketplace.consent.papers import is_lost
from marketplace.consent.rules import latest_end
from marketplace.consent.service import NoNoticeError, UseCaseNotOpenError
from marketplace.consent.standing import State
from marketplace.participants import queries as participants
from marketplace.provenance.queries import head
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases.queries import Notice, UseCase

router = APIRouter()

SHORTER_DAYS = (30, 7)
"""What she may choose besides the longest."""

Number = Annotated[int, Path(ge=1, le=2**32 - 1)]


@dataclass(frozen=True, slots=True)
class Optional:
    """A source she may leave out. `mask` is its bit in the scope."""

    mask: int
    title: str


@router.get("/c/ask/{number}", dependencies=[Anybody])
def ask(
    number: Number, visitor: AnyVisitor, visit: Citizen, here: Here, session: Reading, vault: VaultReading
) -> Response:
    asked = request_of(session, vault, visit, number)
    standing = asked.standing
    given = standing is not None and standing.state in {State.ON_ITS_WAY, State.IN_FORCE}
    if standing is not None and given and not is_lost(session, standing):
        return visitor.led_to(f"/c/consents/{hexed(standing.id)}")
    notices = notices_in(visitor.words, asked)
    required = min((one.scope for one in notices), key=int.bit_count)
    ends = ends_of(head(session).timestamp, asked.use_case)
    return visitor.page(
        "ask.html",
        visit=visit,
        asked=asked,
        described=described(session, asked.use_case),
        applicant=participants.by_number(session, asked.use_case.applicant),
        statement=next(one.statement for one in notices if one.scope == required),
        required=[title for bit, title in enumerate(asked.titles) if not is_choice(asked.use_case, bit)],
        optional=[
            Optional(1 << bit, title)
            for bit, title in enumerate(asked.titles)
            if is_choice(asked.use_case, bit) and len(notices) > 1
        ],
        ends=ends,
        signing=signing(visitor, here.house.city, asked, notices),
        city_file=here.house.city,
    )


def is_choice(use_case: UseCase, bit: int) -> bool:
    source = use_case.sources[bit]
    return source.optional and source.ground is Ground.CONSENT


def described(session: Session, use_case: UseCase) -> list[Any]:
    return [catalogue.dataset(session, number).description for number in use_case.datasets]


def ends_of(now: int, use_case: UseCase) -> list[int]:
    """When her consent may end, the longest first. Unix seconds."""
    days = [use_case.longest_days, *(one for one in SHORTER_DAYS if one < use_case.longest_days)]
    return [latest_end(now, one) for one in days]


def notices_in(words: Words, asked: Asked) -> list[Notice]:
    """The published sentences in her language, else in one there is; one per choice of data.

    Raises:
        NoNoticeError
    """
    languages = {one.language for one in asked.notices}
    if not languages:
        raise NoNoticeError("There is no published sentence for this request yet.")
    language = words.language if words.language in languages else min(languages)
    return [one for one in asked.notices if one.language == language]


def signing(visitor: Visitor, city: City, asked: Asked, notices: list[Notice]) -> dict[str, Any]:
    """What the page's script works with. It signs the sentences that the page shows, not these."""
    words = visitor.words
    codes = ("consent_in_force", "wrong_terms", "use_case_not_open", "registrar_unavailable", "other")
    return {
        "city": {"chainId": city.chain_id, "contract": city.addresses["Consents"]},
        "useCase": asked.use_case.number,
        "language": notices[0].language,
        "statements": {one.scope: one.statement for one in notices},
        "required": min((one.scope for one in notices), key=int.bit_count),
        "say": {
            "longest": words("ask.longest", day="{day}"),
            **{name: words(f"ask.{name}") for name in ("working", "choose_one", "insecure", "offline")},
            **{code: f"{words(f'problem.{code}.title')}. {words(f'problem.{code}.do')}" for code in codes},
        },
    }


def request_of(session: Session, vault: Session, visit: Visit, number: int) -> Asked:
    """What she is asked under this number. Raises UnknownUseCaseError, UseCaseNotOpenError, NotAskedError."""
    for one in asking.asked_of(session, vault, visit.person):
        if one.use_case.number == number:
            return one
    found = use_cases.use_case(session, number)
    if found.state.name != "ALLOWED":
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
    return visitor.page("unscripted.html", status=422, visit=visit, number=number)


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
    if signed.terms.use_case != number:
        raise NotAskedError("The consent is for another request.")
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
    refusals.take_back(vault, person=visit.person, use_case=number)
    return Recorded(receipt=f"/c/consents/{hexed(id_)}")
