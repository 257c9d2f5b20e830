"""`Idempotency-Key`: a request that is sent twice is carried out once and answered twice."""

import hashlib
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from api.http.bodies import KeyMissingError
from api.http.dependencies import Here, Office, Writing, office
from api.http.outcomes import Accepted
from api.http.policies import Present
from api.http.waiting import preferred
from marketplace.errors import InvalidError
from marketplace.requests import service

HEADER = "Idempotency-Key"
LONGEST_KEY = 255


class KeyMalformedError(InvalidError):
    """The Idempotency-Key is empty, too long, or not printable ASCII."""

    code = "idempotency_key_malformed"


class Answered(Exception):  # noqa: N818 (not an error: the request was carried out before)
    """The request was answered before; this is the answer."""

    def __init__(self, answer: bytes, location: str | None) -> None:
        super().__init__("answered before")
        self.answer = answer
        self.location = location


class Once:
    """One request that changes something. Its answer is kept in the transaction that makes the change."""

    def __init__(
        self, here: Office, session: Session, caller: str, key: str, fingerprint: bytes, *, patience: int
    ) -> None:
        self._here = here
        self._session = session
        self._caller = caller
        self._key = key
        self._fingerprint = fingerprint
        self._patience = patience

    def accepted(self, told: BaseModel, *, location: str) -> Response:
        """Keep `told` as the answer to this request, and give it: 202, with where to look next."""
        content = told.model_dump_json(exclude_none=True).encode()
        service.remember(self._session, self._caller, self._key, self._fingerprint, content, location)
        return Accepted(content, location, here=self._here, patience=self._patience)


async def as_before(request: Request, before: Exception) -> Response:
    """The answer to a request that was carried out before."""
    assert isinstance(before, Answered)
    return Accepted(before.answer, before.location, here=office(request), patience=patience_of(request))


def patience_of(request: Request) -> int:
    """How many seconds the caller would rather wait for what comes of it."""
    return preferred(request.headers.getlist("prefer"))


async def fingerprint(request: Request) -> bytes:
    """SHA-256 of what is asked, and with which letter or token."""
    asked = hashlib.sha256()
    letter = request.headers.get("stoa-letter", "")
    for part in (request.method, request.url.path, letter):
        asked.update(part.encode() + b"\0")
    asked.update(await request.body())
    return asked.digest()


def once(
    request: Request,
    here: Here,
    session: Writing,
    present: Present,
    fingerprint: Annotated[bytes, Depends(fingerprint)],
) -> Iterator[Once]:
    key = checked_key(request.headers.get(HEADER))
    caller = "anybody" if present is None else f"participant:{present.number}"
    here.in_flight.enter((caller, key))
    try:
        with here.house.database.reading() as reading:
            before = service.answered(reading, caller, key, fingerprint)
        if before is not None:
            raise Answered(before.answer, before.location)
        yield Once(here, session, caller, key, fingerprint, patience=patience_of(request))
    finally:
        here.in_flight.leave((caller, key))


def checked_key(key: str | None) -> str:
    if not key:
        raise KeyMissingError(
            "Send an Idempotency-Key header, such as a fresh UUID, and the same one when you repeat the request."
        )
    if len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise KeyMalformedError(f"An Idempotency-Key is at most {LONGEST_KEY} printable ASCII characters.")
    return key


JustOnce = Annotated[Once, Depends(once, scope="function")]
