from dataclasses import dataclass
from enum import StrEnum

from ledger.enums import OrderState


class JobState(StrEnum):
    """How far the service is with an order."""

    ASKED = "asked"
    SEALED = "sealed"
    SETTLING = "settling"
    READY = "ready"
    REFUNDING = "refunding"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Order:
    id: bytes
    licence: int
    buyer: str
    tariff: int
    request_digest: bytes
    cap: int
    deadline: int
    discount: int
    state: OrderState
    charge: int | None
    units: int | None
    result_digest: bytes | None
    manifest_digest: bytes | None
    consent_block: int | None
    consent_root: bytes | None
    cohort_size: int | None
    reason: bytes | None
    """Why it was refunded, as the ledger has it; zeros: nobody answered before the deadline."""
    opened_in: int
    ended_in: int | None
