"""The stage of the demonstration: the city's processes, its office, and everybody's keys."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from api.cli.context import Opened, settled
from api.deputy import deputy_sender
from api.founding import found
from api.home import LOOPBACK, Home, Settings, port_of
from api.processes import Processes, free_port
from api.registrar.client import RegistrarAtDesk, RegistrarClient
from api.registrar.serving import desk_token
from api.workers import wait_until
from ledger.keys import write_private
from ledger.node import Node
from ledger.outbox import messages
from ledger.roles import DEVNET
from ledger.storage import private_folder
from marketplace.errors import ConflictError, UnavailableError
from marketplace.house import House

CITY = "Demopolis"
SEED = 7
PATIENCE = 60.0


class StageError(UnavailableError):
    """A part of the city did not start."""

    code = "city_did_not_start"


class PlayFailedError(ConflictError):
    """Something that must hold did not: a defect, and worth a report."""

    code = "play_failed"


def require(holds: bool, otherwise: str) -> None:
    """Raises PlayFailedError unless it holds."""
    if not holds:
        raise PlayFailedError(otherwise)


@dataclass
class Memory:
    """What the play remembers between runs, in the city's folder."""

    path: Path
    facts: dict[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def of(cls, home: Home) -> "Memory":
        path = home.folder / "demo.json"
        return cls(path, json.loads(path.read_text()) if path.exists() else {})

    def keep(self, **facts: Any) -> None:
        self.facts.update(facts)
        write_private(self.path, json.dumps(self.facts, indent=2).encode())

    def __contains__(self, name: str) -> bool:
        return name in self.facts

    def __getitem__(self, name: str) -> Any:
        return self.facts[name]


class Stage:
    """Starts what the play needs and opens the city's office."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.processes = Processes(home)
        self.memory = Memory.of(home)
        self._city: Opened | None = None

    @property
    def city(self) -> Opened:
        assert self._city is not None
        return self._city

    @property
    def house(self) -> House:
        return self.city.house

    @property
    def work_folder(self) -> Path:
        return private_folder(self.home.folder / "deliveries")

    @property
    def first_day(self) -> date:
        return date.fromisoformat(self.memory["first_day"])

    def choose_ports(self, *, playing: bool = True) -> Settings:
        """Ports that are free now, kept for the next start. The other settings stay, except that a play opens its bank.

        Raises:
            CityInUseError: the city is running, on the ports it has.
        """
        self.processes.hold()
        known = self.home.settings
        node, registrar, public = (
            f"http://{LOOPBACK}:{free_port(port_of(url))}" if ours else url
            for url, ours in ((known.node, known.own_chain), (known.registrar, True), (known.public, True))
        )
        settings = replace(known, node=node, registrar=registrar, public=public)
        if playing:
            # Every played citizen has the same address: this machine's.
            settings = replace(settings, play_bank=True, code_attempts_a_second=50, code_attempts_at_once=500)
        if settings != known:
            self.home.keep(settings)
        return settings

    def start_chain(self) -> None:
        """Start the embedded chain, unless the city is on another engine: that one has to be there.

        Raises:
            NodeUnreachableError
        """
        if not self.home.settings.own_chain:
            Node.at(self.home.settings.node).chain_id()
            return
        port = self.home.settings.node.rsplit(":", 1)[1]
        self.processes.start("devnet", "ledger.devnet", "--folder", str(self.home.devnet), "--port", port)
        self._require(self.home.settings.node, "devnet")

    def open_city(
        self,
        progress: Callable[[str], None] = lambda step: None,
        *,
        name: str = CITY,
        profile: str = DEVNET.name,
    ) -> bool:
        """Found the city unless it is there. Whether it is new."""
        fresh = not self.home.is_founded
        if fresh:
            node = Node.at(self.home.settings.node)
            found(self.home, node, name=name, profile=profile, progress=progress)
        self._city = Opened(self.home, self.home.house(), self.home.node())
        return fresh

    def start_office(self) -> None:
        """The registrar, the workers and the server, each a process of its own."""
        settings = self.home.settings
        self.processes.start("registrar", "api.entry.registrar", str(self.home.folder))
        self.start_workers()
        self.start_server()
        self._require(settings.registrar, "registrar")
        self._require(settings.public, "server")

    def desk(self) -> RegistrarAtDesk:
        """The desk, where people show their papers."""
        client = RegistrarClient.at(
            self.home.settings.registrar, self.home.registrar_token.read_text().strip()
        )
        return client.at_desk(desk_token(self.home.registrar))

    def start_workers(self, failpoint: str | None = None) -> None:
        environment = {} if failpoint is None else {"STOA_FAILPOINT": failpoint}
        self.processes.start("workers", "api.entry.workers", str(self.home.folder), environment=environment)

    def start_server(self) -> None:
        self.processes.start("server", "api.entry.server", str(self.home.folder))

    def settled(self, *keys: str) -> None:
        """Wait until the ledger has these messages and the read model has their blocks."""
        self.processes.require_running()
        settled(self.city, *keys)

    def agreed(self, key: str) -> None:
        """As `settled` for what the second operator says, with a key that the city's processes do not have."""
        settled(self.city, key, meanwhile=deputy_sender(self.home, self.house, self.city.node).step)

    def wait_for(self, keys: list[str], progress: Callable[[int, int], None]) -> None:
        """As `settled` for many messages of one batch, showing how many are done.

        Raises:
            StageError: they are not done in time.
        """

        def all_done() -> bool:
            with self.house.database.reading() as session:
                waiting = messages.count_unfinished(session, keys)
            progress(len(keys) - waiting, len(keys))
            return not waiting

        # Asking costs as much as there are messages, and the same cores send them.
        self.until(all_done, "The consents' way to the ledger", seconds=2 * PATIENCE, pause=1.0)
        self.settled(*keys[-1:])

    def until(
        self, holds: Callable[[], bool], what: str, seconds: float = PATIENCE, *, pause: float = 0.1
    ) -> None:
        """Wait for something to be so.

        Raises:
            StageError: it is not so in time.
        """
        if not wait_until(holds, seconds=seconds, pause=pause):
            self.processes.require_running()
            raise StageError(
                f"{what} did not happen within {seconds:.0f} s. The logs are in {self.home.logs}."
            )

    def close(self) -> None:
        if self._city is not None:
            self._city.house.close()
        self.processes.stop_all()

    def _require(self, url: str, name: str) -> None:
        if not self.processes.listens(name, url, PATIENCE):
            raise StageError(
                f"The {name} does not answer at {url}. Its log is {self.home.logs / f'{name}.log'}."
            )
