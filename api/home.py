"""Where a city is kept on this machine, and its settings."""

import fcntl
import json
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, ConfigDict, TypeAdapter, ValidationError

from ledger.city import City
from ledger.enums import Class
from ledger.keys import KeyStore, write_private
from ledger.node import Node
from ledger.storage import private_folder
from marketplace.errors import ConflictError, InvalidError, UnavailableError
from marketplace.house import House
from marketplace.provenance.queries import require_followed

ENVIRONMENT = "STOA_HOME"
DEFAULT = Path(".stoa")
LOOPBACK = "127.0.0.1"

OFFICERS = (
    "city",
    "admin",
    "operator",
    "treasurer",
    "guardian",
    "settler",
    "ombudsman",
    "relay",
    "revoker",
    "attestor",
)
"""The roles whose keys are kept in the city's own keystore. Deputy, registrar and sequencer keep theirs apart."""


class SettingsError(InvalidError):
    """The settings file cannot be used."""

    code = "settings_file"


class CityInUseError(ConflictError):
    """Another process does already what only one may do in this folder."""

    code = "city_in_use"


class StrangeNodeError(UnavailableError):
    """Something else than a node answers at the node's address."""

    code = "strange_node"


def claimed(file: Path, seconds: float = 3.0) -> int | None:
    """Lock `file`, which is made if it is missing; None if another process keeps it for longer than `seconds`.

    The descriptor is the lock: it is given up when the last process that has it closes it or ends.
    """
    private_folder(file.parent)
    lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    give_up = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > give_up:
                os.close(lock)
                return None
            time.sleep(0.05)
        else:
            return lock


def port_of(url: str) -> int:
    """The port that a process of the city listens on.

    Raises:
        SettingsError: the address has none.
    """
    try:
        port = urlsplit(url).port
    except ValueError:
        port = None
    if port is None:
        raise SettingsError(
            f"{url!r} in settings.json names no port. Write the address like http://{LOOPBACK}:8000."
        )
    return port


def known_zone(name: str) -> str:
    """The name of a time zone that there is; a ValueError says how one looks."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("no time zone has this name; write one like Europe/Vienna") from error
    return name


@dataclass(frozen=True)
class Settings:
    """What an operator may choose. Kept in `settings.json`; nothing in it is secret."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    node: str = f"http://{LOOPBACK}:8545"
    own_chain: bool = True
    """Whether `stoa serve` runs the chain at `node` itself; false: it is another engine's, and runs by itself."""
    registrar: str = f"http://{LOOPBACK}:8546"
    public: str = f"http://{LOOPBACK}:8000"
    """Where people reach the city's pages and API."""
    database: str | None = None
    vault: str | None = None
    finality: int = 0
    """Blocks after which the engine never takes a block back: 0 for the devnet and for BFT engines."""
    zone: Annotated[str, AfterValidator(known_zone)] = "UTC"
    """The city's time zone, such as Europe/Vienna: pages tell moments in it."""
    play_bank: bool = False
    """Whether anybody may pay in play money: for demonstration cities."""
    code_attempts_a_second: float = 0.2
    code_attempts_at_once: int = 20
    """How often one address may try a letter's or a paper's code: slow enough that guessing is hopeless."""
    admitted_classes: list[int] = field(
        default_factory=lambda: [
            Class.SUPPLIER,
            Class.COMMERCIAL,
            Class.PUBLIC_SERVICE,
            Class.AUDITOR,
        ]
    )
    """The published admission policy: organisations of these classes are admitted as they join."""

    @classmethod
    def read(cls, path: Path) -> "Settings":
        """Raises SettingsError."""
        try:
            return SHAPE.validate_json(path.read_bytes(), strict=True)
        except FileNotFoundError:
            return cls()
        except ValidationError as error:
            wrong = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in wrong["loc"]) or "the document"
            raise SettingsError(
                f"{path} is not a settings file ({where}: {wrong['msg']}). Mend it, or delete it for the defaults."
            ) from error

    def write(self, path: Path) -> None:
        write_private(path, json.dumps(asdict(self), indent=2).encode() + b"\n")


SHAPE = TypeAdapter(Settings)


@dataclass(frozen=True)
class Home:
    """One city's folder: databases, keys, chain, logs."""

    folder: Path

    @classmethod
    def here(cls, folder: Path | None = None) -> "Home":
        return cls((folder or Path(os.environ.get(ENVIRONMENT, DEFAULT))).resolve())

    @property
    def city_file(self) -> Path:
        return self.folder / "city.json"

    @property
    def devnet(self) -> Path:
        return self.folder / "devnet"

    @property
    def registrar(self) -> Path:
        return self.folder / "registrar"

    @property
    def registrar_token(self) -> Path:
        """Shared between the city and its registrar, so that nobody else on the machine asks either."""
        return self.folder / "registrar-token"

    @property
    def logs(self) -> Path:
        return private_folder(self.folder / "logs")

    @property
    def wallets(self) -> KeyStore:
        """Keys of organisations and people who use this machine."""
        return KeyStore(self.folder / "wallets")

    @property
    def keys(self) -> KeyStore:
        return KeyStore(self.folder / "keys")

    @property
    def deputy_keys(self) -> KeyStore:
        """The second operator's key: hers to take away, so that nobody alone is two persons."""
        return KeyStore(self.folder / "deputy")

    @property
    def registrar_keys(self) -> KeyStore:
        return KeyStore(self.registrar / "keys")

    @property
    def settings(self) -> Settings:
        return Settings.read(self.folder / "settings.json")

    def keep(self, settings: Settings) -> None:
        settings.write(self.folder / "settings.json")

    @property
    def is_founded(self) -> bool:
        return self.city_file.exists()

    def city(self) -> City:
        return City.read(self.city_file)

    def house(self) -> House:
        """The city's databases and files.

        Raises:
            CityFileError: there is no city here.
            WrongLedgerError: the database is another city's.
        """
        settings = self.settings
        house = House.open(self.folder, database_url=settings.database, vault_url=settings.vault)
        try:
            with house.database.reading() as session:
                require_followed(session, house.city)
        except BaseException:
            house.close()
            raise
        return house

    def node(self) -> Node:
        """The city's node; refused when it serves another ledger.

        Raises:
            CityFileError, NodeUnreachableError, WrongLedgerError, StrangeNodeError
        """
        self.city()
        return self.node_at(self.settings.node)

    def node_at(self, url: str) -> Node:
        """The node at `url`; where a city is founded, one that serves its ledger.

        Raises:
            NodeUnreachableError, WrongLedgerError, StrangeNodeError
        """
        node = Node.at(url)
        try:
            if self.is_founded:
                self.city().require_served_by(node)
            else:
                node.chain_id()
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise StrangeNodeError(
                f"What answers at {node.url} is not a node of a ledger. "
                "Point `node` in settings.json at the city's own."
            ) from error
        return node

    @contextmanager
    def holding(self, what: str) -> Generator[None]:
        """Be the only process of this city that does `what`.

        Raises:
            CityInUseError
        """
        lock = claimed(self._lock_of(what))
        if lock is None:
            raise CityInUseError(
                f"The city in {self.folder} has its {what} running already. Stop that first."
            )
        try:
            yield
        finally:
            os.close(lock)

    def is_held(self, what: str) -> bool:
        """Whether a process of this city is `holding` that."""
        if not self._lock_of(what).exists():
            return False
        lock = claimed(self._lock_of(what), seconds=0)
        if lock is not None:
            os.close(lock)
        return lock is None

    def _lock_of(self, what: str) -> Path:
        return self.devnet / "lock" if what == "chain" else self.folder / f"{what}.lock"
