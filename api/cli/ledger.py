"""`stoa ledger ...`: is SQL what the ledger says?"""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from api.cli.context import opened, projector_of
from api.cli.terminal import Exit, progressing, say, speaking
from ledger.storage import Base, Database, open_database, sqlite_url
from marketplace.projector import Projector, contents, rebuild
from marketplace.provenance.queries import head as chain_head

app = typer.Typer(no_args_is_help=True, help="Compare the read model with the ledger, or rebuild it.")


@app.command(epilog="Example: stoa ledger verify")
def verify() -> None:
    """Replay the ledger into a scratch database and compare every row of every projected table."""
    with (
        speaking(),
        opened() as city,
        tempfile.TemporaryDirectory(prefix="stoa-verify-") as folder,
        progressing("replaying blocks") as progress,
    ):
        scratch = Database(open_database(sqlite_url(Path(folder) / "scratch.db")))
        Base.metadata.create_all(scratch.engine)
        replayed = Projector(scratch, city.node, city.house.city)
        with city.house.database.reading() as session:
            found = contents(session)
            upto = chain_head(session).number
        head = replayed.catch_up(progress, upto=upto)
        with scratch.reading() as session:
            expected = contents(session)
        scratch.close()
    different = [name for name in expected if expected[name] != found[name]]
    rows = sum(len(rows) for rows in expected.values())
    if different:
        say(f"Not what the ledger says: {', '.join(different)}. `stoa ledger rebuild` mends it.")
        raise typer.Exit(Exit.REFUSED)
    say(f"Every one of {rows:,} rows in {len(expected)} tables is what blocks up to {head.number:,} say.")


@app.command(
    "rebuild", epilog="Example: stop `stoa serve`, run `stoa devnet`, then stoa ledger rebuild --yes"
)
def rebuild_(
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Forget the projected tables and replay the ledger into them. The chain must run, and no workers."""
    with speaking(), opened() as city, city.home.holding("workers"):
        if not yes:
            typer.confirm("Drop every projected row and replay the ledger?", abort=True)
        with progressing("replaying blocks") as progress:
            head = rebuild(city.house.database, projector_of(city), progress)
        say(f"Rebuilt up to block {head.number:,}.")
