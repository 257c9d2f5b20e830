"""The enumerations of the contracts. The ABI carries only their numbers; a test holds these to the sources."""

from enum import IntEnum


class Class(IntEnum):
    NONE = 0
    CITY = 1
    REGISTRAR = 2
    SUPPLIER = 3
    COMMERCIAL = 4
    PUBLIC_SERVICE = 5
    AUDITOR = 6


class Status(IntEnum):
    NONE = 0
    JOINED = 1
    ACTIVE = 2
    FROZEN = 3


class Ground(IntEnum):
    NOT_PERSONAL = 0
    CONSENT = 1
    CONTRACT = 2
    LEGAL_OBLIGATION = 3
    VITAL_INTEREST = 4
    PUBLIC_TASK = 5
    LEGITIMATE_INTEREST = 6


class UseCaseState(IntEnum):
    NONE = 0
    APPLIED = 1
    DENIED = 2
    ALLOWED = 3
    CLOSED = 4


class NoticeKind(IntEnum):
    NONE = 0
    CONSENT = 1
    OBJECTION = 2


class How(IntEnum):
    """How a consent was revoked."""

    SIGNER = 0
    SIGNATURE = 1
    CODE = 2
    MANDATE = 3


class Why(IntEnum):
    """Why one member of a batch was left out."""

    ALREADY_USED = 0
    WRONG_SIGNER = 1
    COUNTERSIGNATURE_MISSING = 2
    COUNTERSIGNATURE_FOREIGN = 3
    ALREADY_REVOKED = 4
    WRONG_CODE = 5
    WRONG_CHECK_DIGIT = 6


class Meter(IntEnum):
    RUN = 0
    CELL = 1
    VERSION_ROWS = 2
    DEVICE = 3


class OrderState(IntEnum):
    NONE = 0
    ESCROWED = 1
    SETTLED = 2
    REFUNDED = 3


AGGREGATES = 1
"""The only output class there is."""
