"""What the methods read from: one chain, and which block a caller means."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from eth.abc import BlockHeaderAPI

from ledger.devnet.accounts import StateAt
from ledger.devnet.building import decode_header
from ledger.devnet.execution import Executor
from ledger.devnet.genesis import Genesis
from ledger.devnet.limits import Limits
from ledger.devnet.nodes import NodeBuffer, NodeCache
from ledger.devnet.rpc import values
from ledger.devnet.rpc.errors import SERVER_ERROR, invalid_params, named
from ledger.devnet.sequencer import Sequencer
from ledger.devnet.store import Store

NEWEST = ("latest", "safe", "finalized")


@dataclass(frozen=True)
class BlockAt:
    """A block that a caller meant. The pending one is not made yet: it has the state of the head and no hash."""

    header: BlockHeaderAPI
    is_pending: bool = False

    @property
    def number(self) -> int:
        return self.header.block_number


@dataclass(frozen=True)
class Node:
    store: Store
    nodes: NodeCache
    genesis: Genesis
    sequencer: Sequencer
    limits: Limits
    clock: Callable[[], int]

    @property
    def head_number(self) -> int:
        return self.sequencer.head.block_number

    def state_at(self, block: BlockAt) -> StateAt:
        return StateAt(NodeBuffer(self.nodes), block.header.state_root)

    def executor(self) -> Executor:
        return Executor(self.store, self.nodes, self.genesis)

    def find_block(self, reference: Any) -> BlockAt | None:
        """The block that `reference` names: a tag, a number, or an object as in EIP-1898. None: there is none yet."""
        if isinstance(reference, dict):
            return self._block_of_object(cast("dict[str, Any]", reference))
        if reference == "pending":
            return BlockAt(self.executor().next_header(self.sequencer.head, self.clock()), is_pending=True)
        if reference in NEWEST:
            return BlockAt(self.sequencer.head)
        return self.block_numbered(self.number(reference))

    def block(self, reference: Any) -> BlockAt:
        """The same, for a caller that needs one.

        Raises:
            RpcError: there is none.
        """
        found = self.find_block(reference)
        if found is None:
            raise named(
                SERVER_ERROR, "unknown_block", f"header not found: the head is block {self.head_number}"
            )
        return found

    def number(self, reference: Any) -> int:
        """The block number that a tag or a number means."""
        if reference == "earliest":
            return 0
        if reference in NEWEST:
            return self.head_number
        if reference == "pending":
            return self.head_number + 1
        return values.quantity(reference, "block")

    def block_numbered(self, number: int) -> BlockAt | None:
        if number > self.head_number:
            return None
        stored = self.store.block(number)
        return BlockAt(decode_header(stored.header)) if stored else None

    def block_hashed(self, digest: bytes) -> BlockAt | None:
        stored = self.store.block_by_hash(digest)
        return BlockAt(decode_header(stored.header)) if stored else None

    def _block_of_object(self, reference: dict[str, Any]) -> BlockAt | None:
        by_hash, by_number = reference.get("blockHash"), reference.get("blockNumber")
        if (by_hash is None) == (by_number is None):
            raise invalid_params("a block object must have either blockHash or blockNumber")
        if by_hash is None:
            return self.find_block(by_number) if isinstance(by_number, str) else self._refuse_number()
        return self.block_hashed(values.digest(by_hash, "blockHash"))

    def _refuse_number(self) -> BlockAt:
        raise invalid_params("blockNumber must be a tag or a hex quantity")
