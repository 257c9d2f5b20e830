"""The sequencer's seal: a signature over a block's header, carried in the header.

Two header fields that nothing else uses here carry it, so that stock clients, which refuse more than 32 bytes of extra
data, keep working: `parentBeaconBlockRoot` holds r and `extraData` holds vs of an EIP-2098 compact signature. What is
signed is the Keccak-256 digest of the RLP of the header with `parentBeaconBlockRoot` zero and `extraData` empty.
The genesis block is not sealed: its `extraData` is the sequencer's address.
"""

from typing import cast

import rlp
from eth.abc import BlockHeaderAPI
from eth_hash.auto import keccak
from rlp.exceptions import DecodingError

from ledger.keys import Signer, compact, recover

HEADER_FIELDS = 21
BLOCK_NUMBER = 8
EXTRA_DATA = 12
PARENT_BEACON_BLOCK_ROOT = 19

BLANK_ROOT = bytes(32)
BLANK_EXTRA_DATA = b""


def sealed(header: BlockHeaderAPI, signer: Signer) -> BlockHeaderAPI:
    """`header` with the signature of `signer` in it."""
    blank = header.copy(parent_beacon_block_root=BLANK_ROOT, extra_data=BLANK_EXTRA_DATA)
    r, vs = compact(signer.sign(keccak(rlp.encode(blank))))
    return header.copy(parent_beacon_block_root=r, extra_data=vs)


def sealer_of(header: bytes) -> str | None:
    """The checksummed address that sealed the block with this RLP-encoded header.

    None if it carries no valid seal: another shape, a signature that recovers to nobody, or one with a high s.
    """
    try:
        fields = cast("list[bytes | list[object]]", rlp.decode(header))
    except DecodingError:
        return None
    if len(fields) != HEADER_FIELDS:
        return None
    r, vs = fields[PARENT_BEACON_BLOCK_ROOT], fields[EXTRA_DATA]
    if not isinstance(r, bytes) or not isinstance(vs, bytes) or len(r) != 32 or len(vs) != 32:
        return None
    fields[PARENT_BEACON_BLOCK_ROOT], fields[EXTRA_DATA] = BLANK_ROOT, BLANK_EXTRA_DATA
    return recover(keccak(rlp.encode(fields)), _signature(r, vs))


def _signature(r: bytes, vs: bytes) -> bytes:
    """r || s || v from the compact form, where the top bit of vs is the parity."""
    parity = vs[0] >> 7
    s = bytes([vs[0] & 0x7F]) + vs[1:]
    return r + s + bytes([27 + parity])
