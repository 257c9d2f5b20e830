"""Where an organisation signs in, with the account that it joined with."""

import time

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from api.http.dependencies import Here, HouseHere, Writing
from api.http.policies import Anybody
from api.http.same_site import require_same_site
from api.http.sessions import PARTICIPANT, cookie_name, forget, keep
from api.http.shapes import Shape, SignatureBytes
from api.web.areas import ENTER, home_of
from api.web.pages import AnyVisitor
from api.web.problem_pages import told
from api.web.wallet import facts
from marketplace.participants import sign_in

router = APIRouter()


class SignedMessage(Shape):
    message: str = Field(max_length=2_000)
    signature: SignatureBytes


@router.get(ENTER, dependencies=[Anybody])
def entrance(visitor: AnyVisitor, here: Here, house: HouseHere) -> Response:
    said = {code: ". ".join(told(visitor.words, code)) for code in ("sign_in_refused", "not_enrolled")}
    shown = facts(visitor.words, house.city, here.settings, account=None, **said)
    return visitor.page("public/enter.html", wallet=shown)


@router.post(ENTER, dependencies=[Anybody])
def enter(request: Request, sent: SignedMessage, here: Here, house: HouseHere) -> Response:
    """Begin a session in this browser. The answer says where its holder is at home."""
    require_same_site(request)
    opened = sign_in.sign_in(
        house,
        public=here.settings.public,
        text=sent.message,
        signature=sent.signature,
        now=int(time.time()),
    )
    answer = JSONResponse({"to": home_of(opened.participant.class_).start.path})
    keep(answer, here.settings, PARTICIPANT, opened.token)
    return answer


@router.post("/sign-out", dependencies=[Anybody])
def sign_out(request: Request, here: Here, session: Writing, visitor: AnyVisitor) -> Response:
    """End the session, on the server and on the device."""
    require_same_site(request)
    sign_in.sign_out(session, request.cookies.get(cookie_name(here.settings, PARTICIPANT), ""))
    answer = visitor.led_to("/")
    forget(answer, here.settings, PARTICIPANT)
    return answer
