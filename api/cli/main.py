"""The `stoa` command."""

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from api.cli import audit, citizen, city, data, ledger, partner
from api.cli.context import Chosen, chosen_home
from api.cli.office import import_register, serve_city
from api.cli.overview import show_overview
from api.cli.terminal import console, speaking
from api.demo.play import play
from api.entry.registrar import run as run_registrar
from api.entry.server import run as run_server
from api.home import ENVIRONMENT
from api.workers import work
from ledger.devnet.server import serve as serve_devnet

app = typer.Typer(
    name="stoa",
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="A city's data marketplace: consent, licences, settlement, answers and audit on a permissioned ledger.",
)
app.add_typer(citizen.app, name="citizen")
app.add_typer(partner.app, name="partner")
app.add_typer(city.app, name="city")
app.add_typer(data.app, name="data")
app.add_typer(ledger.app, name="ledger")
app.add_typer(audit.app, name="audit")


@app.callback(invoke_without_command=True)
def begin(
    context: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option(help="the city's folder", envvar=ENVIRONMENT, show_default=".stoa", file_okay=False),
    ] = None,
) -> None:
    """Without a command: who you are, which city this is, and what you can do next."""
    os.umask(0o077)  # what a command writes is its user's alone
    Chosen.folder = home
    if context.invoked_subcommand is None:
        with speaking():
            show_overview(chosen_home())


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="answer for the citizen, and stop")] = False,
    details: Annotated[
        bool, typer.Option("--details", help="show digests, blocks and reasons under each step")
    ] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="write steps, timings and the verdict here")
    ] = None,
) -> None:
    """Open a demonstration city, or its next day, and play three acts on real contracts and processes."""
    with speaking():
        play(chosen_home(), console, once=once, details=details, json_file=json_file)


@app.command()
def serve() -> None:
    """Start the kept city: chain, registrar, workers and server, until Ctrl-C."""
    with speaking():
        serve_city(chosen_home(), console)


@app.command()
def devnet(
    port: Annotated[int | None, typer.Option(help="8545, or a free one when it is taken")] = None,
) -> None:
    """Run the city's own chain: pure Python, durable, sealed, permissioned, on loopback."""
    with speaking():
        home = chosen_home()
        code = serve_devnet(
            home.devnet, port=port, started=lambda _devnet, url: console.print(f"Listening at {url}")
        )
    raise typer.Exit(code)


@app.command()
def registrar(
    register: Annotated[
        Path | None,
        typer.Option(
            "--import", help="a CSV file (kind, key, age) to put into the register, and stop", exists=True
        ),
    ] = None,
) -> None:
    """Run the registrar's office: its own key, database and process; it never acts for the operator."""
    with speaking():
        home = chosen_home()
        if register is not None:
            console.print(f"{import_register(home, register):,} people are new in the register.")
            return
        code = run_registrar(home)
    raise typer.Exit(code)


@app.command()
def workers() -> None:
    """Run the background workers: sender, projector, policies, analysis."""
    with speaking():
        code = work(chosen_home())
    raise typer.Exit(code)


@app.command()
def server() -> None:
    """Run the HTTP API and the pages alone; `stoa serve` runs everything."""
    with speaking():
        code = run_server(chosen_home())
    raise typer.Exit(code)


@app.command()
def reset(yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False) -> None:
    """Delete the city in this folder: its chain, databases, keys. There is no way back."""
    with speaking():
        home = chosen_home()
        if not home.folder.exists():
            console.print("There is no city here.")
            return
        if not yes:
            typer.confirm(f"Delete the city in {home.folder}, with its keys and its ledger?", abort=True)
        shutil.rmtree(home.folder)
        console.print("The city is gone. `stoa demo` opens a new one.")


def main() -> None:
    app()


if __name__ == "__main__":
    sys.exit(main())
