"""Methods that take and tell transactions."""

from typing import Any

from ledger.devnet.records import StoredTransaction
from ledger.devnet.rpc import forms, values
from ledger.devnet.rpc.errors import Json
from ledger.devnet.rpc.method import Params
from ledger.devnet.rpc.node import BlockAt, Node
from ledger.devnet.rpc.values import hex_bytes


def send_raw_transaction(node: Node, params: Params) -> Json:
    return hex_bytes(
        node.sequencer.intake.submit_all([values.some_bytes(params[0], "transaction")])[0].result()
    )


def transaction_by_hash(node: Node, params: Params) -> Json:
    digest = values.digest(params[0], "hash")
    mined = node.store.transaction(digest)
    if mined is None:
        waiting = node.sequencer.intake.find_waiting(digest)
        return forms.waiting_form(waiting) if waiting else None
    return forms.mined_form(mined, _hash_of(node, mined))


def transaction_by_block_number(node: Node, params: Params) -> Json:
    return _transaction_at(node, node.find_block(params[0]), params[1])


def transaction_by_block_hash(node: Node, params: Params) -> Json:
    return _transaction_at(node, node.block_hashed(values.digest(params[0], "hash")), params[1])


def _transaction_at(node: Node, block: BlockAt | None, position: Any) -> Json:
    index = values.quantity(position, "index")
    if block is None or block.is_pending or index >= 2**31:
        return None
    mined = node.store.transaction_at(block.number, index)
    return forms.mined_form(mined, block.header.hash) if mined else None


def transaction_receipt(node: Node, params: Params) -> Json:
    mined = node.store.transaction(values.digest(params[0], "hash"))
    return forms.receipt_form(mined, _hash_of(node, mined)) if mined else None


def raw_transaction(node: Node, params: Params) -> Json:
    digest = values.digest(params[0], "hash")
    known = node.store.transaction(digest) or node.sequencer.intake.find_waiting(digest)
    return hex_bytes(known.raw) if known else None


def _hash_of(node: Node, mined: StoredTransaction) -> bytes:
    block = node.store.block(mined.block)
    assert block is not None, "a transaction is committed with its block"
    return block.hash
