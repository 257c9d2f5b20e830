"""How the city's staff comes in: by a link that works once."""

import time
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from api.http.dependencies import Here, Writing
from api.http.policies import Anybody, Slowly
from api.http.problems import status_of
from api.http.same_site import require_same_site
from api.http.sessions import STAFF, cookie_name, forget, keep
from api.web.areas import CITY, STAFF_ENTRANCE
from api.web.pages import AnyVisitor
from api.web.problem_pages import told
from marketplace.staff import service as staff
from marketplace.staff.service import InvitationVoidError

router = APIRouter()


@router.get(STAFF_ENTRANCE, dependencies=[Anybody])
def entrance(visitor: AnyVisitor) -> Response:
    return visitor.page("city/enter.html", problem=None)


@router.post(STAFF_ENTRANCE, dependencies=[Slowly])
def enter(
    request: Request,
    visitor: AnyVisitor,
    here: Here,
    session: Writing,
    code: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    require_same_site(request)
    try:
        token = staff.enter(session, code.strip(), now=int(time.time()))
    except InvitationVoidError as error:
        problem = told(visitor.words, error.code)
        return visitor.page("city/enter.html", status=status_of(type(error)), problem=problem)
    answer = visitor.led_to(CITY.start.path)
    keep(answer, here.settings, STAFF, token)
    return answer


@router.post("/city/leave", dependencies=[Anybody])
def leave(request: Request, visitor: AnyVisitor, here: Here, session: Writing) -> Response:
    require_same_site(request)
    staff.leave(session, request.cookies.get(cookie_name(here.settings, STAFF), ""))
    answer = visitor.led_to("/")
    forget(answer, here.settings, STAFF)
    return answer
