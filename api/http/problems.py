"""How refusals are told: problem documents after RFC 9457. The only place that knows status codes.

`code` never changes; the text may. No problem carries a value that was sent or kept.
"""

import logging
import traceback
import uuid
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.bodies import (
    BodyNotJsonError,
    BodyTooLargeError,
    KeyMissingError,
    NotAJsonRequestError,
)
from api.http.limits import TooManyRequestsError
from api.http.storage import AWAY, is_away
from ledger.node import LedgerError, NodeRefusedError, NodeUnreachableError, RevertedError
from marketplace.catalogue.documents import shown
from marketplace.errors import (
    ConflictError,
    InvalidError,
    NotAllowedError,
    NotFoundError,
    NotSignedInError,
    StoaError,
    UnavailableError,
)

logger = logging.getLogger("stoa.http")

MEDIA_TYPE = "application/problem+json"
TYPE = "/v1/problems/"
RETRY_SECONDS = 5

STATUS_OF_KIND: dict[type[Exception], int] = {
    # The most special comes first.
    BodyNotJsonError: 400,
    KeyMissingError: 400,
    BodyTooLargeError: 413,
    NotAJsonRequestError: 415,
    TooManyRequestsError: 429,
    InvalidError: 422,
    NotSignedInError: 401,
    NotAllowedError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    UnavailableError: 503,
    StoaError: 400,
    NodeUnreachableError: 503,
    RevertedError: 409,
    NodeRefusedError: 503,
    LedgerError: 503,
}
STATUS_OF_CODE = {"result_gone": 410}
CODE_OF_STATUS = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}
OWN_CODES = {
    "validation": (422, "A field is missing, unknown, or not what it must be; `errors` says which and why."),
    "bad_request": (400, "The request cannot be read."),
    "method_not_allowed": (405, "This address does not take that method; `Allow` says which it takes."),
    "storage_unavailable": (503, "The database cannot be written or read right now."),
    "internal_error": (500, "A mistake of ours. It is logged under the problem's `instance`."),
}
"""Codes that no error class has."""


class Wrong(BaseModel):
    """One thing that is wrong with a request."""

    at: str = Field(examples=["body.amount"], description="Where, as a path into the request.")
    message: str = Field(examples=["String should match pattern '^0x[0-9a-f]{64}$'"])


class Problem(BaseModel):
    """A refusal (RFC 9457). Match on `code`; it never changes."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "/v1/problems/unknown_order",
                "title": "The caller has no such order.",
                "status": 404,
                "detail": "There is no such order (yet).",
                "instance": "urn:uuid:0f0c64f3-5b3f-4bb5-a0ee-0f0d9c2b8b0e",
                "code": "unknown_order",
            }
        }
    )

    type: str
    title: str
    status: int
    detail: str | None = None
    instance: str
    code: str
    errors: list[Wrong] | None = None


def status_of(error: type[StoaError | LedgerError]) -> int:
    if error.code in STATUS_OF_CODE:
        return STATUS_OF_CODE[error.code]
    return next(status for kind, status in STATUS_OF_KIND.items() if issubclass(error, kind))


def title_of(error: type[Exception]) -> str:
    documented = (kind.__doc__ for kind in error.__mro__ if kind.__doc__)
    return next(documented).strip().split("\n", 1)[0]


def answer(
    status: int,
    code: str,
    title: str,
    detail: str | None = None,
    *,
    errors: list[Wrong] | None = None,
    headers: dict[str, str] | None = None,
    instance: str | None = None,
) -> JSONResponse:
    problem = Problem(
        type=TYPE + code,
        title=title,
        status=status,
        detail=detail,
        instance=instance or new_instance(),
        code=code,
        errors=errors,
    )
    return JSONResponse(
        problem.model_dump(exclude_none=True), status_code=status, headers=headers, media_type=MEDIA_TYPE
    )


def new_instance() -> str:
    return uuid.uuid4().urn


def refused(error: StoaError | LedgerError) -> JSONResponse:
    """The problem document of a refusal."""
    kind = type(error)
    status = status_of(kind)
    headers: dict[str, str] = {}
    if isinstance(error, TooManyRequestsError):
        headers["Retry-After"] = str(error.retry_after)
    elif status == 503:
        headers["Retry-After"] = str(RETRY_SECONDS)
    elif status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return answer(status, error.code, title_of(kind), str(error), headers=headers)


def invalid(error: RequestValidationError) -> JSONResponse:
    """What was wrong, and never the value that was: it may be a secret."""
    wrongs = [Wrong(at=place_of(one["loc"]), message=message_of(one)) for one in error.errors()[:20]]
    status, title = OWN_CODES["validation"]
    return answer(status, "validation", title, "Mend the fields that `errors` names.", errors=wrongs)


def place_of(path: tuple[int | str, ...]) -> str:
    return ".".join(
        str(part) if isinstance(part, int) else part if part.isidentifier() else shown(part) for part in path
    )


def message_of(wrong: Any) -> str:
    match wrong["type"]:
        case "extra_forbidden":
            return "This field is not known. Remove it."
        case "value_error":
            return str(wrong["msg"]).removeprefix("Value error, ")
        case _:
            return str(wrong["msg"])


def storage_failed(error: BaseException) -> JSONResponse:
    # The text of the error has the statement's values in it; the name of its driver's error has not.
    logger.error("The database refused: %s", type(getattr(error, "orig", error)).__name__)
    status, title = OWN_CODES["storage_unavailable"]
    return answer(
        status,
        "storage_unavailable",
        title,
        "Nothing was changed. Try again in a moment; if it goes on, the disk may be full.",
        headers={"Retry-After": str(RETRY_SECONDS)},
    )


def not_routed(error: HTTPException) -> JSONResponse:
    status = error.status_code if error.status_code in CODE_OF_STATUS else 400
    title, detail = {
        404: ("There is no such address.", "/v1/openapi.json lists the addresses there are."),
        405: (OWN_CODES["method_not_allowed"][1], None),
    }.get(status, (OWN_CODES["bad_request"][1], None))
    return answer(status, CODE_OF_STATUS[status], title, detail, headers=dict(error.headers or {}))


class LastResort:
    """Answers what nobody expected: a 500 that says nothing, and a log entry that carries no value."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = False

        async def watched(message: Any) -> None:
            nonlocal began
            began = began or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            if began:
                raise
            await self._failed(error)(scope, receive, send)

    def _failed(self, error: Exception) -> JSONResponse:
        for one in causes(error):
            match one:
                case _ if is_away(one):
                    return storage_failed(one)
                case StoaError() | LedgerError():
                    return refused(one)
                case _:
                    pass
        instance = new_instance()
        frames = traceback.extract_tb(error.__traceback__)
        where = " < ".join(
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames[-12:])
        )
        logger.error("%s: %s at %s", instance, type(error).__name__, where)
        status, title = OWN_CODES["internal_error"]
        return answer(status, "internal_error", title, instance=instance)


def causes(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [cause for inner in error.exceptions for cause in causes(inner)]
    return [error]


def install(app: FastAPI) -> None:
    """Teach `app` to refuse in problem documents, whatever happens."""

    async def on_refusal(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, StoaError | LedgerError)
        return refused(error)

    async def on_invalid(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return invalid(error)

    async def on_storage(_request: Request, error: Exception) -> JSONResponse:
        if not is_away(error):
            raise error
        return storage_failed(error)

    async def on_http(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return not_routed(error)

    app.add_exception_handler(StoaError, on_refusal)
    app.add_exception_handler(LedgerError, on_refusal)
    app.add_exception_handler(RequestValidationError, on_invalid)
    for kind in AWAY:
        app.add_exception_handler(kind, on_storage)
    app.add_exception_handler(HTTPException, on_http)


DESCRIPTIONS = {
    400: "The request cannot be read, or lacks its Idempotency-Key.",
    401: "Nobody is signed in.",
    403: "The rules forbid it.",
    404: "There is no such thing, or it is not the caller's to see.",
    405: "This address does not take that method.",
    409: "It does not fit what happened before.",
    410: "It was destroyed; its digest stays on the ledger.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "What was sent cannot be what was meant.",
    429: "The caller asks too often.",
    500: "A mistake of ours.",
    503: "It cannot be done now; the same request may succeed later.",
}
