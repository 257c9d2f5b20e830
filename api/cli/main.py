"""The `stoa` command. What its commands need is imported when one is used: together that takes seconds."""

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from api.cli.chosen import Chosen
from api.cli.later import Later, imported
from api.cli.refusing import Exit, refuse

app = typer.Typer(
    name="stoa",
    cls=Later,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="A city's data marketplace: consent, licences, settlement, answers and audit on a permissioned ledger.",
    epilog=(
        "Without a command, `stoa` says who you are, which city this is and what you can do next. Exit codes: 0 done, "
        "1 refused (one line `code: what to do`, nothing changed) or a difference found, 2 wrong usage, 3 not "
        "everything could be checked (audit), 130 Ctrl-C."
    ),
)


def say_version(wanted: bool) -> None:
    if wanted:
        print(f"stoa {version('stoa')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def begin(
    context: typer.Context,
    _version: Annotated[
        bool,
        typer.Option("--version", help="say which Stoa this is", is_eager=True, callback=say_version),
    ] = False,
    home: Annotated[
        Path | None,
        typer.Option(help="the city's folder", envvar="STOA_HOME", show_default=".stoa"),
    ] = None,
) -> None:
    """Without a command: who you are, which city this is, and what you can do next."""
    os.umask(0o077)  # what a command writes is its user's alone
    Chosen.folder = home
    if context.invoked_subcommand is None:
        imported("overview").say_overview()


def main() -> None:
    """Run one command. What the command line itself gets wrong is a named refusal too, with exit code 2."""
    try:
        code = app(standalone_mode=False)
    except typer.Abort:
        refuse(
            "not_confirmed",
            "That was not answered, or with no, so nothing was done. `--help` shows how to answer beforehand.",
        )
    except typer.TyperException as error:
        misunderstood(error)
    else:
        sys.exit(code)


def misunderstood(error: typer.TyperException) -> None:
    """Say what is wrong with the command line; a group without a command has shown its help, and says no more."""
    said, context = error.format_message(), getattr(error, "ctx", None)
    path = "stoa" if context is None else context.command_path
    if not said:
        sys.exit(Exit.WRONG_USAGE)
    ended = said if said.endswith("?") else f"{said.rstrip('.')}."
    refuse("wrong_usage", f"{ended} `{path} --help` shows how.", Exit.WRONG_USAGE)


if __name__ == "__main__":
    main()
