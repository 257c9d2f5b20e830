"""What the database keeps of a chain, as rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class StoredBlock:
    number: int
    hash: bytes
    header: bytes
    """RLP, as the hash is taken of it."""

    @classmethod
    def of(cls, row: tuple[Any, ...] | None) -> "StoredBlock | None":
        return cls(*row) if row else None


@dataclass(frozen=True)
class StoredTransaction:
    """A mined transaction with its receipt, both encoded as in the block's tries."""

    block: int
    position: int
    hash: bytes
    sender: bytes
    raw: bytes
    receipt: bytes
    gas_used: int
    first_log: int
    """Index within the block of its first log, also when it has none."""
    created: bytes | None
    """Address of the contract it made."""

    def row(self) -> tuple[Any, ...]:
        return (
            self.block,
            self.position,
            self.hash,
            self.sender,
            self.raw,
            self.receipt,
            self.gas_used,
            self.first_log,
            self.created,
        )


@dataclass(frozen=True)
class StoredLog:
    block: int
    log_index: int
    position: int
    address: bytes
    topics: tuple[bytes, ...]
    content: bytes

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> "StoredLog":
        block, log_index, position, address, *topics, content = row
        return cls(
            block,
            log_index,
            position,
            address,
            tuple(topic for topic in topics if topic is not None),
            content,
        )

    def row(self) -> tuple[Any, ...]:
        topics: Iterable[bytes | None] = (*self.topics, None, None, None, None)[:4]
        return (self.block, self.log_index, self.position, self.address, *topics, self.content)


@dataclass(frozen=True)
class StoredWaiting:
    """A transaction that was acknowledged and is not in a block yet."""

    hash: bytes
    raw: bytes
    arrival: int


@dataclass(frozen=True)
class Commit:
    """All that one step of the sequencer changes. It is written whole or not at all."""

    block: StoredBlock | None = None
    transactions: Sequence[StoredTransaction] = ()
    logs: Sequence[StoredLog] = ()
    nodes: Mapping[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    now_waiting: Sequence[StoredWaiting] = ()
    no_longer_waiting: Sequence[bytes] = ()
