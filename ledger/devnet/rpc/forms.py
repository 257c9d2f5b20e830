"""Blocks, transactions, receipts and logs in the form that clients expect."""

import rlp
from eth.abc import BlockHeaderAPI, SignedTransactionAPI
from eth.vm.forks.prague.blocks import PragueBlockHeader
from eth.vm.forks.prague.receipts import PragueReceiptBuilder

from ledger.devnet.records import StoredLog, StoredTransaction
from ledger.devnet.rpc.errors import Json
from ledger.devnet.rpc.values import hex_bytes, hex_quantity
from ledger.devnet.transactions import Signed, reread

# An empty list of transactions and of uncles, in bytes of RLP: what a block has besides its header.
_LIST_HEADER_BYTES = 9


def block_form(
    header: BlockHeaderAPI, transactions: list[Json], size: int, *, is_pending: bool
) -> dict[str, Json]:
    """A block; the pending one has no hash, for it is not made yet."""
    form: dict[str, Json] = {
        "number": hex_quantity(header.block_number),
        "hash": None if is_pending else hex_bytes(header.hash),
        "parentHash": hex_bytes(header.parent_hash),
        "nonce": None if is_pending else hex_bytes(header.nonce),
        "sha3Uncles": hex_bytes(header.uncles_hash),
        "logsBloom": None if is_pending else hex_bytes(header.bloom.to_bytes(256, "big")),
        "transactionsRoot": hex_bytes(header.transaction_root),
        "stateRoot": hex_bytes(header.state_root),
        "receiptsRoot": hex_bytes(header.receipt_root),
        "miner": hex_bytes(header.coinbase),
        "difficulty": hex_quantity(header.difficulty),
        "totalDifficulty": "0x0",
        "extraData": hex_bytes(header.extra_data),
        "mixHash": hex_bytes(header.mix_hash),
        "size": hex_quantity(size),
        "gasLimit": hex_quantity(header.gas_limit),
        "gasUsed": hex_quantity(header.gas_used),
        "timestamp": hex_quantity(header.timestamp),
        "transactions": transactions,
        "uncles": [],
        "withdrawals": [],
    }
    return form | _newer_header_fields(header)


def _newer_header_fields(header: BlockHeaderAPI) -> dict[str, Json]:
    assert isinstance(header, PragueBlockHeader)
    fields: dict[str, bytes | int] = header.as_dict()
    names = {
        "baseFeePerGas": "base_fee_per_gas",
        "withdrawalsRoot": "withdrawals_root",
        "blobGasUsed": "blob_gas_used",
        "excessBlobGas": "excess_blob_gas",
        "parentBeaconBlockRoot": "parent_beacon_block_root",
        "requestsHash": "requests_hash",
    }
    return {name: _hex(fields[field]) for name, field in names.items()}


def _hex(value: bytes | int) -> str:
    return hex_bytes(value) if isinstance(value, bytes) else hex_quantity(value)


def block_size(header: BlockHeaderAPI, transactions: list[StoredTransaction]) -> int:
    return len(rlp.encode(header)) + sum(len(mined.raw) for mined in transactions) + _LIST_HEADER_BYTES


def mined_form(mined: StoredTransaction, block_hash: bytes) -> dict[str, Json]:
    return _transaction_form(reread(mined.raw), mined.hash, mined.sender) | {
        "blockHash": hex_bytes(block_hash),
        "blockNumber": hex_quantity(mined.block),
        "transactionIndex": hex_quantity(mined.position),
    }


def waiting_form(waiting: Signed) -> dict[str, Json]:
    return _transaction_form(waiting.parsed, waiting.hash, waiting.sender) | {
        "blockHash": None,
        "blockNumber": None,
        "transactionIndex": None,
    }


def _transaction_form(parsed: SignedTransactionAPI, digest: bytes, sender: bytes) -> dict[str, Json]:
    kind = parsed.type_id or 0
    form: dict[str, Json] = {
        "hash": hex_bytes(digest),
        "type": hex_quantity(kind),
        "nonce": hex_quantity(parsed.nonce),
        "from": hex_bytes(sender),
        "to": hex_bytes(parsed.to) if parsed.to else None,
        "value": hex_quantity(parsed.value),
        "gas": hex_quantity(parsed.gas),
        "gasPrice": hex_quantity(parsed.max_fee_per_gas if kind < 2 else _price(parsed)),
        "input": hex_bytes(parsed.data),
        "chainId": hex_quantity(parsed.chain_id or 0),
        "v": hex_quantity(parsed.y_parity if kind else parsed.v),  # pyright: ignore[reportAttributeAccessIssue]
        "r": hex_quantity(parsed.r),
        "s": hex_quantity(parsed.s),
    }
    if kind >= 1:
        form["yParity"] = form["v"]
        form["accessList"] = [
            {
                "address": hex_bytes(account),
                "storageKeys": [hex_bytes(key.to_bytes(32, "big")) for key in keys],
            }
            for account, keys in parsed.access_list
        ]
    if kind == 2:
        form["maxFeePerGas"] = hex_quantity(parsed.max_fee_per_gas)
        form["maxPriorityFeePerGas"] = hex_quantity(parsed.max_priority_fee_per_gas)
    return form


def _price(parsed: SignedTransactionAPI) -> int:
    """Wei per gas that was paid. The base fee is zero, so it is the sender's own offer."""
    return min(parsed.max_fee_per_gas, parsed.max_priority_fee_per_gas)


def receipt_form(mined: StoredTransaction, block_hash: bytes) -> dict[str, Json]:
    parsed = reread(mined.raw)
    receipt = PragueReceiptBuilder.decode(mined.receipt)
    logs: list[Json] = [
        log_form(
            StoredLog(
                block=mined.block,
                log_index=mined.first_log + offset,
                position=mined.position,
                address=log.address,
                topics=tuple(topic.to_bytes(32, "big") for topic in log.topics),
                content=log.data,
            ),
            block_hash,
            mined.hash,
        )
        for offset, log in enumerate(receipt.logs)
    ]
    return {
        "transactionHash": hex_bytes(mined.hash),
        "transactionIndex": hex_quantity(mined.position),
        "blockHash": hex_bytes(block_hash),
        "blockNumber": hex_quantity(mined.block),
        "from": hex_bytes(mined.sender),
        "to": hex_bytes(parsed.to) if parsed.to else None,
        "type": hex_quantity(parsed.type_id or 0),
        "status": "0x1" if receipt.state_root == b"\x01" else "0x0",
        "gasUsed": hex_quantity(mined.gas_used),
        "cumulativeGasUsed": hex_quantity(receipt.gas_used),
        "effectiveGasPrice": hex_quantity(_price(parsed)),
        "contractAddress": hex_bytes(mined.created) if mined.created else None,
        "logsBloom": hex_bytes(receipt.bloom.to_bytes(256, "big")),
        "logs": logs,
    }


def log_form(log: StoredLog, block_hash: bytes, transaction_hash: bytes) -> dict[str, Json]:
    return {
        "address": hex_bytes(log.address),
        "topics": [hex_bytes(topic) for topic in log.topics],
        "data": hex_bytes(log.content),
        "blockNumber": hex_quantity(log.block),
        "blockHash": hex_bytes(block_hash),
        "transactionHash": hex_bytes(transaction_hash),
        "transactionIndex": hex_quantity(log.position),
        "logIndex": hex_quantity(log.log_index),
        "removed": False,
    }
