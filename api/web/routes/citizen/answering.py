"""One request: reading it, and saying no. `giving` takes the yes."""

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api.http.dependencies import HouseHere, Reading, Vault, VaultReading
from api.http.policies import Anybody
from api.http.same_site import require_same_site
from api.web.pages import AnyVisitor, Citizen, FormToken
from api.web.routes.citizen.giving import Number
from api.web.routes.citizen.request_page import request_page
from api.web.visits import Visit
from ledger.digests import hexed
from ledger.enums import UseCaseState
from marketplace.consent import asking, refusals
from marketplace.consent.asking import Asked, NotAskedError
from marketplace.consent.service import UseCaseNotOpenError
from marketplace.consent.standing import State
from marketplace.provenance.queries import head
from marketplace.use_cases import queries as use_cases

router = APIRouter()


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
    return visitor.page("citizen/ask.html", visit=visit, asked=asked, shown=shown, city_file=house.city)


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
    return visitor.page("citizen/refused.html", visit=visit, asked=asked, until=until)
