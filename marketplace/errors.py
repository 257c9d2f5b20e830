"""Refusals that a caller can act on. Each has a `code` that clients may match on and that therefore never changes.

Status codes exist only in `api/http/problems.py`. A bug is not such an error: it surfaces.
"""


class StoaError(Exception):
    """A refusal, in words that say what to do."""

    code = "refused"


class InvalidError(StoaError):
    """What was sent cannot be what was meant."""

    code = "invalid"


class NotFoundError(StoaError):
    """There is no such thing, or it is not the caller's to see."""

    code = "not_found"


class NotAllowedError(StoaError):
    """The rules forbid it."""

    code = "not_allowed"


class NotSignedInError(StoaError):
    """The caller has not shown who it is."""

    code = "not_signed_in"


class ConflictError(StoaError):
    """It does not fit what happened before."""

    code = "conflict"


class UnavailableError(StoaError):
    """It cannot be done now; the same request may succeed later."""

    code = "unavailable"
