"""What `stoa` says when it is asked nothing: who you are, which city, and the next three things."""

from api.cli.terminal import console
from api.home import Home
from api.workers import reachable


def show_overview(home: Home) -> None:
    if not home.is_founded:
        console.print("[bold]No city here yet.[/bold] " + f"({home.folder})")
        steps = (
            ("stoa demo", "open a demonstration city and play its three acts"),
            ("stoa demo --once", "the same, answering for the citizen, and stop"),
            ("stoa --help", "everything else"),
        )
    else:
        city = home.city()
        running = reachable(home.settings.node)
        console.print(f"[bold]{city.name}[/bold], kept in {home.folder}")
        console.print("You are on the machine that keeps the city's keys: you can act as its operator.")
        console.print("Its processes are running." if running else "Its processes are not running.")
        steps = (
            ("stoa city participants", "who has joined")
            if running
            else ("stoa serve", "start chain, registrar, workers and server"),
            ("stoa ledger verify", "is the database what the ledger says?"),
            ("stoa audit verify", "is the ledger, with its evidence, true?"),
        )
    console.print("\nNext:")
    for command, meaning in steps:
        console.print(f"  [bold]{command:28}[/bold] {meaning}")
