"""The migrations make exactly the tables that the code uses, each in one store."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from ledger.storage import Store
from marketplace.schema import METADATA, NewerSchemaError, upgrade
from tests import postgres


def databases(server: str | None, name: str) -> str:
    return "sqlite://" if server is None else postgres.fresh_database(server, name)


@pytest.mark.parametrize("which", METADATA)
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_the_migrations_lead_to_the_tables(request: pytest.FixtureRequest, which: str, kind: str) -> None:
    server = request.getfixturevalue("postgres_server") if kind == "postgresql" else None
    engine = create_engine(databases(server, f"schema_{which}"))
    upgrade(engine, which)
    with engine.connect() as connection:
        different = compare_metadata(MigrationContext.configure(connection), METADATA[which])
    engine.dispose()
    assert different == []


def test_upgrading_twice_changes_nothing() -> None:
    engine = create_engine("sqlite://")
    upgrade(engine, "main")
    upgrade(engine, "main")


def test_a_database_of_a_newer_program_is_refused() -> None:
    engine = create_engine("sqlite://")
    upgrade(engine, "main")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'from the future'"))
    with pytest.raises(NewerSchemaError):
        upgrade(engine, "main")


def test_each_table_is_in_exactly_one_store() -> None:
    stores = {
        table.name: table.info.get("store")
        for metadata in METADATA.values()
        for table in metadata.tables.values()
    }
    assert set(stores.values()) <= set(Store), stores
    for table in METADATA["vault"].tables.values():
        assert table.info["store"] == Store.VAULT
