"""People who sign transactions, and how they ask the chain."""

from collections.abc import Callable
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount

from ledger.devnet.genesis import CHAIN_ID
from ledger.keys import checksum

# Answers a parsed JSON-RPC payload: a chain in this process, or one behind HTTP.
Rpc = Callable[[Any], Any]


class RpcFailure(Exception):  # noqa: N818  # it is what the tests look for, not a bug of ours
    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.number: int = error["code"]
        self.data: Any = error.get("data")

    @property
    def code(self) -> str:
        return self.data["code"]


def ask(rpc: Rpc, method: str, *params: Any) -> Any:
    answer = rpc({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
    if "error" in answer:
        raise RpcFailure(answer["error"])
    return answer["result"]


class Person:
    """Signs with a key of her own and counts her nonces."""

    def __init__(self, rpc: Rpc, chain_id: int = CHAIN_ID) -> None:
        self.account: LocalAccount = Account.create()
        self.address: str = self.account.address
        self.next_nonce = 0
        self._rpc = rpc
        self._chain_id = chain_id

    def sign(
        self, to: str | None = None, data: bytes = b"", *, nonce: int | None = None, **fields: Any
    ) -> bytes:
        """A signed transaction, of type 2 unless its fields say otherwise. `nonce` None: the next one."""
        if nonce is None:
            nonce = self.next_nonce
            self.next_nonce += 1
        transaction: dict[str, Any] = {"nonce": nonce, "gas": 300_000, "value": 0, "data": data}
        transaction["chainId"] = self._chain_id
        if "gasPrice" not in fields:
            transaction |= {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0}
        if to is not None:
            transaction["to"] = checksum(to)
        return bytes(self.account.sign_transaction(transaction | fields).raw_transaction)

    def send(self, to: str | None = None, data: bytes = b"", **fields: Any) -> dict[str, Any]:
        """Sends a transaction and returns its receipt."""
        return ask(self._rpc, "eth_getTransactionReceipt", self.send_raw(self.sign(to, data, **fields)))

    def send_raw(self, raw: bytes) -> str:
        return ask(self._rpc, "eth_sendRawTransaction", "0x" + raw.hex())

    def deploy(self, initcode: bytes) -> str:
        receipt = self.send(None, initcode, gas=3_000_000)
        assert receipt["status"] == "0x1"
        return receipt["contractAddress"]
