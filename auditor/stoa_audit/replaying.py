"""One pass over the blocks: verify, decode, ask the rules, change the world."""

from collections.abc import Callable, Iterable

from stoa_audit import replay
from stoa_audit.bundle import Bundle
from stoa_audit.chain import Block, Chain, events_of
from stoa_audit.digests import keccak
from stoa_audit.errors import InvalidError
from stoa_audit.header_chain import BrokenChainError
from stoa_audit.headers import Header
from stoa_audit.receipts import Receipt
from stoa_audit.replay.following import ContradictionError
from stoa_audit.report import Report
from stoa_audit.rules import Rules
from stoa_audit.transactions import Transaction
from stoa_audit.world import Place, World

Progress = Callable[[str, int, int], None]
"""What is being done, how far, of how much."""

LoggedAt = tuple[int, int, bytes]
"""Block, position in the block, and the hash of an event's address, topics and data."""

CHAIN_CHECKS = ("chain.headers", "chain.seals", "chain.transactions", "chain.receipts")
EVENT_CHECKS = (
    *("events.known", "events.follow", "acts.powers", "acts.persons", "acts.signed", "datasets.erased"),
    *("consents.granted", "consents.signed", "consents.countersigned", "consents.ended"),
    *("licences.bought", "licences.paid", "orders.opened", "orders.paid", "orders.ended", "orders.charged"),
    *("money.conserved", "money.covered", "money.split"),
)
"""What the rules look at, event by event. A city where nothing of the kind happened has nothing wrong in it."""


def log_digest(address: str, topics: Iterable[bytes], data: bytes) -> bytes:
    return keccak(b"".join([address.encode(), *topics, data]))


class Replay:
    """The world that a bundle's blocks make, and the header of the newest block that is believed."""

    def __init__(self, bundle: Bundle, report: Report, progress: Progress) -> None:
        self._bundle = bundle
        self._report = report
        self._progress = progress
        self._chain = Chain(bundle, report)
        self._contracts = {address: name for name, address in bundle.city.addresses.items()}
        self.world = World(bundle.city)
        self.logs: list[LoggedAt] = []
        """Every event of the city's contracts, in order: what a node must tell."""
        self._rules = Rules(self.world, report)

    @property
    def head(self) -> Header | None:
        return self._chain.last

    def run(self) -> bool:
        """Whether the blocks and their events could be believed and followed to the end."""
        stopped = ""
        try:
            for block in self._chain.blocks():
                self._take(block)
            if self.world.times:
                self._rules.money.require_sums(len(self.world.times) - 1)
        except BrokenChainError as error:
            stopped = str(error)
        except InvalidError as error:
            self._report["events.known"].failed(error.place, f"INVALID: {error.reason}")
            stopped = f"the events cannot be read from {error.place} on"
        except ContradictionError as error:
            self._report["events.follow"].failed(f"block {len(self.world.times) - 1}", str(error))
            stopped = f"the events contradict each other in block {len(self.world.times) - 1}"
        self._conclude(stopped)
        return not stopped

    def _take(self, block: Block) -> None:
        world, header = self.world, block.header
        world.times.append(header.timestamp)
        world.hashes.append(header.hash)
        position = 0
        for index, (transaction, receipt) in enumerate(block.body):
            self._take_transaction(
                Place(header.number, header.timestamp, index, position), transaction, receipt
            )
            position += len(receipt.logs)
        self._rules.after_block(header.number)
        self._progress("replaying blocks", header.number, self._bundle.manifest.last)

    def _take_transaction(self, place: Place, transaction: Transaction, receipt: Receipt) -> None:
        self._rules.before_transaction(transaction, receipt, place)
        for offset, log in enumerate(receipt.logs):
            if log.address in self._contracts:
                at = (place.block, place.index + offset, log_digest(log.address, log.topics, log.data))
                self.logs.append(at)
        for event in events_of(place, transaction, receipt, self._contracts):
            self._report["events.known"].passed()
            self._rules.before_event(event)
            replay.apply(self.world, event)
            self._report["events.follow"].passed()

    def _conclude(self, stopped: str) -> None:
        covered = f"blocks 0 to {len(self.world.times) - 1}" if self.world.times else "no block"
        for id_ in (*CHAIN_CHECKS, *EVENT_CHECKS):
            check = self._report[id_]
            check.covered = covered
            check.ran = True
            if stopped:
                check.missed(stopped)
