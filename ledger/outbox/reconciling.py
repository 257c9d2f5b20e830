"""What the chain knows of a key of ours and this database does not.

A database that was restored from a backup has forgotten what was sent since. Before its keys sign anything, the blocks
are searched for what they signed meanwhile, so that what still waits here and is on the ledger already is not sent a
second time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ledger.digests import unhexed
from ledger.keys import checksum
from ledger.node import LedgerError, Node


class NonceConflictError(LedgerError):
    """The chain counts transactions of a key of ours that its blocks do not show. Nothing is signed with it."""

    code = "nonce_conflict"


@dataclass(frozen=True, slots=True)
class Sent:
    """A transaction in a block, as far as it says what was done."""

    hash: bytes
    nonce: int
    to: str
    calldata: bytes
    gas: int


def sent_by(node: Node, address: str, first: int, count: int) -> list[Sent]:
    """The transactions of `address` with nonces from `first` to below `count`, which are in blocks; oldest first.

    Raises:
        NonceConflictError: a block that should hold one of them does not.
        NodeRefusedError: the node does not have the blocks any more.
    """
    found: dict[int, Sent] = {}
    for number in range(node.head().number, -1, -1):
        if len(found) == count - first:
            break
        for one in _transactions(node, number, address):
            if first <= one.nonce < count:
                found[one.nonce] = one
    if len(found) < count - first:
        raise NonceConflictError(
            f"The node at {node.url} counts {count} transactions of {address} and shows fewer. Nothing is signed with "
            "this key. Point Stoa at another of the city's nodes."
        )
    return [found[nonce] for nonce in sorted(found)]


def _transactions(node: Node, number: int, address: str) -> Iterator[Sent]:
    transactions: list[dict[str, Any]] = node.raw_block(number, full=True)["transactions"]
    for one in transactions:
        if checksum(one["from"]) == address:
            yield Sent(
                hash=unhexed(one["hash"]),
                nonce=int(one["nonce"], 16),
                to=checksum(one["to"]) if one.get("to") else "",
                calldata=unhexed(one["input"]),
                gas=int(one["gas"], 16),
            )
