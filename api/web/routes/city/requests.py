"""What citizens have asked the city for, and by when the law wants it done."""

import time

from fastapi import APIRouter, Response

from api.http.dependencies import VaultReading
from api.http.policies import Staff
from api.web.pages import AnyVisitor
from marketplace.consent import requests

router = APIRouter()

DAY = 86_400


@router.get("/city/requests")
def requests_page(visitor: AnyVisitor, _staff: Staff, vault: VaultReading) -> Response:
    """The host's clock decides here: it is the one by which a request came in."""
    now = int(time.time())
    found = requests.citizens_requests(vault)
    return visitor.page(
        "city/requests.html",
        waiting=[one for one in found if one.done_at is None],
        done=[one for one in reversed(found) if one.done_at is not None],
        late={one.number for one in found if one.is_late(now)},
        days_left={one.number: max(0, one.due_at - now) // DAY for one in found},
        stops=requests.stops_on_their_way(vault),
    )
