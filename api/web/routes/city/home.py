"""What waits for the staff, and whether everything runs."""

from fastapi import APIRouter, Response

from api.http.dependencies import Here, Reading, VaultReading
from api.http.policies import Staff
from api.http.standing import readiness
from api.web.areas import CITY
from api.web.pages import AnyVisitor
from marketplace.consent import requests
from marketplace.orders import trial_balance
from marketplace.provenance import standing
from marketplace.provenance.queries import head
from marketplace.staff.waiting import waiting

router = APIRouter()


@router.get(CITY.start.path)
def home(visitor: AnyVisitor, staff: Staff, here: Here, session: Reading, vault: VaultReading) -> Response:
    return visitor.page(
        "city/home.html",
        staff=staff,
        waiting=waiting(session, here.settings.admitted_classes),
        requests=requests.open_requests(vault),
        health=readiness(here.house, here.node),
        head=head(session),
        anchor=standing.newest_anchor(session),
        books=trial_balance.compute(session, here.house.city.addresses["Settlement"]),
    )
