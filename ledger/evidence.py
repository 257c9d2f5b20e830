"""What a block proves: headers, transactions and receipts as the bytes that its roots were made of."""

from dataclasses import dataclass
from typing import Any

import rlp
from eth_hash.auto import keccak
from rlp.codec import encode_raw
from trie.hexary import HexaryTrie

from ledger.digests import unhexed
from ledger.node import LedgerError, Node

EMPTY_TRIE = keccak(rlp.encode(b""))

HEADER_FIELDS = (
    "parentHash",
    "sha3Uncles",
    "miner",
    "stateRoot",
    "transactionsRoot",
    "receiptsRoot",
    "logsBloom",
    "difficulty",
    "number",
    "gasLimit",
    "gasUsed",
    "timestamp",
    "extraData",
    "mixHash",
    "nonce",
    "baseFeePerGas",
    "withdrawalsRoot",
    "blobGasUsed",
    "excessBlobGas",
    "parentBeaconBlockRoot",
    "requestsHash",
)
"""In the order of their RLP; an engine that stops at an earlier fork leaves the last ones out."""
QUANTITIES = frozenset(
    {
        "difficulty",
        "number",
        "gasLimit",
        "gasUsed",
        "timestamp",
        "baseFeePerGas",
        "blobGasUsed",
        "excessBlobGas",
    }
)


class EvidenceError(LedgerError):
    """The node's answer does not fit the block's own hashes."""

    code = "node_contradicts_itself"


@dataclass(frozen=True, slots=True)
class Body:
    number: int
    transactions: tuple[bytes, ...]
    receipts: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class LogEvidence:
    """That a log is in a block: the block's header, the log's places, and the way from the root to its receipt."""

    header: bytes
    transaction: int
    log: int
    proof: tuple[bytes, ...]

    @property
    def document(self) -> dict[str, Any]:
        return {
            "header": "0x" + self.header.hex(),
            "transaction": self.transaction,
            "log": self.log,
            "proof": ["0x" + node.hex() for node in self.proof],
        }


def header_bytes(found: dict[str, Any]) -> bytes:
    """The RLP of a header as `eth_getBlockByNumber` describes it.

    Raises:
        EvidenceError: its hash is not the block's.
    """
    values = [_value(field, found[field]) for field in HEADER_FIELDS if found.get(field) is not None]
    header = rlp.encode(values)
    if keccak(header) != unhexed(found["hash"]):
        raise EvidenceError(f"Block {int(found['number'], 16)} does not have the hash that its fields make.")
    return header


def _value(field: str, text: str) -> bytes | int:
    return int(text, 16) if field in QUANTITIES else unhexed(text)


def body(node: Node, found: dict[str, Any]) -> Body:
    """The transactions and receipts of a block as the bytes under its roots."""
    transactions = tuple(
        unhexed(node.request("eth_getRawTransactionByHash", hash_)) for hash_ in found["transactions"]
    )
    answered = node.request("eth_getBlockReceipts", found["number"]) if transactions else []
    return Body(int(found["number"], 16), transactions, tuple(receipt_bytes(one) for one in answered))


def receipt_bytes(found: dict[str, Any]) -> bytes:
    logs = [
        [unhexed(log["address"]), [unhexed(topic) for topic in log["topics"]], unhexed(log["data"])]
        for log in found["logs"]
    ]
    fields = [
        int(found["status"], 16),
        int(found["cumulativeGasUsed"], 16),
        unhexed(found["logsBloom"]),
        logs,
    ]
    kind = int(found["type"], 16)
    return (bytes([kind]) if kind else b"") + bytes(rlp.encode(fields))


def log_evidence(node: Node, *, block: int, transaction: bytes, index: int) -> LogEvidence:
    """Evidence of the log at position `index` of its block.

    Raises:
        EvidenceError: the node's receipts do not make the header's root, or have no such log.
    """
    raw = node.raw_block(block)
    header = header_bytes(raw)
    receipts = node.request("eth_getBlockReceipts", raw["number"])
    trie = HexaryTrie({})
    for position, one in enumerate(receipts):
        trie[rlp.encode(position)] = receipt_bytes(one)
    if trie.root_hash != unhexed(raw["receiptsRoot"]):
        raise EvidenceError(f"The receipts of block {block} are not those that its header commits to.")
    for position, one in enumerate(receipts):
        if unhexed(one["transactionHash"]) != transaction:
            continue
        for place, log in enumerate(one["logs"]):
            if int(log["logIndex"], 16) == index:
                nodes = trie.get_proof(rlp.encode(position))
                return LogEvidence(header, position, place, tuple(encode_raw(part) for part in nodes))
    raise EvidenceError(f"Block {block} has no log {index} of that transaction.")


def account_proof(node: Node, address: str, block: int) -> list[str]:
    return list(node.request("eth_getProof", address, [], hex(block))["accountProof"])
