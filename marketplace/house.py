"""What the services of one city work on, opened once per process."""

from dataclasses import dataclass
from pathlib import Path

from ledger.city import City, Contracts
from ledger.storage import Database, open_database, private_folder, sqlite_url
from marketplace.catalogue.forgotten import Forgotten
from marketplace.schema import upgrade


@dataclass(frozen=True)
class House:
    """One city's databases, files and contracts. Contracts are opened without a node: services write intentions."""

    folder: Path
    city: City
    database: Database
    vault: Database
    contracts: Contracts

    @classmethod
    def open(cls, folder: Path, *, database_url: str | None = None, vault_url: str | None = None) -> "House":
        """Open the city kept in `folder`; its tables are made when they are missing.

        Raises:
            CityFileError: there is no city in `folder`.
        """
        city = City.read(folder / "city.json")
        return cls.of(city, folder, database_url=database_url, vault_url=vault_url)

    @classmethod
    def of(
        cls, city: City, folder: Path, *, database_url: str | None = None, vault_url: str | None = None
    ) -> "House":
        private_folder(folder)
        main = open_database(database_url or sqlite_url(folder / "stoa.db"), erasing=True)
        vault = open_database(vault_url or sqlite_url(folder / "vault.db"), erasing=True)
        upgrade(main, "main")
        upgrade(vault, "vault")
        return cls(folder, city, Database(main), Database(vault), Contracts(city))

    @property
    def versions(self) -> Path:
        """The folder of the encrypted version files."""
        return private_folder(self.folder / "versions")

    @property
    def forgotten(self) -> Forgotten:
        """Whom the city has forgotten. It lies outside the vault, to outlive its backups."""
        return Forgotten(self.folder / "forgotten")

    def forget_deleted(self) -> bool:
        """Let nothing that was deleted stay in a log on the disk. False while somebody reads: ask again."""
        cut = [database.truncate_log() for database in (self.vault, self.database)]
        return all(cut)

    def close(self) -> None:
        self.database.close()
        self.vault.close()
