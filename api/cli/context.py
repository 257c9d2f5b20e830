"""What a command works on: the city in `--home`, its databases and its node."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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


class Chosen:
    """The folder that `--home` named."""

    folder: Path | None = None


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


def settled(city: Opened, *keys: str) -> None:
    """Wait until these messages are final and projected.

    Raises:
        LedgerRefusedError: a contract refused one.
        NotConfirmedError: no worker sends, or the ledger stands still.
    """
    patience = PATIENCE if city.home.is_held("workers") else PATIENCE_WITHOUT_WORKERS
    for key in keys:
        if not wait_until(lambda key=key: is_done(city.house, key), seconds=patience):
            raise NotConfirmedError(
                "It is queued and not on the ledger yet. Are the workers running (`stoa serve`)? Nothing is lost: it "
                "is done when they run."
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


def projector_of(city: Opened) -> Projector:
    finality = city.home.settings.finality
    return Projector(city.house.database, city.node, city.house.city, finality=finality)
