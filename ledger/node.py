"""A node of the ledger, asked over JSON-RPC and trusted with nothing.

Works with any engine: by URL, or with a web3 provider in this process.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from eth_abi.abi import decode
from web3 import HTTPProvider
from web3.providers import BaseProvider

from ledger.abi import argument_types, selector_of
from ledger.bindings import ERRORS
from ledger.digests import unhexed
from ledger.keys import checksum

REVERT_CODE = 3
MOST_BLOCKS = 10_000
"""Blocks per range query: engines bound what they answer."""
ERROR_STRING = bytes.fromhex("08c379a0")
PANIC = bytes.fromhex("4e487b71")


class LedgerError(Exception):
    """The ledger could not be asked, or would not do what it was asked."""

    code = "ledger_error"


class NodeUnreachableError(LedgerError):
    """No answer from the node."""

    code = "node_unreachable"


class NodeRefusedError(LedgerError):
    """The node answered with an error."""

    code = "node_refused"

    def __init__(self, message: str, number: int = 0, detail: object = None) -> None:
        super().__init__(message)
        self.number = number
        self.detail = detail


class RevertedError(LedgerError):
    """A contract refused. `name` is its custom error and `values` what it compared."""

    code = "contract_refused"

    def __init__(self, name: str, values: dict[str, object]) -> None:
        shown = ", ".join(f"{key} {printable(value)}" for key, value in values.items())
        super().__init__(f"The contract refused: {name}" + (f" ({shown})" if shown else ""))
        self.name = name
        self.values = values


class WrongLedgerError(LedgerError):
    """The node serves another chain than the city's."""

    code = "wrong_ledger"


@dataclass(frozen=True, slots=True)
class Block:
    number: int
    hash: bytes
    parent: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class Log:
    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: bytes
    transaction: bytes
    index: int


@dataclass(frozen=True, slots=True)
class Receipt:
    transaction: bytes
    block_number: int
    block_hash: bytes
    succeeded: bool
    gas_used: int
    contract: str | None
    logs: tuple[Log, ...]


class Node:
    """Asks one node. Thread-safe as far as its provider is: web3's HTTP provider keeps a session per thread."""

    def __init__(self, provider: BaseProvider, url: str = "in process") -> None:
        self._provider = provider
        self._ids = itertools.count(1)
        self.url = url

    @classmethod
    def at(cls, url: str, timeout: float = 30.0) -> "Node":
        # No retries of its own: whether a transaction is sent again is decided by the sender, by state.
        provider = HTTPProvider(url, request_kwargs={"timeout": timeout}, exception_retry_configuration=None)
        return cls(provider, url)

    def request(self, method: str, *parameters: object) -> Any:
        """Ask one thing.

        Raises:
            NodeUnreachableError: no answer.
            RevertedError: a contract refused.
            NodeRefusedError: any other error of the node.
        """
        return self._unwrap(self._ask(method, parameters))

    def _ask(self, method: str, parameters: Sequence[object]) -> dict[str, Any]:
        try:
            return cast("dict[str, Any]", self._provider.make_request(cast("Any", method), list(parameters)))
        except (OSError, ValueError) as error:  # requests' errors are OSErrors; ValueError: not JSON
            raise NodeUnreachableError(
                f"The node at {self.url} does not answer. Start it (`stoa serve`), or name another."
            ) from error

    @staticmethod
    def _unwrap(answer: dict[str, Any]) -> Any:
        error = answer.get("error")
        if error is None:
            return answer.get("result")
        if isinstance(error, str):
            raise NodeRefusedError(error)
        if error.get("code") == REVERT_CODE and isinstance(error.get("data"), str):
            raise reverted(unhexed(error["data"]))
        raise NodeRefusedError(str(error.get("message")), int(error.get("code", 0)), error.get("data"))

    def chain_id(self) -> int:
        return int(self.request("eth_chainId"), 16)

    def head(self) -> Block:
        return self.block("latest")

    def block(self, which: int | bytes | str) -> Block:
        """Raises NodeRefusedError for a block that the node does not know."""
        found = self.raw_block(which)
        return Block(
            number=int(found["number"], 16),
            hash=unhexed(found["hash"]),
            parent=unhexed(found["parentHash"]),
            timestamp=int(found["timestamp"], 16),
        )

    def raw_block(self, which: int | bytes | str, *, full: bool = False) -> dict[str, Any]:
        if isinstance(which, bytes):
            found = self.request("eth_getBlockByHash", "0x" + which.hex(), full)
        else:
            found = self.request("eth_getBlockByNumber", block_tag(which), full)
        if found is None:
            raise NodeRefusedError(f"The node at {self.url} does not know block {printable(which)}.")
        return cast("dict[str, Any]", found)

    def logs(self, block_hash: bytes, addresses: Sequence[str]) -> list[Log]:
        """All logs of these contracts in one block, by its hash: an unknown block is an error, never an empty list."""
        asked = {"blockHash": "0x" + block_hash.hex(), "address": list(addresses)}
        return [parsed_log(entry) for entry in self.request("eth_getLogs", asked)]

    def logs_about(
        self, addresses: Sequence[str], topics: Sequence[bytes | None], first: int = 0
    ) -> list[Log]:
        """All logs of these contracts with these topics, from block `first` to the head, page by page."""
        wanted = [None if topic is None else "0x" + topic.hex() for topic in topics]
        head = self.head().number
        found: list[Log] = []
        for start in range(first, head + 1, MOST_BLOCKS):
            end = min(start + MOST_BLOCKS - 1, head)
            asked = {
                "fromBlock": hex(start),
                "toBlock": hex(end),
                "address": list(addresses),
                "topics": wanted,
            }
            found += [parsed_log(entry) for entry in self.request("eth_getLogs", asked)]
        return found

    def logs_between(self, first: int, last: int, addresses: Sequence[str]) -> list[Log]:
        asked = {"fromBlock": hex(first), "toBlock": hex(last), "address": list(addresses)}
        return [parsed_log(entry) for entry in self.request("eth_getLogs", asked)]

    def receipt(self, transaction: bytes) -> Receipt | None:
        found = self.request("eth_getTransactionReceipt", "0x" + transaction.hex())
        return None if found is None else parsed_receipt(found)

    def nonce(self, address: str, block: int | str = "latest") -> int:
        """Transactions of `address` in blocks. Never the pending count: it lies after a dropped transaction."""
        return int(self.request("eth_getTransactionCount", address, block_tag(block)), 16)

    def call(self, to: str, data: bytes, block: int | str = "latest") -> bytes:
        return unhexed(self.request("eth_call", {"to": to, "data": "0x" + data.hex()}, block_tag(block)))

    def call_as(self, sender: str, to: str, data: bytes, block: int | str = "latest") -> bytes:
        asked = {"from": sender, "to": to, "data": "0x" + data.hex()}
        return unhexed(self.request("eth_call", asked, block_tag(block)))

    def code(self, address: str, block: int | str = "latest") -> bytes:
        return unhexed(self.request("eth_getCode", address, block_tag(block)))

    def send_raw(self, raw: bytes) -> bytes:
        """Hand over a signed transaction; its hash."""
        return unhexed(self.request("eth_sendRawTransaction", "0x" + raw.hex()))

    def knows(self, transaction: bytes) -> bool:
        return self.request("eth_getTransactionByHash", "0x" + transaction.hex()) is not None


def block_tag(which: int | str) -> str:
    return hex(which) if isinstance(which, int) else which


def parsed_log(entry: dict[str, Any]) -> Log:
    return Log(
        address=checksum(entry["address"]),
        topics=tuple(unhexed(topic) for topic in entry["topics"]),
        data=unhexed(entry["data"]),
        block_number=int(entry["blockNumber"], 16),
        block_hash=unhexed(entry["blockHash"]),
        transaction=unhexed(entry["transactionHash"]),
        index=int(entry["logIndex"], 16),
    )


def parsed_receipt(found: dict[str, Any]) -> Receipt:
    return Receipt(
        transaction=unhexed(found["transactionHash"]),
        block_number=int(found["blockNumber"], 16),
        block_hash=unhexed(found["blockHash"]),
        succeeded=int(found["status"], 16) == 1,
        gas_used=int(found["gasUsed"], 16),
        contract=checksum(found["contractAddress"]) if found.get("contractAddress") else None,
        logs=tuple(parsed_log(entry) for entry in found["logs"]),
    )


ERROR_OF_SELECTOR = {selector_of(signature): signature for signature in ERRORS}


def reverted(data: bytes) -> RevertedError:
    """The refusal behind revert data, by name when it is one of ours."""
    signature = ERROR_OF_SELECTOR.get(data[:4])
    if signature is not None:
        values = decode(argument_types(signature), data[4:])
        return RevertedError(signature.split("(", 1)[0], dict(zip(ERRORS[signature], values, strict=True)))
    if data[:4] == ERROR_STRING:
        return RevertedError("Error", {"message": decode(["string"], data[4:])[0]})
    if data[:4] == PANIC:
        return RevertedError("Panic", {"code": decode(["uint256"], data[4:])[0]})
    return RevertedError("Unknown", {"data": data[:68]})


def printable(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
