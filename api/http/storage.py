"""Which errors of a database mean that it is away, full or damaged. Every other one is a mistake of ours."""

from sqlalchemy import exc

AWAY = (exc.DatabaseError, exc.InterfaceError, exc.TimeoutError)
"""Where to look: the kinds that `is_away` decides about."""


def is_away(error: BaseException) -> bool:
    """Whether the database cannot be used right now; not so for what it refuses, such as a row that is there twice."""
    # DatabaseError itself is what a damaged file raises; its special kinds are about statements.
    return (
        isinstance(error, (exc.OperationalError, exc.InterfaceError, exc.TimeoutError))
        or type(error) is exc.DatabaseError
    )
