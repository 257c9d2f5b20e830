"""All methods by name, but for those of filters, which have a memory."""

import platform
from importlib.metadata import version
from typing import Any, cast

from eth_hash.auto import keccak

from ledger.devnet.rpc import blocks, logs, state, transactions, values
from ledger.devnet.rpc.errors import Json, invalid_params
from ledger.devnet.rpc.method import Method, Params
from ledger.devnet.rpc.node import Node
from ledger.devnet.rpc.values import hex_bytes, hex_quantity

CLIENT = f"Stoa/devnet/py-evm-{version('py-evm')}/python-{platform.python_version()}"


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
    "eth_feeHistory": Method(blocks.fee_history, 2, 3),
    "eth_getBlockByNumber": Method(blocks.block_by_number, 1, 2),
    "eth_getBlockByHash": Method(blocks.block_by_hash, 1, 2),
    "eth_getBlockTransactionCountByNumber": Method(blocks.count_by_number, 1, 1),
    "eth_getBlockTransactionCountByHash": Method(blocks.count_by_hash, 1, 1),
    "eth_getUncleCountByBlockNumber": Method(blocks.no_uncles_by_number, 1, 1),
    "eth_getUncleCountByBlockHash": Method(blocks.no_uncles_by_hash, 1, 1),
    "eth_getBlockReceipts": Method(blocks.block_receipts, 1, 1),
    "debug_getRawHeader": Method(blocks.raw_header, 1, 1),
    "eth_sendRawTransaction": Method(transactions.send_raw_transaction, 1, 1),
    "eth_getTransactionByHash": Method(transactions.transaction_by_hash, 1, 1),
    "eth_getTransactionByBlockNumberAndIndex": Method(transactions.transaction_by_block_number, 2, 2),
    "eth_getTransactionByBlockHashAndIndex": Method(transactions.transaction_by_block_hash, 2, 2),
    "eth_getTransactionReceipt": Method(transactions.transaction_receipt, 1, 1),
    "eth_getRawTransactionByHash": Method(transactions.raw_transaction, 1, 1),
    "eth_getTransactionCount": Method(state.transaction_count, 1, 2),
    "eth_getBalance": Method(state.balance, 1, 2),
    "eth_getCode": Method(state.code, 1, 2),
    "eth_getStorageAt": Method(state.storage_at, 2, 3),
    "eth_getProof": Method(state.proof, 2, 3),
    "eth_call": Method(state.call, 1, 3),
    "eth_estimateGas": Method(state.estimate_gas, 1, 3),
    "eth_getLogs": Method(get_logs, 1, 1),
}
