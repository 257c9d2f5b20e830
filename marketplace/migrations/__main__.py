"""Write the next migrations: what changed in the tables since the last ones. Read them before committing them."""

import sys

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from marketplace.schema import METADATA, configuration, upgrade


def main() -> None:
    message = " ".join(sys.argv[1:]) or "Change the schema"
    for which in METADATA:
        engine = create_engine("sqlite://", poolclass=StaticPool)
        upgrade(engine, which)
        with engine.begin() as connection:
            config = configuration(which, connection)
            if compare_metadata(MigrationContext.configure(connection), METADATA[which]):
                command.revision(config, message=message, autogenerate=True)


if __name__ == "__main__":
    main()
