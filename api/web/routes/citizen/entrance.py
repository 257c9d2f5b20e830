"""The way in: with the code of her letter, from the link's fragment or typed."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from api.http.dependencies import Here, Reading, VaultReading
from api.http.policies import Anybody, Slowly
from api.http.problems import status_of
from api.http.same_site import require_same_site
from api.web.pages import AnyVisitor, FormToken, Visitor
from api.web.problem_pages import told
from api.web.routes.citizen.home import home
from api.web.visits import Visit
from marketplace.errors import StoaError

router = APIRouter()

LONGEST_CODE = 40
TypedCode = Annotated[str, Form(max_length=200)]


@router.get("/c", dependencies=[Anybody])
def entrance(visitor: AnyVisitor, session: Reading, vault: VaultReading) -> Response:
    if visitor.visit is None or not visitor.visit.has_letter:
        return form(visitor)
    return home(visitor, visitor.visit, session, vault)


@router.post("/c/letter", dependencies=[Slowly])
def show_letter(
    request: Request, visitor: AnyVisitor, here: Here, token: FormToken = "", code: TypedCode = ""
) -> Response:
    """Begin a visit with a letter's code; the registrar says whose it is."""
    require_same_site(request)
    visitor.require_token(token)
    typed = code.strip()
    if not typed:
        return form(visitor, refused="unknown_letter", status=422)
    try:
        kind, key = here.registrar.person(typed[:LONGEST_CODE])
    except StoaError as error:
        return form(visitor, refused=error.code, status=status_of(type(error)))
    answer = visitor.led_to("/c/next")
    visitor.keep(answer, Visit.begun(typed[:LONGEST_CODE], kind, key))
    return answer


@router.post("/c/leave", dependencies=[Anybody])
def leave(request: Request, visitor: AnyVisitor, token: FormToken = "") -> Response:
    """End the visit: nothing of it stays on the device."""
    require_same_site(request)
    visitor.require_token(token)
    answer = visitor.led_to("/")
    visitor.forget(answer)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def form(visitor: Visitor, *, refused: str | None = None, status: int = 200) -> Response:
    problem = None if refused is None else told(visitor.words, refused)
    return visitor.page(
        "citizen/entrance.html",
        status=status,
        visit=visitor.visit or Visit.begun(),
        problem=problem,
        code=refused,
    )
