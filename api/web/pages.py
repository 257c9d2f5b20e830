"""Making pages: templates, words, and the answer that carries them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast

from fastapi import Depends, Form, Header, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.http.sessions import cookie_name
from api.http.settings import HttpSettings
from api.web import words
from api.web.areas import area_of
from api.web.assets import Assets
from api.web.visits import LetterFirst, Seal, Visit
from api.web.words import Words

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGE_COOKIE = "language"
VISIT = "visit"
YEAR = 365 * 86_400


class Pages:
    """Everything pages are made of, once per app."""

    def __init__(self, *, city: str, settings: HttpSettings, seal: Seal) -> None:
        self.city = city
        self.settings = settings
        self.seal = seal
        self.assets = Assets()
        self.languages = words.read(zone=settings.zone)
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    @property
    def public(self) -> str:
        """The address under which people reach the pages."""
        return self.settings.public

    @property
    def encrypted(self) -> bool:
        return self.settings.is_encrypted

    @property
    def visit_cookie(self) -> str:
        return cookie_name(self.settings, VISIT)

    def words_for(self, request: Request) -> Words:
        asked = [request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)]
        return words.preferred(self.languages, asked, request.headers.get("accept-language"))

    def html(self, template: str, request: Request, words: Words, **values: Any) -> str:
        area = area_of(request.url.path)
        return self._templates.get_template(template).render(
            t=words,
            city=self.city,
            asset=self.assets.url,
            languages=self.languages,
            area=area,
            **{"here": request.url.path if request.method == "GET" else area.start.path, **values},
        )


@dataclass(frozen=True)
class Visitor:
    """Whoever asks for a page now."""

    pages: Pages
    request: Request
    words: Words
    visit: Visit | None

    def page(
        self, template: str, *, status: int = 200, visit: Visit | None = None, **values: Any
    ) -> Response:
        """A page whose forms carry the token of whoever reads it. A `visit` that is new comes with its cookie."""
        secret = self._secret if visit is None else visit.nonce
        token = "" if secret is None else self.pages.seal.token(secret)
        content = self.pages.html(template, self.request, self.words, token=token, **values)
        answer = HTMLResponse(content, status)
        if visit is not None and visit != self.visit:
            self.keep(answer, visit)
        if self.request.query_params.get("lang") == self.words.language:
            answer.set_cookie(
                LANGUAGE_COOKIE, self.words.language, YEAR, secure=self.pages.encrypted, samesite="lax"
            )
        return answer

    def led_to(self, path: str) -> RedirectResponse:
        return RedirectResponse(path, 303)

    def keep(self, answer: Response, visit: Visit) -> None:
        answer.set_cookie(
            self.pages.visit_cookie,
            self.pages.seal.close(visit),
            path="/",
            secure=self.pages.encrypted,
            httponly=True,
            samesite="strict",
        )

    def forget(self, answer: Response) -> None:
        """Take everything off the device that was put there, her language too."""
        answer.delete_cookie(
            self.pages.visit_cookie,
            path="/",
            secure=self.pages.encrypted,
            httponly=True,
            samesite="strict",
        )
        answer.delete_cookie(LANGUAGE_COOKIE, secure=self.pages.encrypted, samesite="lax")

    def require_token(self, token: str) -> None:
        """Raises FormExpiredError."""
        self.pages.seal.require_token(self._secret, token)

    @property
    def _secret(self) -> str | None:
        """What only the forms of this visit or session are made with, where this page is."""
        session = area_of(self.request.url.path).session
        if session is not None:
            return self.request.cookies.get(cookie_name(self.pages.settings, session))
        return None if self.visit is None else self.visit.nonce


def pages_of(request: Request) -> Pages:
    return cast("Pages", request.app.state.pages)


def visitor(request: Request) -> Visitor:
    pages = pages_of(request)
    cookie = request.cookies.get(pages.visit_cookie)
    return Visitor(pages, request, pages.words_for(request), pages.seal.open(cookie))


def citizen(visitor: Annotated[Visitor, Depends(visitor)]) -> Visit:
    """The visit of somebody who showed her letter. Raises LetterFirst."""
    if visitor.visit is None or not visitor.visit.has_letter:
        raise LetterFirst
    return visitor.visit


FORM_TOKEN = "Form-Token"  # noqa: S105 (a header's name)

AnyVisitor = Annotated[Visitor, Depends(visitor)]
Citizen = Annotated[Visit, Depends(citizen)]
FormToken = Annotated[str, Form(alias="token", max_length=64)]
HeaderToken = Annotated[str, Header(alias=FORM_TOKEN, max_length=64)]
