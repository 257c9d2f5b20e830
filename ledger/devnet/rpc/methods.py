"""The methods, each with the number of parameters that it takes."""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, cast

from eth_hash.auto import keccak

from ledger.devnet.accounts import StateAt
from ledger.devnet.records import StoredTransaction
from ledger.devnet.rpc import calls, forms, logs, values
from ledger.devnet.rpc.errors import LIMIT_EXCEEDED, SERVER_ERROR, Json, invalid_params, named
from ledger.devnet.rpc.node import BlockAt, Node
from ledger.devnet.rpc.values import hex_bytes, hex_quantity

CLIENT = f"Stoa/devnet/py-evm-{version('py-evm')}/python-{platform.python_version()}"
LONGEST_FEE_HISTORY = 1_024

Params = list[Any]


@dataclass(frozen=True)
class Method:
    function: Callable[[Node, Params], Json]
    least: int
    most: int


# -- the chain ------------------------------------------------------------------------------------------------------


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


# -- blocks ---------------------------------------------------------------------------------------------------------


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


# -- transactions ---------------------------------------------------------------------------------------------------


def send_raw_transaction(node: Node, params: Params) -> Json:
    return hex_bytes(node.sequencer.submit(values.some_bytes(params[0], "transaction")).result())


def transaction_by_hash(node: Node, params: Params) -> Json:
    digest = values.digest(params[0], "hash")
    mined = node.store.transaction(digest)
    if mined is None:
        waiting = node.sequencer.find_waiting(digest)
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
    known = node.store.transaction(digest) or node.sequencer.find_waiting(digest)
    return hex_bytes(known.raw) if known else None


def _hash_of(node: Node, mined: StoredTransaction) -> bytes:
    block = node.store.block(mined.block)
    assert block is not None, "a transaction is committed with its block"
    return block.hash


# -- state ----------------------------------------------------------------------------------------------------------


def transaction_count(node: Node, params: Params) -> Json:
    address = values.address(params[0], "address")
    reference = _reference(params, 1)
    if reference == "pending":
        return hex_quantity(node.sequencer.next_nonce(address))
    return hex_quantity(node.state_at(node.block(reference)).account(address).nonce)


def balance(node: Node, params: Params) -> Json:
    return hex_quantity(_state(node, params, 1).account(values.address(params[0], "address")).balance)


def code(node: Node, params: Params) -> Json:
    return hex_bytes(_state(node, params, 1).code(values.address(params[0], "address")))


def storage_at(node: Node, params: Params) -> Json:
    address, slot = values.address(params[0], "address"), values.slot(params[1], "position")
    return hex_bytes(_state(node, params, 2).storage(address, slot).to_bytes(32, "big"))


def proof(node: Node, params: Params) -> Json:
    address = values.address(params[0], "address")
    if not isinstance(params[1], list):
        raise invalid_params("storageKeys must be a list")
    slots = [values.slot(key, "storageKeys") for key in cast("list[Any]", params[1])]
    if len(slots) > node.limits.proof_keys:
        raise named(
            LIMIT_EXCEEDED, "too_many_keys", f"ask for at most {node.limits.proof_keys} keys at a time"
        )
    state = _state(node, params, 2)
    account = state.account(address)
    return {
        "address": hex_bytes(address),
        "balance": hex_quantity(account.balance),
        "nonce": hex_quantity(account.nonce),
        "codeHash": hex_bytes(account.code_hash),
        "storageHash": hex_bytes(account.storage_root),
        "accountProof": [hex_bytes(part) for part in state.account_proof(address)],
        "storageProof": [
            {
                "key": hex_quantity(slot),
                "value": hex_quantity(state.storage(address, slot)),
                "proof": [hex_bytes(part) for part in parts],
            }
            for slot, parts in zip(slots, state.storage_proofs(address, slots), strict=True)
        ],
    }


def call(node: Node, params: Params) -> Json:
    _refuse_overrides(params)
    return calls.call(node, params[0], node.block(_reference(params, 1)))


def estimate_gas(node: Node, params: Params) -> Json:
    """In the block that comes next, unless the caller names one: that is where the transaction will be."""
    _refuse_overrides(params)
    return calls.estimate_gas(
        node, params[0], node.block(params[1] if len(params) > 1 and params[1] else "pending").header
    )


def _refuse_overrides(params: Params) -> None:
    if len(params) > 2 and params[2]:
        raise named(SERVER_ERROR, "no_overrides", "state overrides are not supported by this chain")


def _reference(params: Params, place: int) -> Any:
    return params[place] if len(params) > place and params[place] is not None else "latest"


def _state(node: Node, params: Params, place: int) -> StateAt:
    return node.state_at(node.block(_reference(params, place)))


def get_logs(node: Node, params: Params) -> Json:
    if not isinstance(params[0], dict):
        raise invalid_params("the filter must be an object")
    return logs.get_logs(node, cast("dict[str, Any]", params[0]))


def _constant(value: Json) -> Method:
    return Method(lambda node, params: value, 0, 0)


METHODS: dict[str, Method] = {
    "web3_clientVersion": _constant(CLIENT),
    "web3_sha3": Method(lambda node, params: hex_bytes(keccak(values.some_bytes(params[0], "bytes"))), 1, 1),
    "net_version": Method(lambda node, params: str(node.genesis.chain_id), 0, 0),
    "net_listening": _constant(True),
    "net_peerCount": _constant("0x0"),
    "eth_chainId": Method(lambda node, params: hex_quantity(node.genesis.chain_id), 0, 0),
    "eth_syncing": _constant(False),
    "eth_accounts": _constant([]),
    "eth_blockNumber": Method(lambda node, params: hex_quantity(node.head_number), 0, 0),
    "eth_gasPrice": _constant("0x0"),
    "eth_maxPriorityFeePerGas": _constant("0x0"),
    "eth_feeHistory": Method(fee_history, 2, 3),
    "eth_getBlockByNumber": Method(block_by_number, 1, 2),
    "eth_getBlockByHash": Method(block_by_hash, 1, 2),
    "eth_getBlockTransactionCountByNumber": Method(count_by_number, 1, 1),
    "eth_getBlockTransactionCountByHash": Method(count_by_hash, 1, 1),
    "eth_getUncleCountByBlockNumber": Method(no_uncles_by_number, 1, 1),
    "eth_getUncleCountByBlockHash": Method(no_uncles_by_hash, 1, 1),
    "eth_getBlockReceipts": Method(block_receipts, 1, 1),
    "debug_getRawHeader": Method(raw_header, 1, 1),
    "eth_sendRawTransaction": Method(send_raw_transaction, 1, 1),
    "eth_getTransactionByHash": Method(transaction_by_hash, 1, 1),
    "eth_getTransactionByBlockNumberAndIndex": Method(transaction_by_block_number, 2, 2),
    "eth_getTransactionByBlockHashAndIndex": Method(transaction_by_block_hash, 2, 2),
    "eth_getTransactionReceipt": Method(transaction_receipt, 1, 1),
    "eth_getRawTransactionByHash": Method(raw_transaction, 1, 1),
    "eth_getTransactionCount": Method(transaction_count, 1, 2),
    "eth_getBalance": Method(balance, 1, 2),
    "eth_getCode": Method(code, 1, 2),
    "eth_getStorageAt": Method(storage_at, 2, 3),
    "eth_getProof": Method(proof, 2, 3),
    "eth_call": Method(call, 1, 3),
    "eth_estimateGas": Method(estimate_gas, 1, 3),
    "eth_getLogs": Method(get_logs, 1, 1),
}
