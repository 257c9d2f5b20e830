"""What her data is used for without her consent: reading it. `giving` takes her objection."""

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from api.http.dependencies import HouseHere, Reading, VaultReading
from api.http.policies import Anybody
from api.web.pages import AnyVisitor, Citizen
from api.web.routes.citizen.giving import Number
from api.web.routes.citizen.request_page import objection_page
from api.web.visits import Visit
from ledger.digests import hexed
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
    return visitor.page("citizen/object.html", visit=visit, asked=asked, shown=shown, city_file=house.city)


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
