"""Reading the ledger block by block, by hash.

A block is fetched by number once, to learn its hash; its logs are asked for by that hash, so an answer for another fork
or an unknown block is an error and never an empty list. Parents must match.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ledger.abi import Event, LogFields
from ledger.bindings import EVENTS
from ledger.city import City
from ledger.digests import unhexed
from ledger.node import Block, LedgerError, Log, Node

NO_LOGS = bytes(256)


class UnreadableLogError(LedgerError):
    """A contract of the city emitted something we cannot decode. Reading stops: skipping would lose a fact."""

    code = "unreadable_log"


class ForkError(LedgerError):
    """The node's block does not follow the one we read before."""

    code = "ledger_forked"


@dataclass(frozen=True, slots=True)
class Place:
    """Where on the ledger something happened."""

    block: int
    timestamp: int
    index: int
    transaction: bytes


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of one of the city's contracts, and where it happened."""

    event: Event
    contract: str
    place: Place


@dataclass(frozen=True, slots=True)
class ReadBlock:
    block: Block
    happenings: tuple[Happening, ...]


class Reader:
    """Follows one city on one node."""

    def __init__(self, city: City, node: Node) -> None:
        self._node = node
        self._names = {address: name for name, address in city.addresses.items()}
        self._kinds = {
            (address, kind.topic_zero()): kind
            for address, name in self._names.items()
            for kind in EVENTS[name]
        }

    def after(self, previous: Block | None, first: int, upto: int) -> Iterator[ReadBlock]:
        """Blocks from `first` to `upto`, each following the one before.

        Raises:
            ForkError: a block does not follow.
            UnreadableLogError: a log of a city contract is none of its events.
        """
        for number in range(first, upto + 1):
            read = self.read(number)
            if previous is not None and read.block.parent != previous.hash:
                raise ForkError(
                    f"Block {number} of the node at {self._node.url} does not follow block {previous.number} "
                    f"as it was read before."
                )
            previous = read.block
            yield read

    def read(self, number: int) -> ReadBlock:
        raw = self._node.raw_block(number)
        block = Block(
            number=int(raw["number"], 16),
            hash=unhexed(raw["hash"]),
            parent=unhexed(raw["parentHash"]),
            timestamp=int(raw["timestamp"], 16),
        )
        if unhexed(raw["logsBloom"]) == NO_LOGS:
            return ReadBlock(block, ())
        logs = sorted(self._node.logs(block.hash, list(self._names)), key=lambda log: log.index)
        return ReadBlock(block, tuple(self._happening(log, block) for log in logs))

    def between(self, first: int, last: int) -> list[Happening]:
        """What happened from block `first` to block `last`, both included, in order.

        Raises:
            ForkError: the node changed its mind while it was asked.
            UnreadableLogError
        """
        logs = self._node.logs_between(first, last, list(self._names))
        blocks = {number: self._node.block(number) for number in {log.block_number for log in logs}}
        return [
            self._happening(log, blocks[log.block_number])
            for log in sorted(logs, key=lambda log: (log.block_number, log.index))
        ]

    def _happening(self, log: Log, block: Block) -> Happening:
        if log.block_hash != block.hash:
            raise ForkError(f"The node at {self._node.url} answered for another block than {block.number}.")
        kind = self._kinds.get((log.address, log.topics[0] if log.topics else b""))
        if kind is None:
            raise UnreadableLogError(
                f"Log {log.index} of block {block.number} is no event of {self._names.get(log.address, log.address)}."
            )
        event = kind.decoded(LogFields(log.topics, log.data))
        place = Place(block.number, block.timestamp, log.index, log.transaction)
        return Happening(event, self._names[log.address], place)
