"""Her page: what she is asked, what she said, who used it."""

from dataclasses import dataclass

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from api.http.dependencies import Reading, VaultReading
from api.http.policies import Anybody
from api.web.pages import AnyVisitor, Citizen, Visitor
from api.web.visits import Visit
from marketplace.consent import asking
from marketplace.consent.asking import Asked
from marketplace.consent.refusals import refused_until
from marketplace.consent.standing import Standing, State, standings_of
from marketplace.participants import queries as participants
from marketplace.provenance.queries import head
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases.purposes import BY_DIGEST, Purpose

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Said:
    """One yes of hers, as her page lists it."""

    standing: Standing
    recipient: str
    purpose: Purpose | None


@router.get("/c/next", dependencies=[Anybody])
def lead_on(visitor: AnyVisitor, visit: Citizen, session: Reading, vault: VaultReading) -> Response:
    """From the letter straight to the request, if there is one."""
    waiting = open_requests(session, vault, visit)
    only = f"/c/ask/{waiting[0].use_case.number}" if len(waiting) == 1 else "/c"
    return visitor.led_to(only)


def home(visitor: Visitor, visit: Visit, session: Session, vault: Session) -> Response:
    return visitor.page(
        "citizen/home.html",
        visit=visit,
        waiting=open_requests(session, vault, visit),
        objectable=asking.objectable_by(session, vault, visit.person),
        said=[
            said(session, one)
            for one in reversed(standings_of(session, vault, visit.person))
            if not one.objection
        ],
    )


def open_requests(session: Session, vault: Session, visit: Visit) -> list[Asked]:
    """What she has not answered: neither yes (one that was lost is none), nor no within the last 90 days."""
    now = head(session).timestamp
    return [
        one
        for one in asking.asked_of(session, vault, visit.person)
        if (one.standing is None or one.standing.state is State.LOST)
        and refused_until(vault, person=visit.person, use_case=one.use_case.number, now=now) is None
    ]


def said(session: Session, standing: Standing) -> Said:
    use_case = use_cases.use_case(session, standing.use_case)
    recipient = participants.by_number(session, use_case.applicant).name or ""
    return Said(standing, recipient, BY_DIGEST.get(use_case.purpose))
