"""What every page carries besides what every answer carries (`api.http.headers`)."""

from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ]
)
ON_PAGES = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cache-Control": "no-store",
}
ENCRYPTED_FROM_NOW_ON = "max-age=31536000"
API = "/v1/"


class PageHeaders:
    """Adds each header unless the answer sets it itself. The API's answers stay as they are."""

    def __init__(self, app: ASGIApp, *, encrypted: bool) -> None:
        self._app = app
        self._headers = dict(ON_PAGES)
        if encrypted:
            self._headers["Strict-Transport-Security"] = ENCRYPTED_FROM_NOW_ON

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def adding(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        of_a_page = scope["type"] == "http" and not scope["path"].startswith(API)
        await self._app(scope, receive, adding if of_a_page else send)
