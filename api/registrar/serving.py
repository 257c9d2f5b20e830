"""Running the registrar's office: `stoa registrar`."""

import secrets
from collections.abc import Callable
from pathlib import Path

import uvicorn

from api.registrar.app import RegistrarOffice, create_registrar_app
from ledger.city import City
from ledger.keys import KeyStore, write_private
from ledger.node import Node
from ledger.storage import Database, open_database, private_folder, sqlite_url
from marketplace.schema import upgrade

DATABASE = "registrar.db"
DESK_TOKEN = "desk-token"  # noqa: S105 (a file's name)


def open_register(folder: Path, url: str | None = None) -> Database:
    """The registrar's own database, made when it is missing."""
    private_folder(folder)
    engine = open_database(url or sqlite_url(folder / DATABASE), erasing=True)
    upgrade(engine, "registrar")
    return Database(engine)


def desk_token(folder: Path) -> str:
    """What the desk shows the registrar; made at first start, in a file only its owner reads."""
    path = folder / DESK_TOKEN
    if not path.exists():
        write_private(path, secrets.token_hex(32).encode())
    return path.read_text().strip()


def registrar_office(folder: Path, *, city: City, node: Node, city_token: str) -> RegistrarOffice:
    """The office kept in `folder`: its database, its key `registrar`, the desk's token."""
    return RegistrarOffice(
        city=city,
        node=node,
        database=open_register(folder),
        signer=KeyStore(folder / "keys").existing("registrar"),
        city_token=city_token,
        desk_token=desk_token(folder),
    )


def serve_registrar(
    folder: Path,
    host: str,
    port: int,
    *,
    city: City,
    node: Node,
    city_token: str,
    started: Callable[[str], None] = lambda url: None,
) -> None:
    """Run the registrar's office until told to stop.

    Raises:
        KeyFileError: the registrar's key is not there.
    """
    office = registrar_office(folder, city=city, node=node, city_token=city_token)
    app = create_registrar_app(office)
    started(f"http://{host}:{port}")
    try:
        uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False)
    finally:
        office.database.close()
