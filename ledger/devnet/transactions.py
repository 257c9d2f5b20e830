"""Reading a signed transaction, and refusing one that no block may hold whatever the state is."""

from dataclasses import dataclass
from typing import Literal

from eth.abc import SignedTransactionAPI
from eth.vm.forks.prague.transactions import PragueTransactionBuilder
from eth_hash.auto import keccak
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError
from rlp.exceptions import RLPException

from ledger.keys import SECP256K1_ORDER

RefusalCode = Literal[
    "malformed_transaction",
    "transaction_too_large",
    "unsupported_type",
    "wrong_chain",
    "not_replay_protected",
    "bad_signature",
    "fee_order",
    "intrinsic_gas",
    "initcode_too_large",
    "gas_above_block",
    "nonce_too_low",
    "nonce_too_high",
    "nonce_taken",
    "already_known",
    "insufficient_funds",
    "pool_full",
    "door_closed",
    "rate_limited",
    "refused_by_evm",
]


class TransactionRefusedError(Exception):
    """The transaction is not taken, and nothing has changed. `code` never changes its meaning."""

    def __init__(self, code: RefusalCode, message: str) -> None:
        super().__init__(message)
        self.code: RefusalCode = code


@dataclass(frozen=True, eq=False)
class Signed:
    """A transaction whose signature holds."""

    hash: bytes
    sender: bytes
    raw: bytes
    parsed: SignedTransactionAPI

    @property
    def nonce(self) -> int:
        return self.parsed.nonce

    @property
    def creates(self) -> bool:
        return self.parsed.to == b""

    @property
    def most_it_costs(self) -> int:
        """Wei that its sender must have."""
        return self.parsed.value + self.parsed.gas * self.parsed.max_fee_per_gas


def read_signed(raw: bytes, *, chain_id: int, gas_per_block: int, max_bytes: int) -> Signed:
    """The transaction in `raw`.

    Raises:
        TransactionRefusedError: no block of this chain may hold it.
    """
    if len(raw) > max_bytes:
        raise TransactionRefusedError(
            "transaction_too_large",
            f"transaction has {len(raw)} bytes, this chain takes {max_bytes}: split it",
        )
    parsed = _parsed(raw)
    _check_chain(parsed, chain_id)
    _check_gas(parsed, gas_per_block)
    return Signed(hash=keccak(raw), sender=_sender(parsed), raw=raw, parsed=parsed)


def reread(raw: bytes) -> SignedTransactionAPI:
    """A transaction that was read before, out of the database."""
    return PragueTransactionBuilder.decode(raw)


def _parsed(raw: bytes) -> SignedTransactionAPI:
    if not raw or (raw[0] < 0xC0 and raw[0] not in (1, 2)):
        kind = f"type {raw[0]}" if raw and raw[0] < 0x80 else "malformed"
        raise TransactionRefusedError(
            "unsupported_type", f"{kind} transaction: this chain takes types 0, 1 and 2"
        )
    try:
        parsed = PragueTransactionBuilder.decode(raw)
        parsed.validate()
    except BadSignature as error:
        raise TransactionRefusedError("bad_signature", "invalid signature") from error
    except (RLPException, ValidationError, ValueError, TypeError, IndexError) as error:
        raise TransactionRefusedError(
            "malformed_transaction", "the bytes are not a signed transaction"
        ) from error
    if parsed.encode() != raw:
        raise TransactionRefusedError("malformed_transaction", "the bytes are not canonical RLP")
    return parsed


def _check_chain(parsed: SignedTransactionAPI, chain_id: int) -> None:
    if parsed.chain_id is None:
        raise TransactionRefusedError(
            "not_replay_protected",
            f"sign for chain id {chain_id}: only replay-protected (EIP-155) transactions are taken",
        )
    if parsed.chain_id != chain_id:
        raise TransactionRefusedError(
            "wrong_chain", f"invalid chain id: it is signed for {parsed.chain_id}, this chain is {chain_id}"
        )


def _check_gas(parsed: SignedTransactionAPI, gas_per_block: int) -> None:
    if parsed.max_priority_fee_per_gas > parsed.max_fee_per_gas:
        raise TransactionRefusedError("fee_order", "max priority fee per gas higher than max fee per gas")
    if parsed.to == b"" and len(parsed.data) > MAX_INITCODE_BYTES:
        raise TransactionRefusedError(
            "initcode_too_large", f"max initcode size exceeded: {MAX_INITCODE_BYTES} bytes"
        )
    needed = least_gas(parsed)
    if parsed.gas < needed:
        raise TransactionRefusedError(
            "intrinsic_gas", f"intrinsic gas too low: have {parsed.gas}, want {needed}"
        )
    if parsed.gas > gas_per_block:
        raise TransactionRefusedError(
            "gas_above_block", f"exceeds block gas limit: at most {gas_per_block} gas"
        )


MAX_INITCODE_BYTES = 49_152


def least_gas(parsed: SignedTransactionAPI) -> int:
    """Gas below which the transaction is invalid: intrinsic with EIP-3860, or the floor of EIP-7623.

    py-evm charges for the words of initcode later and does not hold type 2 to either bound.
    """
    words = (len(parsed.data) + 31) // 32 if parsed.to == b"" else 0
    zeros = parsed.data.count(0)
    tokens = zeros + 4 * (len(parsed.data) - zeros)
    return max(parsed.intrinsic_gas + 2 * words, 21_000 + 10 * tokens)


def _sender(parsed: SignedTransactionAPI) -> bytes:
    if parsed.y_parity not in (0, 1) or not 0 < parsed.s <= SECP256K1_ORDER // 2:
        raise TransactionRefusedError(
            "bad_signature", "invalid signature: s must be in the lower half (EIP-2)"
        )
    try:
        return bytes(parsed.sender)
    except (BadSignature, ValidationError) as error:
        raise TransactionRefusedError("bad_signature", "invalid signature") from error
