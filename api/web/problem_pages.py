"""Refusals as pages. Which status a refusal has is decided in `api.http.problems`; here it only gets words."""

import json
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import MEDIA_TYPE
from api.web.headers import API
from api.web.pages import Pages
from api.web.words import Words

KEPT_HEADERS = ("allow", "retry-after", "location")


def told(words: Words, code: str) -> tuple[str, str]:
    """What a refusal is called and what to do about it, in words of a citizen."""
    return words.one_of(f"problem.{code}.title", "problem.other.title"), words.one_of(
        f"problem.{code}.do", "problem.other.do"
    )


class ProblemPages:
    """Turns each problem document into a page, unless the API or a script asked."""

    def __init__(self, app: ASGIApp, *, pages: Pages) -> None:
        self._app = app
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(API) or wants_json(scope):
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        body = b""

        async def turning(message: Any) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and is_problem(message):
                start = message
            elif start is None:
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body"):
                    page = self._page(scope, start, json.loads(body))
                    await page(scope, receive, send)

        await self._app(scope, receive, turning)

    def _page(self, scope: Scope, start: Message, problem: dict[str, Any]) -> HTMLResponse:
        request = Request(scope)
        words = self._pages.words_for(request)
        title, what_to_do = told(words, problem["code"])
        content = self._pages.html(
            "problem.html", request, words, title=title, what_to_do=what_to_do, problem=problem, token=""
        )
        page = HTMLResponse(content, start["status"])
        headers = MutableHeaders(scope=start)
        for name in KEPT_HEADERS:
            if name in headers:
                page.headers[name] = headers[name]
        return page


def wants_json(scope: Scope) -> bool:
    return Headers(scope=scope).get("accept", "").startswith("application/json")


def is_problem(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith(MEDIA_TYPE)
