"""The schemas of the three databases and their migrations: the city's, its vault's, the registrar's.

The same migrations run on SQLite and on PostgreSQL. A database newer than this program is refused.
"""

from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, MetaData

from ledger.outbox import tables as _outbox
from ledger.storage import Base, VaultBase
from marketplace.catalogue import tables as _catalogue
from marketplace.consent import tables as _consent
from marketplace.errors import UnavailableError
from marketplace.licences import tables as _licences
from marketplace.orders import tables as _orders
from marketplace.participants import tables as _participants
from marketplace.provenance import tables as _provenance
from marketplace.registrar.tables import RegistrarBase
from marketplace.requests import tables as _requests
from marketplace.staff import tables as _staff
from marketplace.use_cases import tables as _use_cases

FOLDER = Path(__file__).parent / "migrations"

TABLE_MODULES = (
    _catalogue,
    _consent,
    _licences,
    _orders,
    _outbox,
    _participants,
    _provenance,
    _requests,
    _staff,
    _use_cases,
)
"""Imported so that their tables are known."""

METADATA: dict[str, MetaData] = {
    "main": Base.metadata,
    "vault": VaultBase.metadata,
    "registrar": RegistrarBase.metadata,
}


class NewerSchemaError(UnavailableError):
    """The database was made by a newer Stoa."""

    code = "newer_schema"


def configuration(which: str, connection: Any = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER / which))
    config.attributes["connection"] = connection
    config.attributes["metadata"] = METADATA[which]
    return config


@cache
def newest_revision(which: str) -> str | None:
    """What this program's migrations lead to. Found once: every migration is read for it."""
    return ScriptDirectory.from_config(configuration(which)).get_current_head()


def upgrade(engine: Engine, which: str) -> None:
    """Bring a database to this program's schema; nothing happens when it is there already.

    Raises:
        NewerSchemaError
    """
    with engine.begin() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        if current is not None and current == newest_revision(which):
            return
        try:
            command.upgrade(configuration(which, connection), "head")
        except CommandError as error:
            raise NewerSchemaError(
                "The database was made by a newer Stoa. Install that version, or restore an older database."
            ) from error
