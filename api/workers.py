"""The background workers: one thread keeps step with the ledger, one computes.

Everything they do is read from the database and written back step by step, so a worker that is killed is started again
and goes on where it was.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable

from api.home import Home
from api.registrar.client import RegistrarClient
from ledger.city import Contracts
from ledger.enums import Class
from ledger.keys import Ed25519Attestor
from ledger.node import Block, LedgerError, Node, WrongLedgerError
from ledger.outbox.reconciling import NonceConflictError
from ledger.outbox.sender import Sender
from ledger.reader import ForkError, UnreadableLogError
from ledger.relay import BATCHERS
from ledger.watching import Watch
from marketplace.consent.wishes import Wishes
from marketplace.house import House
from marketplace.orders.runs import Workbench
from marketplace.participants import service as participants
from marketplace.projector import ProjectionStoppedError, Projector
from marketplace.provenance import access_log
from marketplace.use_cases import service as use_cases

logger = logging.getLogger("stoa.workers")

BUSY_PAUSE = 0.02
IDLE_PAUSE = 0.5
"""How long the ledger is left alone while nothing happens here. What is committed here is noticed at once."""
LOST_PAUSE = 1.0
ANCHOR_SECONDS = 30
"""How long records wait for an anchor when no settlement brings one."""

FATAL = (ForkError, ProjectionStoppedError, UnreadableLogError, WrongLedgerError, NonceConflictError)
"""What waiting does not mend: this is not the ledger that was followed, or a key of ours is somebody else's, too."""

SENDING_ROLES = (
    "revoker",
    "ombudsman",
    "relay",
    "operator",
    "treasurer",
    "guardian",
    "settler",
)
"""Whose messages are sent, in this order; the deputy sends her own (`api.deputy`). Revocations come first and from a
key that sends nothing else: what waits for a nonce of the relay, a grant or an order, never holds one up.
"""
FAILPOINT = "STOA_FAILPOINT"


def failpoint(name: str) -> None:
    """Die here, as by `kill -9`, when the environment names this point: how crashes are rehearsed."""
    if os.environ.get(FAILPOINT) == name:
        os.kill(os.getpid(), signal.SIGKILL)


class Workers:
    """Both threads of one city."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._house = home.house()
        self._node = home.node()
        self._stopping = threading.Event()
        self._lost = False
        self._threads = [
            threading.Thread(target=self._loop, args=(self._ledger_step(),), name="ledger"),
            threading.Thread(target=self._loop, args=(self._analysis_step(),), name="analysis"),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def ask_to_stop(self) -> None:
        self._stopping.set()

    def stop(self) -> None:
        """Finish the steps under way, then return."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._house.close()

    def wait(self) -> None:
        self._stopping.wait()

    @property
    def lost_the_ledger(self) -> bool:
        """Whether they stopped by themselves."""
        return self._lost

    def _ledger_step(self) -> Callable[[], bool]:
        signers = {role: self._home.keys.existing(role) for role in SENDING_ROLES}
        settings = self._home.settings
        sender = Sender(
            self._house.database,
            self._node,
            signers,
            access=Contracts(self._home.city(), self._node).access,
            batchers=BATCHERS,
            finality=settings.finality,
            failpoint=failpoint,
        )
        projector = Projector(self._house.database, self._node, self._home.city(), finality=settings.finality)
        policies = Policies(self._house, settings.admitted_classes)
        token = self._home.registrar_token.read_text().strip()
        wishes = Wishes(self._house, RegistrarClient.at(settings.registrar, token))

        def step() -> bool:
            before = projector.catch_up().number
            moved = sender.step()
            applied = projector.catch_up()
            moved = policies.step(applied) or moved
            return wishes.step() or moved or applied.number != before

        return step

    def _analysis_step(self) -> Callable[[], bool]:
        attestor = Ed25519Attestor(self._home.keys.existing("attestor").secret)
        return Workbench(self._house, attestor, failpoint).step

    def _loop(self, step: Callable[[], bool]) -> None:
        watch = Watch([self._house.database, self._house.vault])
        try:
            going_on = keep_doing(step, self._stopping, watch)
        finally:
            watch.close()
        if not going_on:
            self._lost = True
            self._stopping.set()


def keep_doing(step: Callable[[], bool], stopping: threading.Event, watch: Watch) -> bool:
    """Do one step after the other until told to stop. False when it ends by itself: see `FATAL`."""
    while not stopping.is_set():
        try:
            before = watch.look()
            if step():
                stopping.wait(BUSY_PAUSE)
            else:
                watch.wait(before, IDLE_PAUSE, stopping)
            continue
        except FATAL:
            logger.exception("The ledger cannot be followed.")
            return False
        except LedgerError as error:
            # A node that restarts, lags behind its neighbours or limits its callers answers again.
            logger.warning("%s Trying again.", error)
        except Exception:
            # What failed is still in the database; it is tried again, slowly, and never silently.
            logger.exception("A step failed.")
        stopping.wait(LOST_PAUSE)
    return True


class Policies:
    """What the city has decided to do by itself: admit some classes, allow what matches a published rule, anchor."""

    def __init__(self, house: House, admitted: list[int]) -> None:
        self._house = house
        self._admitted = frozenset(Class(number) for number in admitted)
        self._seen = -1
        self._anchor_at = 0

    def step(self, block: Block) -> bool:
        """Look again after each block."""
        if block.number == self._seen:
            return False
        self._seen = block.number
        with self._house.database.writing() as session:
            admitted = participants.admit_waiting(session, self._house, self._admitted)
            allowed = use_cases.decide_by_rules(session, self._house)
            anchored = block.timestamp >= self._anchor_at and access_log.anchor(session, self._house)
        if anchored:
            self._anchor_at = block.timestamp + ANCHOR_SECONDS
        return bool(admitted or allowed or anchored)


def work(home: Home) -> int:
    """Run the workers until told to stop. The exit code: 1 when the ledger cannot be followed any more."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    workers = Workers(home)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: workers.ask_to_stop())
    workers.start()
    workers.wait()
    workers.stop()
    return 1 if workers.lost_the_ledger else 0


def wait_until(holds: Callable[[], bool], *, seconds: float, pause: float = 0.05) -> bool:
    """Ask again and again until it holds; False when it does not within `seconds`."""
    give_up = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > give_up:
            return False
        time.sleep(pause)
    return True


def reachable(url: str) -> bool:
    try:
        Node.at(url, timeout=2).chain_id()
    except LedgerError:
        return False
    return True
