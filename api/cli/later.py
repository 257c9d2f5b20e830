"""Commands that are listed at once and imported when they are used: all of them together take seconds."""

from importlib import import_module
from typing import Any, NamedTuple

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command


class Place(NamedTuple):
    """In which module a command is, or a group that is called as its module, and what is said of it in a list."""

    module: str
    help: str


PLACES = {
    "demo": Place(
        "services",
        "Open a demonstration city, or its next day, and play three acts on real contracts and processes.",
    ),
    "serve": Place(
        "services",
        "Run the kept city: chain, registrar, workers and server, until Ctrl-C. With --name, found one first.",
    ),
    "devnet": Place(
        "services", "Run the city's own chain alone: pure Python, durable, sealed, permissioned, on loopback."
    ),
    "registrar": Place(
        "services",
        "Run the registrar's office: its own key, database and process; it never acts for the operator.",
    ),
    "workers": Place("services", "Run the background workers alone: sender, projector, policies, analysis."),
    "server": Place("services", "Run the HTTP API and the pages alone; `stoa serve` runs everything."),
    "reset": Place(
        "services",
        "Delete the city in this folder: its chain, databases, keys and wallets. There is no way back.",
    ),
    "citizen": Place("citizen", "Decide about your own data, with the code from your letter or paper."),
    "partner": Place("partner", "Join, apply, buy and order as a company, with your own key."),
    "city": Place("city", "Run the city: admit, register data, assess, decide, set prices, freeze."),
    "data": Place("data", "Fetch the sources of the demo city."),
    "ledger": Place("ledger", "Compare the read model with the ledger, or rebuild it."),
    "audit": Place("audit", "Export the city's evidence and verify it independently."),
}


def imported(module: str) -> Any:
    """A module of the command line."""
    return import_module(f"api.cli.{module}")


class Later(TyperGroup):
    """The commands by name and sentence, for help, completion and guesses; the one that is used is the real one."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, place in PLACES.items():
            self.add_command(TyperCommand(name, help=place.help))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, _, rest = super().resolve_command(ctx, args)
        return name, None if name is None else real(name), rest


def real(name: str) -> Any:
    """The command or the group itself."""
    module = PLACES[name].module
    made: Any = get_command(imported(module).app)
    return made if name == module else made.commands[name]


def everything() -> dict[str, Any]:
    """Every command and group, imported."""
    return {name: real(name) for name in PLACES}
