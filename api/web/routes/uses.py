"""Who used her data."""

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from api.http.dependencies import Reading, VaultReading
from api.http.policies import Anybody
from api.web.pages import AnyVisitor, Citizen
from ledger.tree import InclusionProof
from marketplace.consent.uses import Use, uses_of
from marketplace.use_cases import queries as use_cases

router = APIRouter()


@router.get("/c/uses", dependencies=[Anybody])
def uses(visitor: AnyVisitor, visit: Citizen, session: Reading, vault: VaultReading) -> Response:
    """Each run since her consents began, also those after she stopped, which say that she was not in them."""
    found = [
        (one, smallest_group(session, one), isinstance(one.proof, InclusionProof))
        for one in uses_of(session, vault, visit.person)
    ]
    return visitor.page("uses.html", visit=visit, uses=found)


def smallest_group(session: Session, use: Use) -> int:
    return use_cases.use_case(session, use.use_case).minimum_cohort
