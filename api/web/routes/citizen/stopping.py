"""Ending a yes by the code on her paper: without signing in, without a cookie, without a script."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from api.http.dependencies import HouseHere, Vault, Writing
from api.http.policies import Anybody, Slowly
from api.http.problems import status_of
from api.http.same_site import require_same_site
from api.web.pages import AnyVisitor, Visitor
from api.web.problem_pages import told
from ledger.revocation_code import RevocationCode, RevocationCodeError
from marketplace.consent import early_stops
from marketplace.errors import InvalidError, StoaError

router = APIRouter()

STOP = "/stop"


@router.get(STOP, dependencies=[Anybody])
def stop_page(visitor: AnyVisitor) -> Response:
    return form(visitor)


@router.post(STOP, dependencies=[Slowly])
def stop(
    request: Request,
    visitor: AnyVisitor,
    house: HouseHere,
    session: Writing,
    vault: Vault,
    code: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    require_same_site(request)
    try:
        early_stops.stop_by_code(session, vault, house, RevocationCode.parse(code))
    except RevocationCodeError as error:
        return form(visitor, refused=error.code, status=status_of(InvalidError), typed=code)
    except StoaError as error:
        return form(visitor, refused=error.code, status=status_of(type(error)), typed=code)
    return visitor.led_to("/stop/done")


@router.get("/stop/done", dependencies=[Anybody])
def stopped(visitor: AnyVisitor) -> Response:
    return visitor.page("citizen/stopped.html")


def form(visitor: Visitor, *, refused: str | None = None, status: int = 200, typed: str = "") -> Response:
    problem = None if refused is None else told(visitor.words, refused)
    return visitor.page(
        "citizen/stop.html", status=status, here=STOP, problem=problem, code=refused, typed=typed
    )
