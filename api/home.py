"""Where a city is kept on this machine, and its settings."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ledger.city import City
from ledger.enums import Class
from ledger.keys import KeyStore, write_private
from ledger.node import Node
from ledger.storage import private_folder
from marketplace.errors import InvalidError
from marketplace.house import House

ENVIRONMENT = "STOA_HOME"
DEFAULT = Path(".stoa")
LOOPBACK = "127.0.0.1"

OFFICERS = (
    "city",
    "admin",
    "operator",
    "deputy",
    "treasurer",
    "guardian",
    "settler",
    "ombudsman",
    "relay",
    "revoker",
    "attestor",
)
"""The roles whose keys are kept in the city's own keystore. The registrar and the sequencer keep theirs apart."""


def port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


class SettingsError(InvalidError):
    """The settings file cannot be used."""

    code = "settings_file"


@dataclass(frozen=True)
class Settings:
    """What an operator may choose. Kept in `settings.json`; nothing in it is secret."""

    node: str = f"http://{LOOPBACK}:8545"
    registrar: str = f"http://{LOOPBACK}:8546"
    public: str = f"http://{LOOPBACK}:8000"
    """Where people reach the city's pages and API."""
    database: str | None = None
    vault: str | None = None
    finality: int = 0
    """Blocks after which the engine never takes a block back: 0 for the devnet and for BFT engines."""
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
            return cls(**json.loads(path.read_text()))
        except FileNotFoundError:
            return cls()
        except (ValueError, TypeError) as error:
            raise SettingsError(
                f"{path} is not a settings file. Mend it, or delete it for the defaults."
            ) from error

    def write(self, path: Path) -> None:
        write_private(path, json.dumps(asdict(self), indent=2).encode() + b"\n")


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
        settings = self.settings
        return House.open(self.folder, database_url=settings.database, vault_url=settings.vault)

    def node(self) -> Node:
        """The city's node; refused when it serves another ledger.

        Raises:
            NodeUnreachableError, WrongLedgerError
        """
        node = Node.at(self.settings.node)
        self.city().require_served_by(node)
        return node
