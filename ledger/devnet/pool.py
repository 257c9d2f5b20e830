"""Transactions that wait for a block, in nonce order per sender."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from eth.rlp.accounts import Account
from lru import LRU

from ledger.devnet.limits import Limits
from ledger.devnet.records import StoredWaiting
from ledger.devnet.transactions import Signed, TransactionRefusedError

REMEMBERED_SENDERS = 10_000


@dataclass
class Lane:
    """One sender: the nonce its next mined transaction must have, and what waits from there on."""

    next_nonce: int
    waiting: dict[int, "Waiting"] = field(default_factory=dict[int, "Waiting"])

    def ready(self) -> Iterator["Waiting"]:
        """What can be mined now: no nonce is missing before it."""
        nonce = self.next_nonce
        while (waiting := self.waiting.get(nonce)) is not None:
            yield waiting
            nonce += 1


@dataclass(eq=False)
class Waiting:
    transaction: Signed
    arrival: int
    durable: bool = False
    """Whether it is in the database, so that its sender may be told."""

    def stored(self) -> StoredWaiting:
        return StoredWaiting(self.transaction.hash, self.transaction.raw, self.arrival)


class Pool:
    """All waiting transactions. Whoever calls holds the engine's lock."""

    def __init__(self, limits: Limits, account_at_head: Callable[[bytes], Account]) -> None:
        self._limits = limits
        self._account_at_head = account_at_head
        self._by_hash: dict[bytes, Waiting] = {}
        self._busy: dict[bytes, Lane] = {}
        self._idle: LRU[bytes, Lane] = LRU(REMEMBERED_SENDERS)
        self._arrivals = 0

    def __len__(self) -> int:
        return len(self._by_hash)

    def find(self, digest: bytes) -> Waiting | None:
        return self._by_hash.get(digest)

    def all(self) -> list[Waiting]:
        return sorted(self._by_hash.values(), key=lambda waiting: waiting.arrival)

    def check(self, transaction: Signed) -> None:
        """Whether there is room for `transaction` here.

        Raises:
            TransactionRefusedError: its nonce or its cost does not fit, or too much waits already.
        """
        lane = self._lane(transaction.sender)
        self._check_nonce(transaction, lane)
        self._check_room(lane)
        if transaction.most_it_costs:
            self._check_funds(transaction, lane)

    def _check_funds(self, transaction: Signed, lane: Lane) -> None:
        balance = self._account_at_head(transaction.sender).balance
        committed = sum(waiting.transaction.most_it_costs for waiting in lane.waiting.values())
        if balance < committed + transaction.most_it_costs:
            raise TransactionRefusedError(
                "insufficient_funds",
                f"insufficient funds for gas * price + value: balance {balance}, "
                f"queued cost {committed}, tx cost {transaction.most_it_costs}. Gas price 0 is accepted here.",
            )

    def _check_nonce(self, transaction: Signed, lane: Lane) -> None:
        if transaction.nonce < lane.next_nonce:
            raise TransactionRefusedError(
                "nonce_too_low", f"nonce too low: next nonce {lane.next_nonce}, tx nonce {transaction.nonce}"
            )
        if transaction.nonce > lane.next_nonce + self._limits.nonces_ahead:
            raise TransactionRefusedError(
                "nonce_too_high",
                f"nonce too high: next nonce {lane.next_nonce}, tx nonce {transaction.nonce}",
            )
        if transaction.nonce in lane.waiting:
            raise TransactionRefusedError(
                "nonce_taken",
                f"replacement transaction underpriced: another transaction with nonce {transaction.nonce} waits, and "
                "there are no fees here to outbid it with",
            )

    def _check_room(self, lane: Lane) -> None:
        if len(self._by_hash) >= self._limits.waiting_transactions:
            raise TransactionRefusedError("pool_full", "txpool is full: send it again in a while")
        if len(lane.waiting) >= self._limits.waiting_per_sender:
            raise TransactionRefusedError(
                "pool_full", f"txpool is full: {len(lane.waiting)} of this sender's transactions wait already"
            )

    def add(self, transaction: Signed) -> Waiting:
        """Have `transaction` wait behind all that came before."""
        return self._put(Waiting(transaction, self._arrivals))

    def take_up(self, transaction: Signed, arrival: int) -> None:
        """Have it wait again, in its old place, after it was read from the database."""
        self._put(Waiting(transaction, arrival, durable=True))

    def _put(self, waiting: Waiting) -> Waiting:
        transaction = waiting.transaction
        self._arrivals = max(self._arrivals, waiting.arrival + 1)
        lane = self._lane(transaction.sender)
        lane.waiting[transaction.nonce] = waiting
        self._busy[transaction.sender] = lane
        self._by_hash[transaction.hash] = waiting
        return waiting

    def ready(self) -> list[Signed]:
        """What can be mined now: first come first served, but each sender's in the order of their nonces."""
        ordered: list[tuple[int, int, Waiting]] = []
        for lane in self._busy.values():
            turn = 0
            for waiting in lane.ready():
                turn = max(turn, waiting.arrival)
                ordered.append((turn, waiting.transaction.nonce, waiting))
        ordered.sort(key=lambda place: place[:2])
        return [waiting.transaction for _, _, waiting in ordered]

    def has_ready(self) -> bool:
        return any(lane.next_nonce in lane.waiting for lane in self._busy.values())

    def next_nonce(self, sender: bytes) -> int:
        """The nonce after everything of this sender that is mined or ready."""
        lane = self._lane(sender)
        return lane.next_nonce + sum(1 for _ in lane.ready())

    def mined(self, transactions: Sequence[Signed]) -> None:
        for transaction in transactions:
            self._busy[transaction.sender].next_nonce = transaction.nonce + 1
        self.drop(transactions)

    def drop(self, transactions: Sequence[Signed]) -> None:
        for transaction in transactions:
            del self._by_hash[transaction.hash]
            lane = self._busy[transaction.sender]
            del lane.waiting[transaction.nonce]
            if not lane.waiting:
                self._idle[transaction.sender] = self._busy.pop(transaction.sender)

    def clear(self) -> None:
        self._by_hash.clear()
        self._busy.clear()
        self._idle.clear()

    def _lane(self, sender: bytes) -> Lane:
        lane = self._busy.get(sender) or self._idle.get(sender)
        if lane is None:
            lane = Lane(self._account_at_head(sender).nonce)
            self._idle[sender] = lane
        return lane
