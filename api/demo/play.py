"""The demonstration: opens a city, plays its three acts, and leaves it running for you."""

import time
from pathlib import Path

from rich.console import Console

from api.client.citizen import Citizen
from api.demo import act_one, act_three, act_two
from api.demo.people import Paper, Papers, answers, asked_people
from api.demo.score import Score
from api.demo.stage import CITY, Stage
from api.home import Home

MEGABYTE = 1_000_000
MILLION = 1_000_000


def play(home: Home, console: Console, *, once: bool, details: bool, json_file: Path | None) -> None:
    """Play all three acts. Without `once` the city stays up until Ctrl-C.

    Raises:
        StoaError, LedgerError: a step could not be played; what was done is kept.
    """
    home.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    stage = Stage(home)
    score = Score(console, details=details)
    again = home.is_founded
    console.print(f"[bold]{CITY}[/bold] {'opens its next day' if again else 'opens'}, kept in {home.folder}")
    try:
        stage.choose_ports()
        act_one.play(stage, score)
        act_two.play(stage, score)
        act_three.play(stage, score)
        memory = stage.processes.proportional_memory()
        score.record["memory_bytes"] = memory
        console.print(
            f"\n[dim]All processes together use {memory / MEGABYTE:.0f} MB. The ledger took "
            f"{score.spent.transactions:,} transactions and {score.spent.gas / MILLION:,.1f} million gas.[/dim]",
            soft_wrap=True,
        )
        your_turn(stage, score, console, once=once)
        if json_file is not None:
            score.write(json_file)
        if not once:
            stay(stage, console)
    finally:
        stage.close()


def your_turn(stage: Stage, score: Score, console: Console, *, once: bool) -> None:
    """One citizen has not answered yet."""
    played = answers(asked_people())
    known = set(stage.memory.facts.get("answered", []))
    undecided = next(person for person in played.silent if person not in known)
    letter = stage.desk().write_letter("person", str(undecided))
    use_case = stage.memory["use_case"]
    score.act("Your turn")
    if not once:
        url = f"{stage.home.settings.public}/c#{letter}"
        console.print(f"  One citizen has not answered. Open [bold]{url}[/bold] and answer for her.")
        console.print(
            "  Ctrl-C stops the city; `make serve` starts it again, `make demo` opens the next day."
        )
        return
    with score.step("One citizen had not answered; she says yes") as step:
        citizen = Citizen(stage.home.settings.public, stage.house.city, letter)
        paper = citizen.say_yes(use_case)
        stage.memory.keep(answered=[*known, undecided])
        Papers(stage.home).add([Paper(undecided, paper.consent.hex(), str(paper.code))])
        step.say(f"until {paper.until}, with a code on her paper")


def stay(stage: Stage, console: Console) -> None:
    """Keep the city up until somebody stops it."""
    try:
        while True:
            stage.processes.require_running()
            time.sleep(1)
    except KeyboardInterrupt:
        console.print("\nThe city is stopping. It is kept; `make serve` starts it again.")
