"""The one thread that makes blocks.

It takes everything that waits, makes one block of it, commits that to disk in one transaction, and only then answers
all who sent. An answer therefore means: this survives a crash.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from eth.abc import BlockHeaderAPI
from eth.rlp.accounts import Account

from ledger.devnet.accounts import StateAt
from ledger.devnet.building import BlockBuilder, Built, decode_header
from ledger.devnet.door import Door
from ledger.devnet.errors import DevnetError, StoppedError
from ledger.devnet.genesis import Genesis
from ledger.devnet.limits import Settings
from ledger.devnet.nodes import NodeBuffer, NodeCache
from ledger.devnet.pool import Pool, Waiting
from ledger.devnet.recording import commit_of
from ledger.devnet.records import StoredWaiting
from ledger.devnet.seal import sealed
from ledger.devnet.store import Store
from ledger.devnet.transactions import Signed, TransactionRefusedError, read_signed
from ledger.keys import Signer

logger = logging.getLogger(__name__)

# A contract may call 1,024 levels deep, and py-evm answers each level with Python frames of its own.
STACK_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Snapshot:
    """A state of the chain that tests may come back to."""

    block: int
    waiting: tuple[Signed, ...]


@dataclass(eq=False)
class _Arrival:
    waiting: Waiting
    answer: "Future[bytes]"


class Sequencer:
    """Takes transactions, makes blocks. Reads elsewhere never wait for it."""

    def __init__(
        self,
        store: Store,
        nodes: NodeCache,
        genesis: Genesis,
        signer: Signer,
        *,
        door: Door,
        settings: Settings,
        clock: Callable[[], int],
    ) -> None:
        self._store, self._nodes, self._genesis, self._signer = store, nodes, genesis, signer
        self._door, self._settings, self._clock = door, settings, clock
        self._builder = BlockBuilder(
            store, nodes, chain_id=genesis.chain_id, gas_per_block=genesis.gas_per_block
        )
        self._head = _stored_head(store)
        self._changed = threading.Condition(threading.RLock())
        self._sealing = threading.Lock()
        self._pool = Pool(settings.limits, self._account_at_head)
        self._arrivals: list[_Arrival] = []
        self._being_written: list[_Arrival] = []
        self._wanted: list[Future[None]] = []
        self._last_block_at = time.monotonic()
        self._stopping = False
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None
        self.on_failure: Callable[[BaseException], None] = _log_failure
        self._take_up_what_waited(store.waiting())

    @property
    def head(self) -> BlockHeaderAPI:
        """The newest block that is on disk."""
        return self._head

    # -- starting and stopping ----------------------------------------------------------------------------------------

    def start(self) -> None:
        previous = threading.stack_size(STACK_BYTES)
        self._thread = threading.Thread(target=self._run, name="sequencer", daemon=True)
        self._thread.start()
        threading.stack_size(previous)

    def stop(self) -> None:
        """Finish what has been taken, then end."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    # -- taking transactions --------------------------------------------------------------------------------------

    def submit(self, raw: bytes) -> "Future[bytes]":
        """Take a signed transaction. The answer is its hash, once it is on disk, in a block or waiting for one.

        The answer may also be an error:
            TransactionRefusedError: it was not taken.
            StoppedError: the engine has stopped.
        """
        return self.submit_all([raw])[0]

    def submit_all(self, raws: Sequence[bytes]) -> "list[Future[bytes]]":
        """The same for several at once, which one block will hold if they fit."""
        read = [self._read(raw) for raw in raws]
        with self._changed:
            answers = [each if isinstance(each, Future) else self._take(each) for each in read]
            self._changed.notify_all()
        return answers

    def _read(self, raw: bytes) -> "Signed | Future[bytes]":
        try:
            return read_signed(
                raw,
                chain_id=self._genesis.chain_id,
                gas_per_block=self._genesis.gas_per_block,
                max_bytes=self._settings.limits.transaction_bytes,
            )
        except TransactionRefusedError as refusal:
            return _refusing(refusal)

    def _take(self, signed: Signed) -> "Future[bytes]":
        try:
            self._require_running()
            known = self._pool.find(signed.hash)
            if known is not None:
                return self._already_known(known)
            self._check(signed)
        except (TransactionRefusedError, StoppedError) as error:
            return _refusing(error)
        arrival = _Arrival(self._pool.add(signed), Future())
        self._arrivals.append(arrival)
        return arrival.answer

    def _already_known(self, known: Waiting) -> "Future[bytes]":
        """Says so, but only when it is true whatever happens: after it is on disk."""
        refusal = TransactionRefusedError("already_known", "already known")
        if known.durable:
            raise refusal
        answer: Future[bytes] = Future()
        for arrival in (*self._arrivals, *self._being_written):
            if arrival.waiting is known:
                arrival.answer.add_done_callback(
                    lambda first: answer.set_exception(first.exception() or refusal)
                )
        return answer

    def _check(self, signed: Signed) -> None:
        try:
            self._pool.check(signed)
        except TransactionRefusedError as refusal:
            if refusal.code == "nonce_too_low" and self._store.transaction(signed.hash):
                raise TransactionRefusedError("already_known", "already known: it is in a block") from refusal
            raise
        self._door.admit(signed, self._pool.next_nonce(signed.sender))

    def _require_running(self) -> None:
        if self._failure is not None:
            raise StoppedError(f"The chain has stopped: {self._failure}")
        if self._stopping:
            raise StoppedError("The chain is shutting down.")

    def next_nonce(self, sender: bytes) -> int:
        """The nonce after everything of this sender that is mined or ready to be."""
        with self._changed:
            return self._pool.next_nonce(sender)

    def find_waiting(self, digest: bytes) -> Signed | None:
        with self._changed:
            waiting = self._pool.find(digest)
            return waiting.transaction if waiting and waiting.durable else None

    def seal_block(self) -> None:
        """Make a block now, empty if nothing waits."""
        done: Future[None] = Future()
        with self._changed:
            self._require_running()
            self._wanted.append(done)
            self._changed.notify_all()
        done.result()

    # -- making blocks ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while self._wait_for_work():
                with self._sealing:
                    self._step()
        except Exception as error:
            if not isinstance(error, DevnetError):
                logger.critical("The chain stops because of a fault of its own.", exc_info=True)
            self._fail(error)

    def _wait_for_work(self) -> bool:
        with self._changed:
            while not (self._arrivals or self._wanted or self._seconds_until_block() <= 0):
                if self._stopping:
                    return False
                self._changed.wait(min(self._seconds_until_block(), threading.TIMEOUT_MAX))
            return True

    def _seconds_until_block(self) -> float:
        period = self._settings.block_period if self._pool.has_ready() else self._settings.idle_block_after
        if period is None or self._stopping:
            return float("inf")
        return self._last_block_at + period - time.monotonic() if period else 0.0

    def _step(self) -> None:
        with self._changed:
            self._being_written, self._arrivals = self._arrivals, []
            wanted, self._wanted = self._wanted, []
            due = bool(wanted) or self._seconds_until_block() <= 0
            candidates = self._pool.ready() if due else []
        built = self._build(candidates) if due else None
        if built and (built.executed or not candidates or wanted):
            self._keep(built)
        else:
            self._keep(None, dropped=built.dropped if built else ())
        for done in wanted:
            done.set_result(None)

    def _build(self, candidates: Sequence[Signed]) -> Built:
        timestamp = max(self._head.timestamp, self._clock())
        return self._builder.build(
            self._head, candidates, timestamp=timestamp, coinbase=self._genesis.sequencer
        )

    def _keep(self, built: Built | None, dropped: Sequence[tuple[Signed, str]] = ()) -> None:
        """Commit a block and what waits after it, then make it the head and answer."""
        header = sealed(built.header, self._signer) if built else None
        dropped = built.dropped if built else dropped
        mined = [each.transaction for each in built.executed] if built else []
        gone = {transaction.hash for transaction in mined} | {transaction.hash for transaction, _ in dropped}
        now_waiting = [
            each.waiting for each in self._being_written if each.waiting.transaction.hash not in gone
        ]
        with self._changed:
            durable = [digest for digest in gone if (known := self._pool.find(digest)) and known.durable]
        self._store.commit(commit_of(header, built, [waiting.stored() for waiting in now_waiting], durable))
        with self._changed:
            if header is not None and built is not None:
                self._nodes.remember(built.nodes)
                self._head = header
                self._last_block_at = time.monotonic()
            for waiting in now_waiting:
                waiting.durable = True
            self._pool.mined(mined)
            self._pool.drop([transaction for transaction, _ in dropped])
            answers, self._being_written = self._being_written, []
        _answer(answers, dropped)

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._failure = error
            unanswered = [*self._being_written, *self._arrivals]
            self._being_written, self._arrivals = [], []
            wanted, self._wanted = self._wanted, []
        stopped = StoppedError(f"The chain has stopped, and this was not written: {error}")
        for arrival in unanswered:
            arrival.answer.set_exception(stopped)
        for done in wanted:
            done.set_exception(stopped)
        self.on_failure(error)

    # -- for tests ------------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Where the chain is now. For tests, while nobody sends."""
        with self._sealing, self._changed:
            waiting = tuple(each.transaction for each in self._pool.all())
            return Snapshot(self._head.block_number, waiting)

    def revert(self, snapshot: Snapshot) -> None:
        """Forget what came after `snapshot`. For tests, while nobody sends."""
        with self._sealing, self._changed:
            self._store.rewind(
                snapshot.block,
                [StoredWaiting(each.hash, each.raw, turn) for turn, each in enumerate(snapshot.waiting)],
            )
            self._head = _stored_head(self._store)
            self._pool.clear()
            for transaction in snapshot.waiting:
                self._pool.add(transaction, durable=True)

    def _take_up_what_waited(self, stored: Sequence[StoredWaiting]) -> None:
        for waiting in stored:
            signed = read_signed(
                waiting.raw,
                chain_id=self._genesis.chain_id,
                gas_per_block=self._genesis.gas_per_block,
                max_bytes=len(waiting.raw),
            )
            self._pool.add(signed, durable=True)

    def _account_at_head(self, address: bytes) -> Account:
        return StateAt(NodeBuffer(self._nodes), self._head.state_root).account(address)


def _stored_head(store: Store) -> BlockHeaderAPI:
    block = store.head()
    assert block is not None, "a chain is opened with its genesis block in the store"
    return decode_header(block.header)


def _answer(arrivals: Sequence[_Arrival], dropped: Sequence[tuple[Signed, str]]) -> None:
    reasons = {transaction.hash: reason for transaction, reason in dropped}
    for transaction, reason in dropped:
        logger.warning("Transaction 0x%s was dropped: %s", transaction.hash.hex(), reason)
    for arrival in arrivals:
        digest = arrival.waiting.transaction.hash
        if digest in reasons:
            arrival.answer.set_exception(TransactionRefusedError("refused_by_evm", reasons[digest]))
        else:
            arrival.answer.set_result(digest)


def _refusing(error: Exception) -> "Future[bytes]":
    answer: Future[bytes] = Future()
    answer.set_exception(error)
    return answer


def _log_failure(failure: BaseException) -> None:
    logger.critical("The chain has stopped: %s", failure)
