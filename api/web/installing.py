"""Putting the pages on an app."""

from typing import cast
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response

from api.http.dependencies import Office
from api.http.policies import SignInFirst, StaffFirst, require_policies
from api.http.problems import refused
from api.web.areas import CITIZEN, ENTER, STAFF_ENTRANCE
from api.web.headers import PageHeaders
from api.web.pages import Pages
from api.web.problem_pages import ProblemPages, wants_json
from api.web.routes import router
from api.web.visits import FormExpiredError, LetterFirst, Seal


def install(app: FastAPI) -> None:
    """Serve the pages on the app that `api.http.app.create_app` made.

    Its refusals are told in pages wherever the address is not one of the API.
    """
    here = cast("Office", app.state.office)
    pages = Pages(
        city=here.house.city.name,
        settings=here.settings,
        seal=Seal.kept_in(here.house.folder),
    )
    app.state.pages = pages
    app.include_router(router)
    for first in (LetterFirst, SignInFirst, StaffFirst):
        app.add_exception_handler(first, to_entrance)
    app.add_middleware(ProblemPages, pages=pages)
    app.add_middleware(PageHeaders, encrypted=pages.encrypted)
    require_policies(app)


async def to_entrance(request: Request, first: Exception) -> Response:
    """Whoever looks is led to the entrance; whoever sends something is told that it was not taken."""
    if request.method != "GET" or wants_json(request.scope):
        return refused(FormExpiredError("Enter again: this visit has ended."))
    match first:
        case SignInFirst():
            return RedirectResponse(f"{ENTER}?{urlencode({'to': first.path})}", 303)
        case StaffFirst():
            return RedirectResponse(STAFF_ENTRANCE, 303)
        case _:
            return RedirectResponse(CITIZEN.start.path, 303)
