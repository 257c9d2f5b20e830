"""Sessions: the token of a sign-in, in a header that a program sends or in a cookie that no script of a page can read.

A cookie is sent to this site alone (`SameSite=Strict`); what comes with one from a page of another site is refused.
"""

from fastapi import Request, Response

from api.http.same_site import require_same_site
from api.http.settings import HttpSettings

PARTICIPANT = "session"
STAFF = "office"


def cookie_name(settings: HttpSettings, name: str) -> str:
    """Browsers take a `__Host-` cookie over HTTPS alone; on loopback, without it, there is no such promise."""
    return f"__Host-{name}" if settings.is_encrypted else name


def cookie_token(request: Request, settings: HttpSettings, name: str) -> str | None:
    """The token in a cookie, if there is one.

    Raises:
        ForeignFormError: a page of another site had it sent.
    """
    token = request.cookies.get(cookie_name(settings, name))
    if token:
        require_same_site(request)
    return token or None


def bearer_token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" and token else None


def session_token(request: Request, settings: HttpSettings) -> str | None:
    """A participant's token: a program's, else a browser's."""
    return bearer_token(request) or cookie_token(request, settings, PARTICIPANT)


def keep(answer: Response, settings: HttpSettings, name: str, token: str) -> None:
    """Put a token on the device until its browser is closed."""
    answer.set_cookie(
        cookie_name(settings, name),
        token,
        path="/",
        secure=settings.is_encrypted,
        httponly=True,
        samesite="strict",
    )


def forget(answer: Response, settings: HttpSettings, name: str) -> None:
    answer.delete_cookie(
        cookie_name(settings, name),
        path="/",
        secure=settings.is_encrypted,
        httponly=True,
        samesite="strict",
    )
