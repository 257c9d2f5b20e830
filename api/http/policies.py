"""Who may ask what. Every route names one policy; a route that names none is not served.

A policy is a dependency that refuses whoever it is not for, and is listed in `POLICIES`.
"""

import hmac
import time
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Security
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from api.http.dependencies import Here
from api.http.sessions import STAFF, cookie_token, session_token
from ledger.enums import Class, Status
from marketplace.errors import NotAllowedError, NotSignedInError
from marketplace.participants import sign_in
from marketplace.participants.model import Participant
from marketplace.staff import service as staff_service
from marketplace.staff.service import StaffMember

bearer = HTTPBearer(auto_error=False, scheme_name="session", description="The token of a sign-in.")
desk_bearer = HTTPBearer(auto_error=False, scheme_name="desk", description="The desk's own token.")
ombudsman_bearer = HTTPBearer(auto_error=False, scheme_name="ombudsman", description="The ombudsman's token.")
letter_header = APIKeyHeader(
    name="Stoa-Letter", auto_error=False, scheme_name="letter", description="The code in a citizen's letter."
)

Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(bearer)]


class FrozenError(NotAllowedError):
    """The organisation is frozen."""

    code = "participant_frozen"


class LetterMissingError(NotSignedInError):
    """A citizen shows the code of her letter."""

    code = "letter_missing"


class AuditorsOnlyError(NotAllowedError):
    """The page is for the city's auditors."""

    code = "auditors_only"


class WrongRoleTokenError(NotSignedInError):
    """The token of a role is missing, or it is another one."""

    code = "wrong_role_token"


class SignInFirst(Exception):  # noqa: N818 (not an error: it is led to the sign-in)
    """The page is for whoever signed in."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class StaffFirst(Exception):  # noqa: N818 (not an error: she is led to the staff's entrance)
    """The page is for the city's staff."""


class RouteWithoutPolicyError(RuntimeError):
    """A mistake of ours: a route says for nobody who may ask."""


def address_of(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def present(request: Request, here: Here) -> Participant | None:
    """Who is signed in, if anybody is.

    Raises:
        ForeignFormError: a page of another site had the cookie of a session sent.
    """
    token = session_token(request, here.settings)
    if token is None:
        return None
    with here.house.database.reading() as session:
        return sign_in.holder(session, token, now=int(time.time()))


Present = Annotated[Participant | None, Depends(present)]


def anybody(request: Request, here: Here, present: Present) -> None:
    """No account is needed."""
    if present is None:
        here.anybody.take(address_of(request))
    else:
        here.participants.take(str(present.number))


def unseen(request: Request, here: Here) -> None:
    """No account is needed and none is looked at, so that this answers while the database is away."""
    here.anybody.take(address_of(request))


def signed_in(here: Here, present: Present, _scheme: Bearer) -> Participant:
    """A participant who signed in, joined or active."""
    if present is None:
        raise NotSignedInError("Sign in first: POST /v1/sign-in/forms, sign the message, POST /v1/sign-in.")
    here.participants.take(str(present.number))
    if present.status is Status.FROZEN:
        raise FrozenError("Your organisation is frozen. Ask the city's operator; withdrawals stay open.")
    return present


def member(request: Request, here: Here, present: Present) -> Participant:
    """An organisation in a browser. It reads its pages also when it is frozen; acts refuse it."""
    if present is None:
        raise SignInFirst(request.url.path)
    here.participants.take(str(present.number))
    return present


def auditor(request: Request, here: Here, present: Present) -> Participant:
    """An enrolled auditor in a browser."""
    found = member(request, here, present)
    if found.class_ is not Class.AUDITOR or not found.is_active:
        raise AuditorsOnlyError("This page is for the city's auditors, once they are admitted.")
    return found


def staff(request: Request, here: Here) -> StaffMember:
    """Whoever runs the city, in a browser."""
    here.anybody.take(address_of(request))
    token = cookie_token(request, here.settings, STAFF)
    if token is not None:
        with here.house.database.reading() as session:
            found = staff_service.holder(session, token, now=int(time.time()))
        if found is not None:
            return found
    raise StaffFirst


def letter(request: Request, here: Here, shown: Annotated[str | None, Security(letter_header)]) -> str:
    """A citizen with her letter; whether the code is one is the registrar's to say."""
    here.secrets.take(address_of(request))
    if shown is None or not 1 <= len(shown) <= 40:
        raise LetterMissingError("Send your letter's code in the Stoa-Letter header.")
    return shown


def slowly(request: Request, here: Here) -> None:
    """No account is needed, but each try with a code is one of few."""
    here.secrets.take(address_of(request))


def desk(
    request: Request, here: Here, shown: Annotated[HTTPAuthorizationCredentials | None, Security(desk_bearer)]
) -> str:
    """The desk, with its own token; whether it is the right one is the registrar's to say."""
    here.anybody.take(address_of(request))
    if shown is None:
        raise WrongRoleTokenError("Send the desk's token: Authorization: Bearer ...")
    here.registrar.at_desk(shown.credentials).require()
    return shown.credentials


def ombudsman(
    request: Request,
    here: Here,
    shown: Annotated[HTTPAuthorizationCredentials | None, Security(ombudsman_bearer)],
) -> None:
    """The ombudsman's office, with its token."""
    here.anybody.take(address_of(request))
    expected = here.settings.ombudsman_token
    if (
        shown is None
        or expected is None
        or not hmac.compare_digest(shown.credentials.encode(), expected.encode())
    ):
        raise WrongRoleTokenError("This is for the ombudsman's office, with its own token.")


POLICIES: dict[Callable[..., Any], str] = {
    anybody: "anybody",
    unseen: "anybody, unseen",
    slowly: "anybody, slowly",
    signed_in: "participant",
    letter: "citizen",
    desk: "desk",
    ombudsman: "ombudsman",
}

ON_PAGES: dict[Callable[..., Any], str] = {
    member: "participant, on a page",
    auditor: "auditor",
    staff: "staff",
}
"""What pages name besides; no operation of the API does."""

Anybody = Depends(anybody)
Unseen = Depends(unseen)
Slowly = Depends(slowly)
Ombudsman = Depends(ombudsman)
Caller = Annotated[Participant, Depends(signed_in)]
Member = Annotated[Participant, Depends(member)]
Auditor = Annotated[Participant, Depends(auditor)]
Staff = Annotated[StaffMember, Depends(staff)]
Letter = Annotated[str, Depends(letter)]
DeskToken = Annotated[str, Depends(desk)]


def policy_of(dependant: Dependant) -> str | None:
    """The policy a route names; None if it names none."""
    known = POLICIES | ON_PAGES
    found = {known[one.call] for one in dependant.dependencies if one.call and one.call in known}
    assert len(found) <= 1, "A route has one policy."
    return found.pop() if found else None


def require_policies(app: FastAPI) -> None:
    """Raises RouteWithoutPolicyError when a route of the API lets in whoever comes."""
    for path, methods, policy in served(app):
        if policy is None:
            raise RouteWithoutPolicyError(f"{' '.join(sorted(methods))} {path} names no policy.")


def served(app: FastAPI) -> list[tuple[str, set[str], str | None]]:
    """Every route of the API: its path, its methods, its policy."""
    found: list[tuple[str, set[str], str | None]] = []
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute):
            route = context.original_route
            found.append((context.path or route.path, set(route.methods or ()), policy_of(route.dependant)))
    return found
