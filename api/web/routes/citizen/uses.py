"""Who used her data."""

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from api.http.dependencies import Reading, VaultReading
from api.http.policies import Anybody
from api.web.pages import AnyVisitor, Citizen
from ledger.tree import InclusionProof
from marketplace.catalogue import queries as catalogue
from marketplace.consent.uses import Use, uses_of
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases.service import dataset_titles

router = APIRouter()


@router.get("/c/uses", dependencies=[Anybody])
def uses(visitor: AnyVisitor, visit: Citizen, session: Reading, vault: VaultReading) -> Response:
    """Each run since her consents began, also those after she stopped, which say that she was not in them."""
    found = [
        (one, smallest_group(session, one), isinstance(one.proof, InclusionProof))
        for one in uses_of(session, vault, visit.person)
    ]
    titles = {
        name: title_of(session, name, visitor.words.language) for one, _, _ in found for name in one.versions
    }
    return visitor.page("citizen/uses.html", visit=visit, uses=found, titles=titles)


def title_of(session: Session, dataset: str, language: str) -> str:
    """A dataset as her request called it."""
    return dataset_titles(catalogue.dataset_named(session, dataset))[language]


def smallest_group(session: Session, use: Use) -> int:
    return use_cases.use_case(session, use.use_case).minimum_cohort
