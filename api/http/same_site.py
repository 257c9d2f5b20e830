"""Telling the pages of this site from those of others."""

from urllib.parse import urlsplit

from fastapi import Request

from marketplace.errors import NotAllowedError


class ForeignFormError(NotAllowedError):
    """The form was sent from a page of another site."""

    code = "foreign_form"


def require_same_site(request: Request) -> None:
    """Refuse what a page of another site makes a browser send.

    Raises:
        ForeignFormError
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin", "null")
    foreign_origin = origin != "null" and urlsplit(origin).netloc != request.headers.get("host")
    if site not in {"same-origin", "none"} or foreign_origin:
        raise ForeignFormError("Open the page here and send the form from there.")
