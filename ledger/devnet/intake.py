"""Transactions from being sent to being on disk, and the answers that are owed to their senders."""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from eth.rlp.accounts import Account

from ledger.devnet.door import Door
from ledger.devnet.errors import StoppedError, StorageError
from ledger.devnet.genesis import Genesis
from ledger.devnet.limits import Limits
from ledger.devnet.pool import Pool, Waiting
from ledger.devnet.records import StoredWaiting
from ledger.devnet.store import Store
from ledger.devnet.transactions import Signed, TransactionRefusedError, read_signed

logger = logging.getLogger(__name__)

Dropped = Sequence[tuple[Signed, str]]
"""Transactions that no block will hold, each with the reason."""


@dataclass(eq=False)
class _Arrival:
    waiting: Waiting
    answer: "Future[bytes]"


class Intake:
    """Takes transactions at the door, and says what is to be mined.

    `changed` guards all of it. The sequencer waits on it, and holds it while it calls the methods made for it.
    """

    def __init__(
        self,
        store: Store,
        genesis: Genesis,
        *,
        door: Door,
        limits: Limits,
        account_at_head: Callable[[bytes], Account],
    ) -> None:
        """
        Raises:
            StorageError: a transaction that waited when the chain was stopped cannot be read.
        """
        self.changed = threading.Condition(threading.RLock())
        self._store, self._genesis, self._door, self._limits = store, genesis, door, limits
        self._pool = Pool(limits, account_at_head)
        self._new: list[_Arrival] = []
        self._in_work: list[_Arrival] = []
        self._closed_because: str | None = None
        self._take_up(store.waiting())

    # -- for whoever sends --------------------------------------------------------------------------------------------

    def submit_all(self, raws: Sequence[bytes]) -> "list[Future[bytes]]":
        """Take signed transactions, which one block will hold if they fit.

        Each answer is the transaction's hash, once it is on disk, in a block or waiting for one; or an error:
            TransactionRefusedError: it was not taken.
            StoppedError: the chain has stopped.
        """
        read = [self._read(raw) for raw in raws]
        with self.changed:
            answers = [each if isinstance(each, Future) else self._take(each) for each in read]
            self.changed.notify_all()
        return answers

    def next_nonce(self, sender: bytes) -> int:
        """The nonce after everything of this sender that is mined or ready to be."""
        with self.changed:
            return self._pool.next_nonce(sender)

    def find_waiting(self, digest: bytes) -> Signed | None:
        """A transaction that was acknowledged and waits."""
        with self.changed:
            waiting = self._pool.find(digest)
            return waiting.transaction if waiting and waiting.durable else None

    def require_open(self) -> None:
        """
        Raises:
            StoppedError: nothing is taken any more.
        """
        if self._closed_because is not None:
            raise StoppedError(self._closed_because)

    def _read(self, raw: bytes) -> "Signed | Future[bytes]":
        try:
            return self._signed(raw, self._limits.transaction_bytes)
        except TransactionRefusedError as refusal:
            return _refusing(refusal)

    def _take(self, signed: Signed) -> "Future[bytes]":
        try:
            self.require_open()
            known = self._pool.find(signed.hash)
            if known is not None:
                return self._already_known(known)
            self._check(signed)
        except (TransactionRefusedError, StoppedError) as error:
            return _refusing(error)
        arrival = _Arrival(self._pool.add(signed), Future())
        self._new.append(arrival)
        return arrival.answer

    def _check(self, signed: Signed) -> None:
        try:
            self._pool.check(signed)
        except TransactionRefusedError as refusal:
            if refusal.code == "nonce_too_low" and self._store.transaction(signed.hash):
                raise TransactionRefusedError("already_known", "already known: it is in a block") from refusal
            raise
        self._door.admit(signed, self._pool.next_nonce(signed.sender))

    def _already_known(self, known: Waiting) -> "Future[bytes]":
        """Says so, but only when it is true whatever happens: after it is on disk."""
        refusal = TransactionRefusedError("already_known", "already known")
        if known.durable:
            raise refusal
        answer: Future[bytes] = Future()
        first = next(each for each in (*self._new, *self._in_work) if each.waiting is known)
        first.answer.add_done_callback(lambda done: answer.set_exception(done.exception() or refusal))
        return answer

    # -- for the sequencer --------------------------------------------------------------------------------------------

    @property
    def has_new(self) -> bool:
        return bool(self._new)

    @property
    def has_ready(self) -> bool:
        return self._pool.has_ready()

    def begin(self) -> None:
        """Take up what is new; it is answered by the next `conclude` or `fail`."""
        self._in_work, self._new = self._new, []

    def ready(self) -> list[Signed]:
        """What can be mined now, in order."""
        return self._pool.ready()

    def now_waiting(self, gone: set[bytes]) -> list[StoredWaiting]:
        """What of the work in hand has to be kept, since it is not among what is mined or dropped."""
        waiting = [each.waiting for each in self._in_work]
        return [each.stored() for each in waiting if each.transaction.hash not in gone]

    def no_longer_waiting(self, gone: set[bytes]) -> list[bytes]:
        return [digest for digest in gone if (known := self._pool.find(digest)) and known.durable]

    def conclude(self, mined: Sequence[Signed], dropped: Dropped) -> None:
        """What was in work is on disk: answer for it."""
        self._pool.mined(mined)
        self._pool.drop([transaction for transaction, _ in dropped])
        reasons = {transaction.hash: reason for transaction, reason in dropped}
        for digest, reason in reasons.items():
            logger.warning("Transaction 0x%s was dropped: %s", digest.hex(), reason)
        for arrival in self._in_work:
            arrival.waiting.durable = True
            digest = arrival.waiting.transaction.hash
            if digest in reasons:
                arrival.answer.set_exception(TransactionRefusedError("refused_by_evm", reasons[digest]))
            else:
                arrival.answer.set_result(digest)
        self._in_work = []

    def close(self, reason: str) -> None:
        """Take nothing more; what has been taken goes its way."""
        self._closed_because = self._closed_because or reason

    def fail(self, reason: str) -> None:
        """Take nothing more, and answer everybody that theirs was not written."""
        self._closed_because = reason
        unanswered, self._in_work, self._new = [*self._in_work, *self._new], [], []
        for arrival in unanswered:
            arrival.answer.set_exception(StoppedError(reason))

    # -- for tests ----------------------------------------------------------------------------------------------------

    def all_waiting(self) -> tuple[StoredWaiting, ...]:
        return tuple(each.stored() for each in self._pool.all())

    def start_over(self, waiting: Sequence[StoredWaiting]) -> None:
        """Forget everything but `waiting`."""
        self._pool.clear()
        self._take_up(waiting)

    def _take_up(self, stored: Sequence[StoredWaiting]) -> None:
        for waiting in stored:
            try:
                self._pool.take_up(self._signed(waiting.raw, len(waiting.raw)), waiting.arrival)
            except TransactionRefusedError as error:
                raise StorageError(
                    f"A waiting transaction is damaged: {error}. Restore the folder."
                ) from error

    def _signed(self, raw: bytes, max_bytes: int) -> Signed:
        return read_signed(
            raw,
            chain_id=self._genesis.chain_id,
            gas_per_block=self._genesis.gas_per_block,
            max_bytes=max_bytes,
        )


def _refusing(error: Exception) -> "Future[bytes]":
    answer: Future[bytes] = Future()
    answer.set_exception(error)
    return answer
