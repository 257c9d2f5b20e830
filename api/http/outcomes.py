"""The answer to what was taken: 202 at once, or, for callers who prefer to wait, where the thing itself is."""

from fastapi import Response, status
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import Receive, Scope, Send

from api.http.dependencies import Office
from api.http.problems import refused
from api.http.waiting import until
from marketplace.errors import ConflictError, StoaError
from marketplace.requests import progress
from marketplace.requests.progress import Progress

MESSAGES = "/v1/messages/"


class LedgerRefusedError(ConflictError):
    """It was taken, and the ledger would not do it; `detail` names the contract's error. Nothing has changed."""

    code = "ledger_refused"


class Accepted(Response):
    """202 with a `Location` that says what comes of it.

    With `patience` (seconds) it is sent when the end is known: 303 to the thing itself, or to the message where there
    is no such thing; 409 when the ledger refused. 202 as ever when the time is over before the end.
    """

    def __init__(self, content: bytes, location: str | None, *, here: Office, patience: int) -> None:
        headers = {} if location is None else {"Location": location}
        super().__init__(content, status.HTTP_202_ACCEPTED, headers, media_type="application/json")
        self._here = here
        self._patience = patience
        waits = patience > 0 and location is not None and location.startswith(MESSAGES)
        self._message = location.removeprefix(MESSAGES) if waits and location else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The transaction is over: routes' dependencies end before their answer is sent.
        found = await run_in_threadpool(self._outcome) if self._message else None
        if found is None or not found.done:
            await super().__call__(scope, receive, send)
        elif found.succeeded:
            place = found.resource or MESSAGES + found.key
            await Response(self.body, status.HTTP_303_SEE_OTHER, {"Location": place}, self.media_type)(
                scope, receive, send
            )
        else:
            await refused(refusal_of(found))(scope, receive, send)

    def _outcome(self) -> Progress | None:
        try:
            return until(
                self._here,
                lambda session: progress.of(session, self._message),
                lambda one: one.done,
                self._patience,
            )
        except (StoaError, SQLAlchemyError):
            # It was taken, and that is what must be said, whatever is in the way of looking further.
            return None


def refusal_of(found: Progress) -> LedgerRefusedError:
    return LedgerRefusedError(f"The ledger refused: {found.refusal or 'it was not sent in time'}.")
