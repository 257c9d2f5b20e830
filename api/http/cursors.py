"""Lists, page by page: a cursor is opaque to callers and names the last thing they saw."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, Field

from marketplace.errors import InvalidError

MOST = 200

Item = TypeVar("Item")
Shown = TypeVar("Shown", bound=BaseModel)


class CursorMalformedError(InvalidError):
    """The cursor is none that this server gave out."""

    code = "cursor_malformed"


Cursor = Annotated[
    str | None, Query(max_length=200, description="Where to go on: `next` of the page before.")
]
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many at most.")]


class Page(BaseModel, Generic[Shown]):
    items: list[Shown]
    next: str | None = Field(default=None, description="The cursor of the next page; absent on the last.")


class Pages:
    """Which page of a list is asked for."""

    def __init__(
        self, request: Request, response: Response, cursor: Cursor = None, limit: Limit = 50
    ) -> None:
        self._request = request
        self._response = response
        self._cursor = cursor
        self._limit = limit

    def of(
        self, items: Sequence[Item], *, place: Callable[[Item], object], show: Callable[[Item], Shown]
    ) -> Page[Shown]:
        """The items after the cursor. `items` are in their lasting order, and `place` names each for ever.

        Raises:
            CursorMalformedError
        """
        start = 0
        if self._cursor is not None:
            last = opened(self._cursor)
            places = [str(place(item)) for item in items]
            if last not in places:
                raise CursorMalformedError("This cursor is not from this list. Start again without one.")
            start = places.index(last) + 1
        chosen = items[start : start + self._limit]
        following = sealed(str(place(chosen[-1]))) if start + self._limit < len(items) else None
        if following is not None:
            url = self._request.url.include_query_params(cursor=following, limit=self._limit)
            self._response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
        return Page(items=[show(item) for item in chosen], next=following)


Paging = Annotated[Pages, Depends(Pages)]


def sealed(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def opened(cursor: str) -> str:
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError):
        raise CursorMalformedError("This is not a cursor. Start again without one.") from None
