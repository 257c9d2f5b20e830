"""The commands of `stoa` that are in no group: playing, running, and deleting a city."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.cli.context import chosen_home
from api.cli.office import (
    delete_city,
    import_register,
    require_demonstration,
    serve_city,
    written_letter,
)
from api.cli.terminal import Exit, as_a_service, console, say, speaking, until_told_to_stop
from api.demo.play import play
from api.entry.registrar import run as run_registrar
from api.entry.server import run as run_server
from api.entry.workers import run as run_workers
from ledger.devnet.server import serve as serve_devnet

app = typer.Typer()


@app.command(epilog="Example: stoa demo --once --json report.json")
def demo(
    once: Annotated[bool, typer.Option("--once", help="answer for the citizen, and stop")] = False,
    details: Annotated[
        bool, typer.Option("--details", help="show digests, blocks and reasons under each step")
    ] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="write steps, timings, gas, memory and the verdict here")
    ] = None,
) -> None:
    """Open a demonstration city, or its next day, and play three acts on real contracts and processes."""
    with speaking(), until_told_to_stop():
        home = chosen_home()
        require_demonstration(home)
        play(home, console, once=once, details=details, json_file=json_file)


class ProfileName(StrEnum):
    """How long the acts of a city's people wait: `ledger.roles.PROFILES`."""

    DEVNET = "devnet"
    PRODUCTION = "production"


@app.command(epilog="Example: stoa --home my-city serve --name 'My City' --profile production")
def serve(
    name: Annotated[str | None, typer.Option(help="found a city of this name if there is none here")] = None,
    profile: Annotated[
        ProfileName | None,
        typer.Option(
            help="how long its operators' acts wait, for good (docs/operating.md)", show_default="devnet"
        ),
    ] = None,
    node: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="another engine's JSON-RPC node, instead of the embedded chain; kept for later",
        ),
    ] = None,
) -> None:
    """Run the kept city: chain, registrar, workers and server, until Ctrl-C. With --name, found one first."""
    with speaking():
        kept_profile = None if profile is None else profile.value
        serve_city(chosen_home(), name=name, profile=kept_profile, node=node)


@app.command(epilog="Example: stoa devnet --port 8545")
def devnet(
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="8545, or a free one when it is taken; 0: a free one"),
    ] = None,
) -> None:
    """Run the city's own chain alone: pure Python, durable, sealed, permissioned, on loopback."""
    with speaking():
        home = chosen_home()
        code = serve_devnet(
            home.devnet, port=port, started=lambda _devnet, url: say(f"Listening at {url}. Ctrl-C stops it.")
        )
        if code == Exit.DONE:
            say("Stopped. Everything that was acknowledged is kept; the same command goes on from here.")
    raise typer.Exit(code)


@app.command(epilog="Example: stoa registrar --import people.csv, then stoa registrar --letter person:4711")
def registrar(
    register: Annotated[
        Path | None,
        typer.Option("--import", help="a CSV file (kind, key, age) to put into the register, and stop"),
    ] = None,
    letter: Annotated[
        str | None,
        typer.Option(
            metavar="KIND:KEY", help="write the letter to one person anew, print its code, and stop"
        ),
    ] = None,
) -> None:
    """Run the registrar's office: its own key, database and process; it never acts for the operator."""
    code = Exit.DONE
    with speaking():
        home = chosen_home()
        if register is not None:
            say(f"{import_register(home, register):,} people are new in the register.")
        if letter is not None:
            say(written_letter(home, letter))
        if register is None and letter is None:
            with as_a_service("The registrar's office is closed. `stoa registrar` opens it again."):
                code = run_registrar(home)
    raise typer.Exit(code)


@app.command(epilog="Example: stoa workers")
def workers() -> None:
    """Run the background workers alone: sender, projector, policies, analysis."""
    with speaking():
        code = run_workers(chosen_home())
        say("The workers have stopped. What waits is kept; `stoa workers` goes on with it.")
    raise typer.Exit(code)


@app.command(epilog="Example: stoa server")
def server() -> None:
    """Run the HTTP API and the pages alone; `stoa serve` runs everything."""
    code = Exit.DONE
    with speaking(), as_a_service("The server has stopped. `stoa server` starts it again."):
        code = run_server(chosen_home())
    raise typer.Exit(code)


@app.command(epilog="Example: stoa --home my-city reset --yes")
def reset(yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False) -> None:
    """Delete the city in this folder: its chain, databases, keys and wallets. There is no way back."""
    with speaking():
        home = chosen_home()
        if not home.folder.exists():
            say("There is no city here, so nothing was deleted. `stoa demo` opens one.")
            return
        delete_city(
            home,
            confirmed=lambda: (
                yes
                or typer.confirm(
                    f"Delete the city in {home.folder}, with its keys and its ledger?", abort=True
                )
            ),
        )
        say("The city is gone. `stoa demo` opens a new one.")
