"""How the relay packs consents: members of one batch share their terms, so one use case, and are one call."""

from collections.abc import Sequence

from eth_abi.abi import decode, encode

from ledger.abi import Call, argument_types
from ledger.bindings import Consents, Grant, Terms
from ledger.digests import keccak
from ledger.outbox.tables import MessageRow

TERMS_TYPE = "(bytes32,bytes32,bytes32,uint32,uint16,uint40,uint40)"
GRANT_SIGNATURE = (
    f"grantBySignature({TERMS_TYPE},((address,bytes32,bytes32),(bytes32,bytes32),(bytes32,bytes32)))"
)


def batch_of(terms: Terms) -> bytes:
    """Consents with this digest may share a transaction."""
    return keccak(encode([TERMS_TYPE], [terms]))


def grant_gas(count: int) -> int:
    return 150_000 + 60_000 * count


def pack_grants(messages: Sequence[MessageRow]) -> tuple[Call, int]:
    """One call that grants all of `messages`, and its gas limit."""
    consents = Consents(messages[0].contract)
    members: list[Grant] = []
    terms: Terms | None = None
    for message in messages:
        decoded = decode(argument_types(GRANT_SIGNATURE), message.calldata[4:])
        terms = Terms.of(decoded[0])
        members.append(Grant.of(decoded[1]))
    assert terms is not None
    if len(members) == 1:
        return consents.grant_by_signature(terms, members[0]), grant_gas(1)
    return consents.grant_batch(terms, members), grant_gas(len(members))


BATCHERS = {GRANT_SIGNATURE: pack_grants}
