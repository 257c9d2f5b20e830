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
from ledger.devnet.intake import Dropped, Intake
from ledger.devnet.limits import Settings
from ledger.devnet.nodes import NodeBuffer, NodeCache
from ledger.devnet.recording import commit_of
from ledger.devnet.records import StoredWaiting
from ledger.devnet.seal import sealed
from ledger.devnet.store import Store
from ledger.devnet.transactions import Signed
from ledger.keys import Signer

logger = logging.getLogger(__name__)

# A contract may call 1,024 levels deep, and py-evm answers each level with Python frames of its own.
STACK_BYTES = 64 * 1024 * 1024

NEVER = float("inf")


@dataclass(frozen=True)
class Snapshot:
    """A state of the chain that tests may come back to."""

    block: int
    waiting: tuple[StoredWaiting, ...]


class Sequencer:
    """Makes blocks of what its intake takes. Reads elsewhere never wait for it."""

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
        self._settings, self._clock = settings, clock
        self._builder = BlockBuilder(
            store, nodes, chain_id=genesis.chain_id, gas_per_block=genesis.gas_per_block
        )
        self._head = _stored_head(store)
        self.intake = Intake(
            store, genesis, door=door, limits=settings.limits, account_at_head=self._account_at_head
        )
        self._changed = self.intake.changed
        self._sealing = threading.Lock()
        self._wanted: list[Future[None]] = []
        self._last_block_at = time.monotonic()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self.on_failure: Callable[[BaseException], None] = _log_failure

    @property
    def head(self) -> BlockHeaderAPI:
        """The newest block that is on disk."""
        return self._head

    def start(self) -> None:
        previous = threading.stack_size(STACK_BYTES)
        self._thread = threading.Thread(target=self._run, name="sequencer", daemon=True)
        self._thread.start()
        threading.stack_size(previous)

    def stop(self) -> None:
        """Write what has been taken, then end."""
        with self._changed:
            self._stopping = True
            self.intake.close("The chain is shutting down.")
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def seal_block(self) -> None:
        """Make a block now, empty if nothing waits.

        Raises:
            StoppedError: the chain has stopped.
        """
        done: Future[None] = Future()
        with self._changed:
            self.intake.require_open()
            self._wanted.append(done)
            self._changed.notify_all()
        done.result()

    # -- the thread ---------------------------------------------------------------------------------------------------

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
            while not (self.intake.has_new or self._wanted or self._seconds_until_block() <= 0):
                if self._stopping:
                    return False
                self._changed.wait(min(self._seconds_until_block(), threading.TIMEOUT_MAX))
            return True

    def _seconds_until_block(self) -> float:
        period = self._settings.block_period if self.intake.has_ready else self._settings.idle_block_after
        if period is None or self._stopping:
            return NEVER
        return self._last_block_at + period - time.monotonic() if period else 0.0

    def _step(self) -> None:
        with self._changed:
            self.intake.begin()
            wanted = tuple(self._wanted)
            due = bool(wanted) or self._seconds_until_block() <= 0
            candidates = self.intake.ready() if due else []
        built = self._build(candidates) if due else None
        if built and candidates and not (built.executed or wanted):
            # Nothing of what was ready could be executed: there is no block to make.
            self._write(None, built.dropped)
        else:
            self._write(built, built.dropped if built else ())
        with self._changed:
            del self._wanted[: len(wanted)]
        for done in wanted:
            done.set_result(None)

    def _build(self, candidates: Sequence[Signed]) -> Built:
        timestamp = max(self._head.timestamp, self._clock())
        return self._builder.build(
            self._head, candidates, timestamp=timestamp, coinbase=self._genesis.sequencer
        )

    def _write(self, built: Built | None, dropped: Dropped) -> None:
        """Commit a block and what waits after it, make it the head, and answer."""
        header = sealed(built.header, self._signer) if built else None
        mined = [each.transaction for each in built.executed] if built else []
        gone = {each.hash for each in (*mined, *(transaction for transaction, _ in dropped))}
        with self._changed:
            now_waiting = self.intake.now_waiting(gone)
            no_longer_waiting = self.intake.no_longer_waiting(gone)
        self._store.commit(commit_of(header, built, now_waiting, no_longer_waiting))
        with self._changed:
            if header is not None and built is not None:
                self._nodes.remember(built.nodes)
                self._head = header
                self._last_block_at = time.monotonic()
            self.intake.conclude(mined, dropped)

    def _fail(self, error: Exception) -> None:
        reason = f"The chain has stopped, and this was not written: {error}"
        with self._changed:
            self.intake.fail(reason)
            wanted, self._wanted = self._wanted, []
        for done in wanted:
            done.set_exception(StoppedError(reason))
        self.on_failure(error)

    # -- for tests ----------------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Where the chain is now. For tests, while nobody sends."""
        with self._sealing, self._changed:
            return Snapshot(self._head.block_number, self.intake.all_waiting())

    def revert(self, snapshot: Snapshot) -> None:
        """Forget what came after `snapshot`. For tests, while nobody sends."""
        with self._sealing, self._changed:
            self._store.rewind(snapshot.block, snapshot.waiting)
            self._head = _stored_head(self._store)
            self.intake.start_over(snapshot.waiting)

    def _account_at_head(self, address: bytes) -> Account:
        return StateAt(NodeBuffer(self._nodes), self._head.state_root).account(address)


def _stored_head(store: Store) -> BlockHeaderAPI:
    block = store.head()
    assert block is not None, "a chain is opened with its genesis block in the store"
    return decode_header(block.header)


def _log_failure(failure: BaseException) -> None:
    logger.critical("The chain has stopped: %s", failure)
