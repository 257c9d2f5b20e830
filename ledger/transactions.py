"""Signed transactions, and the short way to send one and wait for it.

The short way is for tools that hold a key and a node and nothing else: deployment, a citizen's revocation from any
node, tests. The service writes what it sends to a database first: see `ledger.outbox`.
"""

import time
from dataclasses import dataclass

from eth_account import Account

from ledger.abi import Call
from ledger.keys import LocalSigner
from ledger.node import LedgerError, Node, Receipt, RevertedError

DEFAULT_GAS = 3_000_000


class TransactionLostError(LedgerError):
    """A transaction was accepted and did not reach a block in time."""

    code = "transaction_pending"


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    raw: bytes
    hash: bytes


def sign_transaction(
    signer: LocalSigner, *, chain_id: int, nonce: int, to: str | None, data: bytes, gas: int = DEFAULT_GAS
) -> SignedTransaction:
    """A type-2 transaction at zero fee: gas is free on the ledger and still metered."""
    fields: dict[str, int | bytes | str] = {
        "type": 2,
        "chainId": chain_id,
        "nonce": nonce,
        "gas": gas,
        "maxFeePerGas": 0,
        "maxPriorityFeePerGas": 0,
        "value": 0,
        "data": data,
    }
    if to is not None:
        fields["to"] = to
    signed = Account.sign_transaction(fields, signer.secret)
    return SignedTransaction(raw=bytes(signed.raw_transaction), hash=bytes(signed.hash))


class DirectSender:
    """Sends one transaction after the other from one key, waiting for each."""

    def __init__(self, node: Node, signer: LocalSigner, wait_seconds: float = 60.0) -> None:
        self._node = node
        self._signer = signer
        self._chain_id = node.chain_id()
        self._wait_seconds = wait_seconds

    @property
    def address(self) -> str:
        return self._signer.address

    def send(self, call: Call, gas: int = DEFAULT_GAS) -> Receipt:
        """Raises RevertedError, with the contract's own words, when it refuses."""
        return self._send(call.to, call.data, gas)

    def deploy(self, code: bytes, gas: int = 8_000_000) -> str:
        receipt = self._send(None, code, gas)
        assert receipt.contract is not None
        return receipt.contract

    def _send(self, to: str | None, data: bytes, gas: int) -> Receipt:
        nonce = self._node.nonce(self.address)
        signed = sign_transaction(
            self._signer, chain_id=self._chain_id, nonce=nonce, to=to, data=data, gas=gas
        )
        self._node.send_raw(signed.raw)
        receipt = self._wait(signed.hash)
        if not receipt.succeeded:
            self._explain(to, data, receipt)
        return receipt

    def _wait(self, transaction: bytes) -> Receipt:
        give_up = time.monotonic() + self._wait_seconds
        pause = 0.005
        while True:
            receipt = self._node.receipt(transaction)
            if receipt is not None:
                return receipt
            if time.monotonic() > give_up:
                raise TransactionLostError(
                    f"Transaction 0x{transaction.hex()} is not in a block after {self._wait_seconds:.0f} s."
                )
            time.sleep(pause)
            pause = min(pause * 2, 0.5)

    def _explain(self, to: str | None, data: bytes, receipt: Receipt) -> None:
        if to is not None:
            # The same call on the block before it gives the reason; it raises.
            self._node.call_as(self.address, to, data, receipt.block_number - 1)
            self._node.call_as(self.address, to, data, receipt.block_number)
        raise RevertedError("Unknown", {"transaction": receipt.transaction})
