"""What her data is used for without her consent: reading it, and objecting."""

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api.http.dependencies import Here, HouseHere, Reading, Vault, VaultReading, Writing
from api.http.policies import Anybody
from api.web.pages import AnyVisitor, Citizen, FormToken, HeaderToken
from api.web.request_page import objection_page
from api.web.routes.answering import Basis, Choice, Number, Recorded, Signed, give
from api.web.visits import Visit, require_same_site
from ledger.digests import hexed
from ledger.enums import NoticeKind
from marketplace.consent import asking
from marketplace.consent.asking import Asked, NotAskedError
from marketplace.consent.standing import State
from marketplace.use_cases import queries as use_cases

router = APIRouter()


@router.get("/c/object/{number}", dependencies=[Anybody])
def read(
    number: Number,
    visitor: AnyVisitor,
    visit: Citizen,
    house: HouseHere,
    session: Reading,
    vault: VaultReading,
) -> Response:
    """What is used, by whom, what for; and the sentence with which she objects."""
    asked = use_of(session, vault, visit, number)
    standing = asked.standing
    if standing is not None and standing.state in {State.ON_ITS_WAY, State.IN_FORCE}:
        return visitor.led_to(f"/c/consents/{hexed(standing.id)}")
    shown = objection_page(session, visitor.words, house.city, asked)
    return visitor.page("object.html", visit=visit, asked=asked, shown=shown, city_file=house.city)


def use_of(session: Session, vault: Session, visit: Visit, number: int) -> Asked:
    """What is done with her data under this number.

    Raises:
        UnknownUseCaseError, NotAskedError
    """
    for one in asking.objectable_by(session, vault, visit.person):
        if one.use_case.number == number:
            return one
    use_cases.use_case(session, number)
    raise NotAskedError(f"Use case {number} uses nothing of hers without consent.")


@router.post("/c/object/{number}/yes", dependencies=[Anybody])
def object_unscripted(
    request: Request, number: Number, visitor: AnyVisitor, visit: Citizen, token: FormToken = ""
) -> Response:
    """Where the button leads when the page's script did not run."""
    require_same_site(request)
    visitor.require_token(token)
    back = f"/c/object/{number}"
    return visitor.page("unscripted.html", status=422, visit=visit, back=back)


@router.post("/c/object/{number}/basis", dependencies=[Anybody])
def basis(
    request: Request,
    number: Number,
    choice: Choice,
    visitor: AnyVisitor,
    visit: Citizen,
    here: Here,
    token: HeaderToken = "",
) -> Basis:
    """By when her objection must arrive, and the random name by which the registrar knows her in this use case."""
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
        kind=NoticeKind.OBJECTION,
    )
    return Basis(reference=drafted.opening.reference, deadline=drafted.terms.deadline)


@router.post("/c/object/{number}/consent", dependencies=[Anybody])
def take_objection(
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
    """Take her signed objection. Sent twice it is taken once."""
    require_same_site(request)
    visitor.require_token(token)
    id_ = give(session, vault, here, visit, number, signed)
    return Recorded(receipt=f"/c/consents/{hexed(id_)}")
