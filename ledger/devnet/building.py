"""Executing transactions on top of a block and putting them into the next one."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import rlp
from eth.abc import BlockHeaderAPI, ComputationAPI, ReceiptAPI
from eth.consensus.context import ConsensusContext
from eth.db.chain import ChainDB
from eth.db.trie import make_trie_root_and_nodes
from eth.exceptions import HeaderNotFound
from eth.vm.chain_context import ChainContext
from eth.vm.forks.prague.blocks import PragueBlockHeader
from eth_typing import Hash32
from eth_utils.exceptions import ValidationError

from ledger.devnet.evm import DevnetVM, header_after
from ledger.devnet.nodes import NodeBuffer, NodeCache
from ledger.devnet.store import Store
from ledger.devnet.transactions import Signed

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Executed:
    """A transaction and what came of it."""

    transaction: Signed
    receipt: ReceiptAPI
    gas_used: int
    created: bytes | None


@dataclass(frozen=True)
class Built:
    """A block without its seal, and the state nodes that it adds."""

    header: BlockHeaderAPI
    executed: Sequence[Executed]
    dropped: Sequence[tuple[Signed, str]]
    """Transactions that the block could not take and none after it will, with the reason."""
    nodes: dict[bytes, bytes]


class Ancestry(ChainDB):
    """What py-evm asks its chain database for while it executes: nodes, and the headers of earlier blocks."""

    def __init__(self, nodes: NodeBuffer, store: Store) -> None:
        super().__init__(nodes)
        self._store = store

    def get_block_header_by_hash(self, block_hash: Hash32) -> BlockHeaderAPI:
        block = self._store.block_by_hash(block_hash)
        if block is None:
            raise HeaderNotFound(f"There is no block 0x{block_hash.hex()}.")
        return decode_header(block.header)


def decode_header(encoded: bytes) -> BlockHeaderAPI:
    return rlp.decode(encoded, sedes=PragueBlockHeader)


class BlockBuilder:
    """Builds blocks; keeps nothing between them."""

    def __init__(self, store: Store, nodes: NodeCache, *, chain_id: int, gas_per_block: int) -> None:
        self._store = store
        self._nodes = nodes
        self._chain_context = ChainContext(chain_id)
        self._gas_per_block = gas_per_block

    def build(
        self, parent: BlockHeaderAPI, candidates: Sequence[Signed], *, timestamp: int, coinbase: bytes
    ) -> Built:
        """The block after `parent` with those `candidates` that it has gas for, in their order.

        A transaction that cannot be executed is left out, and the block is started again without it, so that nothing
        of it can be left behind. It is rare: what is known to fail was refused when it was sent.
        """
        dropped: list[tuple[Signed, str]] = []
        remaining = list(candidates)
        while True:
            work = _Work(self._vm(parent, timestamp, coinbase), self._gas_per_block)
            try:
                work.execute_all(remaining)
            except _CannotExecuteError as error:
                dropped.append((error.transaction, error.reason))
                remaining.remove(error.transaction)
            else:
                return work.finished(dropped)

    def _vm(self, parent: BlockHeaderAPI, timestamp: int, coinbase: bytes) -> DevnetVM:
        header = header_after(parent, timestamp=timestamp, coinbase=coinbase)
        buffer = NodeBuffer(self._nodes)
        return DevnetVM(header, Ancestry(buffer, self._store), self._chain_context, ConsensusContext(buffer))


class _CannotExecuteError(Exception):
    def __init__(self, transaction: Signed, reason: str) -> None:
        super().__init__(reason)
        self.transaction = transaction
        self.reason = reason


class _Work:
    """One attempt at a block."""

    def __init__(self, vm: DevnetVM, gas_per_block: int) -> None:
        self._vm = vm
        self._gas_per_block = gas_per_block
        self._header = vm.get_header()
        self._executed: list[Executed] = []

    def execute_all(self, candidates: Sequence[Signed]) -> None:
        full_for: set[bytes] = set()
        for candidate in candidates:
            # Once a sender's transaction had to wait for the next block, its later nonces wait with it.
            if candidate.sender in full_for:
                continue
            if self._header.gas_used + candidate.parsed.gas > self._gas_per_block:
                full_for.add(candidate.sender)
                continue
            self._execute(candidate)

    def _execute(self, candidate: Signed) -> None:
        try:
            receipt, computation = self._vm.apply_transaction(self._header, candidate.parsed)
        except ValidationError as error:
            raise _CannotExecuteError(candidate, str(error)) from error
        except Exception as error:
            logger.exception("The EVM broke over transaction 0x%s.", candidate.hash.hex())
            raise _CannotExecuteError(candidate, "the EVM cannot execute it") from error
        self._take(candidate, receipt, computation)

    def _take(self, candidate: Signed, receipt: ReceiptAPI, computation: ComputationAPI) -> None:
        gas_used = receipt.gas_used - self._header.gas_used
        created = bytes(computation.msg.storage_address) if candidate.creates else None
        self._executed.append(Executed(candidate, receipt, gas_used, created))
        self._header = self._vm.add_receipt_to_header(self._header, receipt)

    def finished(self, dropped: Sequence[tuple[Signed, str]]) -> Built:
        transactions_root, _ = make_trie_root_and_nodes([each.transaction.parsed for each in self._executed])
        receipts_root, _ = make_trie_root_and_nodes([each.receipt for each in self._executed])
        self._vm.state.persist()
        header = self._header.copy(
            transaction_root=transactions_root,
            receipt_root=receipts_root,
            state_root=self._vm.state.state_root,
        )
        buffer = self._vm.chaindb.db
        assert isinstance(buffer, NodeBuffer)
        return Built(header, self._executed, dropped, buffer.written)
