"""Making pages: templates, words, and the answer that carries them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast

from fastapi import Depends, Form, Header, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.web import words
from api.web.assets import Assets
from api.web.visits import LetterFirst, Seal, Visit
from api.web.words import Words

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGE_COOKIE = "language"
YEAR = 365 * 86_400
ENTRANCE = "/c"


class Pages:
    """Everything pages are made of, once per app."""

    def __init__(self, *, city: str, public: str, seal: Seal) -> None:
        self.city = city
        self.public = public
        self.seal = seal
        self.assets = Assets()
        self.languages = words.read()
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    @property
    def encrypted(self) -> bool:
        return self.public.startswith("https://")

    @property
    def visit_cookie(self) -> str:
        """Browsers take a `__Host-` cookie over HTTPS alone; on loopback, without it, there is no such promise."""
        return "__Host-visit" if self.encrypted else "visit"

    def words_for(self, request: Request) -> Words:
        asked = [request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)]
        return words.preferred(self.languages, asked, request.headers.get("accept-language"))

    def html(self, template: str, request: Request, words: Words, **values: Any) -> str:
        return self._templates.get_template(template).render(
            t=words,
            city=self.city,
            asset=self.assets.url,
            languages=self.languages,
            **{"here": request.url.path if request.method == "GET" else ENTRANCE, **values},
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
        """A page. With a `visit` its forms work: they carry its token, and the answer its cookie if it is new."""
        token = "" if visit is None else self.pages.seal.token(visit)
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
        self.pages.seal.require_token(self.visit, token)


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
