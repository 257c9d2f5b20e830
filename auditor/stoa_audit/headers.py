"""Block headers: their hash, their parent, and the sequencer's seal in them.

The seal is a compact secp256k1 signature (EIP-2098): r in the field parentBeaconBlockRoot, vs in extraData, over the
hash of the same header with both blanked. The genesis block is not sealed; its extraData is the sequencer's address.
"""

from dataclasses import dataclass
from functools import cached_property

from stoa_audit import rlp
from stoa_audit.digests import ZERO, checksummed, keccak
from stoa_audit.errors import InvalidError
from stoa_audit.signatures import signer_of

FIELDS = 21
PARENT, STATE, TRANSACTIONS, RECEIPTS, NUMBER, TIME, EXTRA, BEACON = 0, 3, 4, 5, 8, 11, 12, 19


@dataclass(frozen=True)
class Header:
    raw: bytes
    fields: list[rlp.Item]
    number: int
    timestamp: int
    parent: bytes
    state_root: bytes
    transactions_root: bytes
    receipts_root: bytes

    @classmethod
    def parsed(cls, raw: bytes, place: str) -> "Header":
        """Raises InvalidError for bytes that are no header of this engine."""
        fields = rlp.decoded_list(raw, place)
        if len(fields) != FIELDS:
            raise InvalidError(f"a header has {FIELDS} fields, this one {len(fields)}", place)
        parent, state, transactions, receipts = (
            rlp.fixed(fields[index], 32, place) for index in (PARENT, STATE, TRANSACTIONS, RECEIPTS)
        )
        number, timestamp = rlp.number(fields[NUMBER], place), rlp.number(fields[TIME], place)
        return cls(raw, fields, number, timestamp, parent, state, transactions, receipts)

    @cached_property
    def hash(self) -> bytes:
        return keccak(self.raw)

    @property
    def named_sequencer(self) -> str | None:
        """The address in a genesis block's extra data."""
        extra = self.fields[EXTRA]
        return checksummed(extra) if isinstance(extra, bytes) and len(extra) == 20 else None

    @cached_property
    def sealer(self) -> str | None:
        """Whose seal the header carries; None if it carries none that is valid."""
        r, vs = self.fields[BEACON], self.fields[EXTRA]
        if not isinstance(r, bytes) or not isinstance(vs, bytes) or len(r) != 32 or len(vs) != 32:
            return None
        blank = list(self.fields)
        blank[EXTRA], blank[BEACON] = b"", ZERO
        return signer_of(keccak(rlp.encoded(blank)), r, vs)
