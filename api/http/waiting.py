"""Answers that may wait a little, so that clients need not ask again and again.

`?wait=20`, or `Prefer: wait=20` (RFC 7240) on any request: a GET waits for an end, a POST for what comes of it.
"""

import re
import threading
import time
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Query
from sqlalchemy.orm import Session

from api.http.dependencies import Office

LONGEST = 20
MOST_AT_ONCE = 12
"""Waiting callers hold a thread each; whoever comes beyond that is answered at once."""
PAUSE = 0.1
PREFERENCE = re.compile(r"wait\s*=\s*\"?([0-9]{1,9})\"?", re.IGNORECASE)

Found = TypeVar("Found")

_places = threading.BoundedSemaphore(MOST_AT_ONCE)


def preferred(headers: Sequence[str]) -> int:
    """The seconds that `Prefer: wait=...` asks for, as far as they are granted. What is not understood is ignored."""
    preferences = [one.strip() for header in headers for part in header.split(",") for one in part.split(";")]
    for one in preferences:
        found = PREFERENCE.fullmatch(one)
        if found is not None:
            return min(int(found[1]), LONGEST)
    return 0


def patience(
    wait: Annotated[
        int | None,
        Query(ge=0, le=LONGEST, description="Seconds to wait for an end. The answer may come before it."),
    ] = None,
    prefer: Annotated[
        list[str] | None, Header(description="`wait=20` is `?wait=20` (RFC 7240).", examples=["wait=20"])
    ] = None,
) -> int:
    return preferred(prefer or []) if wait is None else wait


Wait = Annotated[int, Depends(patience)]


def until(
    here: Office, look: Callable[[Session], Found], ended: Callable[[Found], bool], seconds: int
) -> Found:
    """Look until what is seen has ended, at most for `seconds`; what was seen last."""
    give_up = time.monotonic() + seconds
    waits = seconds > 0 and _places.acquire(blocking=False)
    try:
        while True:
            with here.house.database.reading() as session:
                found = look(session)
            if not waits or ended(found) or time.monotonic() >= give_up:
                return found
            time.sleep(PAUSE)
    finally:
        if waits:
            _places.release()
