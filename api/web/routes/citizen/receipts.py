"""The receipt for one yes: to read, to print, to stop."""

from contextlib import suppress
from io import BytesIO
from typing import Annotated

import segno
from fastapi import APIRouter, Path, Request, Response
from markupsafe import Markup

from api.http.dependencies import HouseHere, Reading, Vault, VaultReading, Writing
from api.http.policies import Anybody
from api.http.same_site import require_same_site
from api.http.shapes import Answer, Digest
from api.web.pages import AnyVisitor, Citizen, FormToken
from ledger.digests import hexed
from marketplace.consent import early_stops
from marketplace.consent.papers import paper_of
from marketplace.consent.service import AlreadyRevokedError
from marketplace.consent.stopping import ConsentLostError
from marketplace.participants import queries as participants
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases.purposes import BY_DIGEST

router = APIRouter()

ConsentId = Annotated[Digest, Path()]


class Progress(Answer):
    """How far a yes, or its end, is."""

    state: str


@router.get("/c/consents/{id_}", dependencies=[Anybody])
def receipt(
    id_: ConsentId,
    visitor: AnyVisitor,
    visit: Citizen,
    house: HouseHere,
    session: Reading,
    vault: VaultReading,
) -> Response:
    paper = paper_of(session, vault, person=visit.person, consent=id_)
    use_case = use_cases.use_case(session, paper.standing.use_case)
    stop_address = f"{visitor.pages.public}/stop"
    return visitor.page(
        "citizen/receipt.html",
        visit=visit,
        paper=paper,
        id=hexed(id_),
        state=paper.standing.state.value,
        given=paper.standing.given,
        use_case=use_case,
        recipient=participants.by_number(session, use_case.applicant),
        purpose=BY_DIGEST.get(use_case.purpose),
        stop_address=stop_address,
        square=None if paper.code is None else square_of(f"{stop_address}#{paper.code}"),
        city_digest=hexed(house.city.digest),
    )


@router.get("/c/consents/{id_}/state", dependencies=[Anybody])
def progress(id_: ConsentId, visit: Citizen, session: Reading, vault: VaultReading) -> Progress:
    return Progress(state=paper_of(session, vault, person=visit.person, consent=id_).standing.state.value)


@router.post("/c/consents/{id_}/stop", dependencies=[Anybody])
def stop(
    request: Request,
    id_: ConsentId,
    visitor: AnyVisitor,
    visit: Citizen,
    house: HouseHere,
    session: Writing,
    vault: Vault,
    token: FormToken = "",
) -> Response:
    """Stop this yes, wherever it is. Nothing needs to be typed from the paper."""
    require_same_site(request)
    visitor.require_token(token)
    with suppress(AlreadyRevokedError, ConsentLostError):  # her receipt says what became of it
        early_stops.stop_one(session, vault, house, person=visit.person, consent=id_)
    return visitor.led_to(f"/c/consents/{hexed(id_)}")


def square_of(address: str) -> Markup:
    """A QR code as an inline picture. Error correction M: paper is folded and stained."""
    drawn = BytesIO()
    segno.make(address, error="m", micro=False).save(
        drawn,
        kind="svg",
        xmldecl=False,
        svgns=False,
        omitsize=True,
        border=4,
        svgclass="square",
        lineclass=None,
    )
    return Markup(drawn.getvalue().decode())  # noqa: S704 (drawn by segno from an address of ours)
