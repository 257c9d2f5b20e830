"""Methods that tell blocks, and what there is instead of fees."""

from typing import Any, cast

from ledger.devnet.records import StoredTransaction
from ledger.devnet.rpc import forms, values
from ledger.devnet.rpc.errors import SERVER_ERROR, Json, invalid_params, named
from ledger.devnet.rpc.method import Params
from ledger.devnet.rpc.node import BlockAt, Node
from ledger.devnet.rpc.values import hex_bytes, hex_quantity

LONGEST_FEE_HISTORY = 1_024


def block_by_number(node: Node, params: Params) -> Json:
    return _block_form(node, node.find_block(params[0]), params)


def block_by_hash(node: Node, params: Params) -> Json:
    return _block_form(node, node.block_hashed(values.digest(params[0], "hash")), params)


def _block_form(node: Node, block: BlockAt | None, params: Params) -> Json:
    whole = values.flag(params[1], "the second parameter") if len(params) > 1 else False
    if block is None:
        return None
    mined = _mined_in(node, block)
    transactions: list[Json] = [
        forms.mined_form(each, block.header.hash) if whole else hex_bytes(each.hash) for each in mined
    ]
    size = forms.block_size(block.header, mined)
    return forms.block_form(block.header, transactions, size, is_pending=block.is_pending)


def _mined_in(node: Node, block: BlockAt) -> list[StoredTransaction]:
    return [] if block.is_pending else node.store.transactions_in(block.number)


def count_by_number(node: Node, params: Params) -> Json:
    return _count(node, node.find_block(params[0]))


def count_by_hash(node: Node, params: Params) -> Json:
    return _count(node, node.block_hashed(values.digest(params[0], "hash")))


def _count(node: Node, block: BlockAt | None) -> Json:
    return None if block is None else hex_quantity(len(_mined_in(node, block)))


def no_uncles_by_number(node: Node, params: Params) -> Json:
    return None if node.find_block(params[0]) is None else "0x0"


def no_uncles_by_hash(node: Node, params: Params) -> Json:
    return None if node.block_hashed(values.digest(params[0], "hash")) is None else "0x0"


def block_receipts(node: Node, params: Params) -> Json:
    reference = params[0]
    is_hash = isinstance(reference, str) and len(reference) == 66
    block = node.block_hashed(values.digest(reference, "block")) if is_hash else node.find_block(reference)
    if block is None:
        return None
    return [forms.receipt_form(mined, block.header.hash) for mined in _mined_in(node, block)]


def raw_header(node: Node, params: Params) -> Json:
    block = node.block(params[0])
    stored = node.store.block(block.number)
    if stored is None:
        raise named(SERVER_ERROR, "unknown_block", "the pending block has no header yet")
    return hex_bytes(stored.header)


def fee_history(node: Node, params: Params) -> Json:
    """There are no fees: zeros, and how full the blocks were."""
    wanted = params[0] if isinstance(params[0], int) else values.quantity(params[0], "blockCount")
    if isinstance(wanted, bool) or not 0 <= wanted <= LONGEST_FEE_HISTORY:
        raise invalid_params(f"blockCount must be from 0 to {LONGEST_FEE_HISTORY}")
    newest = node.block(params[1])
    last = min(newest.number, node.head_number)
    percentiles = params[2] if len(params) > 2 and isinstance(params[2], list) else []
    blocks = [_numbered(node, number) for number in range(max(0, last - wanted + 1), last + 1)]
    history: dict[str, Json] = {
        "oldestBlock": hex_quantity(last - len(blocks) + 1),
        "baseFeePerGas": ["0x0"] * (len(blocks) + 1),
        "gasUsedRatio": [block.header.gas_used / block.header.gas_limit for block in blocks],
        "baseFeePerBlobGas": ["0x1"] * (len(blocks) + 1),
        "blobGasUsedRatio": [0] * len(blocks),
    }
    if percentiles:
        history["reward"] = [["0x0"] * len(cast("list[Any]", percentiles)) for _ in blocks]
    return history


def _numbered(node: Node, number: int) -> BlockAt:
    return node.block(hex_quantity(number))
