"""Answers that may wait a little, so that clients need not ask again and again."""

import threading
import time
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Query
from sqlalchemy.orm import Session

from api.http.dependencies import Office

LONGEST = 20
MOST_AT_ONCE = 12
"""Waiting callers hold a thread each; whoever comes beyond that is answered at once."""
PAUSE = 0.1

Found = TypeVar("Found")
Wait = Annotated[
    int, Query(ge=0, le=LONGEST, description="Seconds to wait for an end. The answer may come before it.")
]

_places = threading.BoundedSemaphore(MOST_AT_ONCE)


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
