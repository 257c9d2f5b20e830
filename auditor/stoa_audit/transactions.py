"""Transactions as they were signed: who sent which call where."""

from dataclasses import dataclass

from stoa_audit import rlp
from stoa_audit.digests import address_bytes, checksummed, keccak
from stoa_audit.errors import InvalidError
from stoa_audit.signatures import recovered

LEGACY_FIELDS = 9
TYPED_FIELDS = {1: 11, 2: 12}
"""Fields by transaction type: access list (EIP-2930) and fee market (EIP-1559)."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """`sender` is None where the signature recovers to nobody, `to` where a contract is created."""

    hash: bytes
    sender: str | None
    to: str | None
    data: bytes
    nonce: int = 0

    @property
    def created(self) -> str | None:
        """The address of the contract that it creates, if it creates one."""
        if self.to is not None or self.sender is None:
            return None
        sender = address_bytes(self.sender, "a sender")
        return checksummed(keccak(rlp.encoded([sender, rlp.whole(self.nonce)]))[12:])


def parsed(raw: bytes, place: str) -> Transaction:
    """Raises InvalidError for bytes that are no transaction of type 0, 1 or 2."""
    if raw[:1] and raw[0] < 0x80:
        kind = raw[0]
        fields = rlp.decoded_list(raw[1:], place)
        if len(fields) != TYPED_FIELDS.get(kind):
            raise InvalidError(f"a transaction of type {kind} has another shape", place)
        signed = keccak(raw[:1] + rlp.encoded(fields[:-3]))
        parity, (to, data) = rlp.number(fields[-3], place), fields[kind + 3 : kind + 6 : 2]
    else:
        fields = rlp.decoded_list(raw, place)
        if len(fields) != LEGACY_FIELDS:
            raise InvalidError("a transaction has another shape", place)
        v, (to, data) = rlp.number(fields[6], place), fields[3:6:2]
        chain: list[rlp.Item] = [rlp.whole((v - 35) // 2), b"", b""] if v >= 35 else []
        signed = keccak(rlp.encoded(fields[:6] + chain))
        parity = (v - 35) % 2 if v >= 35 else v - 27
    r, s = rlp.number(fields[-2], place), rlp.number(fields[-1], place)
    if not isinstance(to, bytes) or not isinstance(data, bytes) or len(to) not in {0, 20}:
        raise InvalidError("a transaction has no receiver and no data", place)
    return Transaction(
        hash=keccak(raw),
        sender=recovered(signed, r.to_bytes(32, "big"), s, parity),
        to=checksummed(to) if to else None,
        data=data,
        nonce=rlp.number(fields[1 if raw[0] in TYPED_FIELDS else 0], place),
    )
