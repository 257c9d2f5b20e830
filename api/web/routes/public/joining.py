"""Where an organisation joins the city: its name, its class, and its wallet's signature."""

from fastapi import APIRouter, Response

from api.http.dependencies import Here, HouseHere
from api.http.policies import Anybody
from api.web.areas import JOIN
from api.web.pages import AnyVisitor
from api.web.problem_pages import told
from api.web.wallet import facts
from ledger.enums import Class
from marketplace.participants.rules import LONGEST_NAME, SHORTEST_NAME

router = APIRouter()

CLASSES = (Class.COMMERCIAL, Class.PUBLIC_SERVICE)
REFUSALS = ("already_joined", "name_not_allowed", "sign_in_refused", "not_enrolled")


@router.get(JOIN, dependencies=[Anybody])
def join_page(visitor: AnyVisitor, here: Here, house: HouseHere) -> Response:
    said = {code: ". ".join(told(visitor.words, code)) for code in REFUSALS}
    said |= {name: visitor.words(f"partner.{name}") for name in ("recording", "signing_in")}
    shown = facts(visitor.words, house.city, here.settings, account=None, **said)
    return visitor.page(
        "public/join.html",
        wallet={**shown, "classes": {one.name.lower(): int(one) for one in CLASSES}},
        classes=CLASSES,
        shortest=SHORTEST_NAME,
        longest=LONGEST_NAME,
    )
