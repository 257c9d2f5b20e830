"""Bodies, read strictly before anybody looks at them: bounded in size and depth, no field twice, no odd number."""

import json
from typing import NoReturn, cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from marketplace.catalogue.documents import refuse_deep_nesting
from marketplace.errors import InvalidError

LONGEST_NUMBER = 80
"""Digits: a word of the ledger has 78."""


class BodyNotJsonError(InvalidError):
    """The body is not one JSON value in UTF-8."""

    code = "body_not_json"


class BodyTooLargeError(InvalidError):
    """The body is longer than this server reads."""

    code = "body_too_large"


class NotAJsonRequestError(InvalidError):
    """The body is announced as something else than JSON."""

    code = "body_not_announced_as_json"


class KeyMissingError(InvalidError):
    """A request that changes something lacks its Idempotency-Key."""

    code = "idempotency_key_missing"


def check_json(raw: bytes) -> None:
    """Refuse what is not one strict JSON value.

    Raises:
        BodyNotJsonError
    """
    try:
        text = raw.decode("utf-8")
        refuse_deep_nesting(text)
        json.loads(
            text,
            object_pairs_hook=_once_each,
            parse_constant=_refuse_number,
            parse_int=_bounded_integer,
            parse_float=_refuse_number,
        )
    except (UnicodeError, ValueError, RecursionError):
        raise BodyNotJsonError("The body is not JSON in UTF-8. Check it with any JSON tool.") from None


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BodyNotJsonError("A field is given twice in one object. Keep one.")
    return found


def _bounded_integer(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        _refuse_number(digits)
    return int(digits)


def _refuse_number(_digits: str) -> NoReturn:
    raise BodyNotJsonError('Numbers are whole numbers here; amounts are decimal strings such as "12.50".')


class StrictBodies:
    """Reads each body whole, up to `largest` bytes, and refuses it unless it is strict JSON announced as JSON."""

    def __init__(self, app: ASGIApp, largest: int) -> None:
        self._app = app
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await self._read(receive)
        if body and scope["path"].startswith("/v1/"):
            _require_json(scope)
            check_json(body)
        await self._app(scope, _replayed(body, receive), send)

    async def _read(self, receive: Receive) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return b""
            part = cast("bytes", message.get("body", b""))
            size += len(part)
            if size > self._largest:
                raise BodyTooLargeError(f"The body is longer than {self._largest} bytes. Send less at once.")
            parts.append(part)
            if not message.get("more_body"):
                return b"".join(parts)


def _require_json(scope: Scope) -> None:
    headers = dict(cast("list[tuple[bytes, bytes]]", scope["headers"]))
    kind = headers.get(b"content-type", b"").split(b";", 1)[0].strip().lower()
    if kind != b"application/json":
        raise NotAJsonRequestError("Send JSON, with `Content-Type: application/json`.")


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return again
