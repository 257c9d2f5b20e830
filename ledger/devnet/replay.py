"""Executing a chain again from its genesis by stock rules, to see that it says the same.

Blocks go through py-evm's own import, which shares no code with the way the sequencer builds them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from eth.abc import BlockHeaderAPI
from eth.chains.base import Chain
from eth.db.atomic import AtomicDB
from eth.vm.forks.prague.blocks import PragueBlock
from eth.vm.forks.prague.receipts import PragueReceiptBuilder
from eth_typing import BlockNumber
from eth_utils.exceptions import ValidationError

from ledger.devnet import genesis as genesis_file
from ledger.devnet.building import decode_header
from ledger.devnet.errors import DevnetError
from ledger.devnet.evm import DevnetVM
from ledger.devnet.genesis import Genesis, checksum_of
from ledger.devnet.records import StoredBlock
from ledger.devnet.seal import sealer_of
from ledger.devnet.store import Store
from ledger.devnet.transactions import reread


class ReplayError(DevnetError):
    """The chain does not follow from its genesis. The message names the first block that does not."""

    code = "replay"


@dataclass(frozen=True)
class Replayed:
    blocks: int
    transactions: int
    head_hash: bytes


def replay(folder: Path, progress: Callable[[int], None] = lambda block: None) -> Replayed:
    """Execute the chain in `folder` again in memory. The chain may be running.

    Raises:
        ReplayError: a block is not what its transactions make, or is not sealed by the sequencer.
    """
    found = genesis_file.read(folder / "genesis.json")
    if found.sequencer is None or found.timestamp is None:
        raise ReplayError(f"{folder / 'genesis.json'} does not name the sequencer and the time.")
    genesis = found.completed(sequencer=found.sequencer, timestamp=found.timestamp)
    store = Store(folder / "chain.sqlite", read_only=True)
    try:
        return _replay(store, genesis, progress)
    finally:
        store.close()


def _replay(store: Store, genesis: Genesis, progress: Callable[[int], None]) -> Replayed:
    db = AtomicDB()
    header = genesis.header(db)
    if _block(store, 0).hash != header.hash:
        raise ReplayError("Block 0 is not the one that the genesis file makes.")
    chain = _stock_chain(genesis.chain_id).from_genesis_header(db, header)
    head, transactions = header.hash, 0
    for number in range(1, _newest(store) + 1):
        stored = _block(store, number)
        transactions += _import(chain, store, stored, genesis)  # pyright: ignore[reportArgumentType]
        head = stored.hash
        progress(number)
    return Replayed(_newest(store), transactions, head)


def _stock_chain(chain_id: int) -> type[Chain]:
    return Chain.configure("Replayed", vm_configuration=((BlockNumber(0), DevnetVM),), chain_id=chain_id)


def _import(chain: Chain, store: Store, stored: StoredBlock, genesis: Genesis) -> int:
    """Import one block. Returns how many transactions it has."""
    header = decode_header(stored.header)
    if sealer_of(stored.header) != checksum_of(genesis.sequencer) or header.hash != stored.hash:
        raise ReplayError(f"Block {stored.number} is not sealed by the sequencer that the genesis names.")
    mined = store.transactions_in(stored.number)
    block = PragueBlock(header, [reread(each.raw) for each in mined], uncles=(), withdrawals=())
    try:
        chain.import_block(block)
    except ValidationError as error:
        raise ReplayError(f"Block {stored.number} is not what its transactions make: {error}") from error
    _require_receipts(chain, header, [each.receipt for each in mined])
    return len(mined)


def _require_receipts(chain: Chain, header: BlockHeaderAPI, stored: list[bytes]) -> None:
    executed = [receipt.encode() for receipt in chain.chaindb.get_receipts(header, PragueReceiptBuilder)]
    if executed != stored:
        raise ReplayError(f"The receipts kept for block {header.block_number} are not those that it makes.")


def _block(store: Store, number: int) -> StoredBlock:
    block = store.block(number)
    if block is None:
        raise ReplayError(f"Block {number} is missing.")
    return block


def _newest(store: Store) -> int:
    head = store.head()
    return head.number if head else 0
