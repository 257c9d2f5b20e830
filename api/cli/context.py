"""What a command works on: the city in `--home`, its databases and its node."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from api.cli.chosen import Chosen
from api.home import Home
from api.workers import wait_until
from ledger.city import Contracts
from ledger.node import Node
from ledger.outbox import messages
from marketplace.errors import ConflictError, UnavailableError
from marketplace.house import House
from marketplace.projector import Projector
from marketplace.provenance.queries import NotReadyError, head

PATIENCE = 60.0
PATIENCE_WITHOUT_WORKERS = 5.0


class LedgerRefusedError(ConflictError):
    """The ledger would not do it."""

    code = "ledger_refused"


class ScheduledError(UnavailableError):
    """It must wait before it can be done, and is scheduled on the ledger."""

    code = "scheduled"


class NotConfirmedError(UnavailableError):
    """It is queued and not yet on the ledger."""

    code = "not_confirmed"


@dataclass(frozen=True)
class Opened:
    home: Home
    house: House
    node: Node

    @property
    def contracts(self) -> Contracts:
        return Contracts(self.house.city, self.node)


def chosen_home() -> Home:
    return Home.here(Chosen.folder)


@contextmanager
def opened() -> Generator[Opened]:
    """Open the city in `--home`. Its processes must be running: commands queue, workers send.

    Raises:
        CityFileError, NodeUnreachableError, WrongLedgerError
    """
    home = chosen_home()
    house = home.house()
    try:
        yield Opened(home, house, home.node())
    finally:
        house.close()


def settled(city: Opened, *keys: str, meanwhile: Callable[[], object] = lambda: None) -> None:
    """Wait until these messages are final and projected; `meanwhile` is done before each look.

    Raises:
        LedgerRefusedError: a contract refused one.
        ScheduledError: one must wait for longer than this does.
        NotConfirmedError: no worker sends, or the ledger stands still.
    """
    patience = PATIENCE if city.home.is_held("workers") else PATIENCE_WITHOUT_WORKERS
    for key in keys:

        def decided(key: str = key) -> bool:
            meanwhile()
            return is_done(city.house, key) or ready_at(city.house, key, patience) is not None

        if not wait_until(decided, seconds=patience):
            raise NotConfirmedError(
                "It is queued and not on the ledger yet. Are the workers running (`stoa serve`)? Nothing is lost: it "
                "is done when they run."
            )
        if (later := ready_at(city.house, key, patience)) is not None:
            raise ScheduledError(
                f"It is scheduled on the ledger and can be done from {in_words(later)} on, unless a guardian cancels "
                "it. The workers do it then; what the deputy signs she asks for again. `stoa city waiting` lists it."
            )
        with city.house.database.reading() as session:
            fate = messages.fate(session, key)
        if fate is not None and fate.refusal is not None:
            raise LedgerRefusedError(f"The ledger refused: {fate.refusal}. Nothing has changed.")


def is_done(house: House, key: str) -> bool:
    """Whether a message is final and the read model has applied its block."""
    with house.database.reading() as session:
        fate = messages.fate(session, key)
        if fate is None or not fate.is_final:
            return False
        try:
            return fate.block_number is None or head(session).number >= fate.block_number
        except NotReadyError:
            return False


def ready_at(house: House, key: str, patience: float) -> int | None:
    """Block time from which a message can be done, where that is later than somebody waits."""
    with house.database.reading() as session:
        fate = messages.fate(session, key)
        if fate is None or fate.is_final or fate.ready_at is None:
            return None
        try:
            return fate.ready_at if fate.ready_at > head(session).timestamp + patience else None
        except NotReadyError:
            return None


def in_words(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%-d %B %Y, %H:%M:%S UTC")


def projector_of(city: Opened) -> Projector:
    finality = city.home.settings.finality
    return Projector(city.house.database, city.node, city.house.city, finality=finality)
