from fastapi import APIRouter, Response

from api.http.dependencies import Here, Reading
from api.http.policies import Auditor
from api.web.areas import AUDIT
from api.web.pages import AnyVisitor
from ledger.digests import hexed
from marketplace.provenance import standing
from marketplace.provenance.queries import head

router = APIRouter()


@router.get(AUDIT.start.path)
def home(visitor: AnyVisitor, auditor: Auditor, session: Reading, here: Here) -> Response:
    return visitor.page(
        "audit/home.html",
        auditor=auditor,
        head=head(session),
        anchor=standing.newest_anchor(session),
        records=standing.records(session),
        digest=hexed(here.house.city.digest),
        node=here.settings.node,
    )
