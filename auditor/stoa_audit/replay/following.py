"""When an event cannot follow those before it."""

from typing import TypeVar

T = TypeVar("T")


class ContradictionError(Exception):
    """An event says what the contracts, as they are published, cannot have done."""


def require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ContradictionError(otherwise)


def present(found: T | None, otherwise: str) -> T:
    require(found is not None, otherwise)
    assert found is not None
    return found
