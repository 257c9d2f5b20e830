from collections.abc import Iterable
from dataclasses import dataclass

from ledger.node import Block
from ledger.tree import OrderedTree

SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent, or an objection, as the ledger has it."""

    id: bytes
    use_case: int
    objection: bool
    scope: int
    valid_until: int
    granted_in: int
    revoked_in: int | None


def covers(consent: Consent, use_case: int, at: Block) -> bool:
    """Whether `consent` counts in a run for `use_case` pinned at block `at`.

    A consent belongs to one use case. A changed use case is a new one and starts with no consents.

    Order is block numbers, validity is block time. A consent granted in this block counts, one revoked in it does
    not. Revocation is not retroactive.
    """
    return (
        consent.use_case == use_case
        and consent.granted_in <= at.number
        and (consent.revoked_in is None or at.number < consent.revoked_in)
        and at.timestamp < consent.valid_until
    )


@dataclass(frozen=True, slots=True)
class Cohort:
    """Everybody whose consent to a use case is in force at a block, whether or not she has rows."""

    use_case: int
    at: Block
    consents: tuple[Consent, ...]

    @property
    def root(self) -> bytes:
        return self.tree.root

    @property
    def tree(self) -> OrderedTree:
        return OrderedTree(consent.id for consent in self.consents)

    def __len__(self) -> int:
        return len(self.consents)


def cohort(consents: Iterable[Consent], use_case: int, at: Block) -> Cohort:
    return Cohort(use_case, at, tuple(one for one in consents if covers(one, use_case, at)))


def latest_end(now: int, longest_days: int) -> int:
    """The latest `validUntil` a consent given now may have: 00:00 UTC after its last full day."""
    return (now + longest_days * SECONDS_A_DAY) // SECONDS_A_DAY * SECONDS_A_DAY


FOR_GOOD = 253_402_214_400
"""When an objection ends by itself, 31 December 9999: never, as far as anybody can write a date."""


def deadline_slot(now: int) -> int:
    """When a consent signed now must be on the ledger: the end of the next ten-minute slot.

    Shared by everybody who signs in the same slot, so that their consents fit one batch.
    """
    return (now // 600 + 2) * 600
