"""When a consent counts: from its block, until its revocation's block or its end."""

from dataclasses import replace

import pytest

from ledger.node import Block
from marketplace.consent.rules import Consent, cohort, covers

ENDS_AT = 1_000
CONSENT = Consent(
    id=b"c" * 32,
    use_case=7,
    objection=False,
    scope=1,
    valid_until=ENDS_AT,
    granted_in=10,
    revoked_in=20,
)


def block(number: int, timestamp: int = 0) -> Block:
    return Block(number, b"h" * 32, b"p" * 32, timestamp)


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        (block(9), False),
        (block(10), True),
        (block(19), True),
        (block(20), False),
        (block(19, ENDS_AT - 1), True),
        (block(19, ENDS_AT), False),
    ],
)
def test_a_consent_counts_from_its_block_until_its_revocation_or_its_end(at: Block, counts: bool) -> None:
    assert covers(CONSENT, 7, at) is counts
    assert len(cohort([CONSENT], 7, at)) == counts


def test_what_is_never_revoked_ends_at_its_end_alone() -> None:
    lasting = replace(CONSENT, revoked_in=None)
    assert covers(lasting, 7, block(10**9, ENDS_AT - 1))
    assert not covers(lasting, 7, block(10**9, ENDS_AT))


def test_a_consent_counts_for_its_own_use_case_alone() -> None:
    assert not covers(CONSENT, 8, block(10))
