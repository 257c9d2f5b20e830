"""How commands speak: one console, one way to fail, one set of exit codes."""

import contextlib
import os
import signal
import sys
import unicodedata
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from types import FrameType

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from api.entry.saying import named

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


class Exit(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    REFUSED = 1
    WRONG_USAGE = 2
    NOT_CHECKED = 3
    INTERRUPTED = 130


MEANINGS = {
    Exit.DONE: "It is done; or a service was told to stop, and stopped.",
    Exit.REFUSED: "A named refusal: nothing was changed. Or a comparison found a difference.",
    Exit.WRONG_USAGE: "The command line is not understood; of `stoa audit`, also: a file is not what it must be.",
    Exit.NOT_CHECKED: "Only of `stoa audit`: nothing wrong was found, but not everything could be checked.",
    Exit.INTERRUPTED: "Ctrl-C, where it was not a service's usual end.",
}


@contextmanager
def speaking() -> Generator[None]:
    """Turns a refusal into its one sentence and exit code 1, and Ctrl-C into one sentence and 130."""
    try:
        yield
    except KeyboardInterrupt:
        errors.print("Stopped. Everything that was done is kept; the same command goes on from here.")
        sys.exit(Exit.INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has gone, as `head` does. Python's own last flush must not fail as well.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(Exit.REFUSED)
    except Exception as error:
        code_and_sentence = named(error)
        if code_and_sentence is None:
            raise
        refuse(*code_and_sentence)


def refuse(code: str, sentence: str, exit_code: Exit = Exit.REFUSED) -> None:
    """Say a refusal on one line, and end."""
    errors.print(f"[bold]{escape(code)}[/bold]: {plain(sentence)}", soft_wrap=True)
    sys.exit(exit_code)


def say(sentence: str) -> None:
    """Print one sentence on one line, with markup in it; names and texts of others go through `plain` first."""
    console.print(sentence, soft_wrap=True)


def plain(text: object) -> str:
    """Somebody's text for the console: no markup, and no character that moves the cursor or turns the direction."""
    harmless = "".join(
        character
        if character == "\n" or unicodedata.category(character) not in ("Cc", "Cf", "Cs")
        else "\N{REPLACEMENT CHARACTER}"
        for character in str(text)
    )
    return escape(harmless)


@contextmanager
def until_told_to_stop() -> Generator[None]:
    """Makes `kill` the same as Ctrl-C, so that whatever was started is stopped in either case."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        with contextlib.suppress(TypeError):  # a handler that was not set from Python cannot be put back
            signal.signal(signal.SIGTERM, before)


@contextmanager
def as_a_service(farewell: str) -> Generator[None]:
    """Runs what is meant to run until Ctrl-C or `kill`: being stopped is not a failure of it."""
    with until_told_to_stop():
        with contextlib.suppress(KeyboardInterrupt):  # a web server keeps it to itself, and just ends
            yield
        say(farewell)


@contextmanager
def progressing(title: str) -> Generator[Callable[[int, int], None]]:
    """A bar for long work. What it gives is told (how much is done, of how much)."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, transient=True, console=errors, disable=not errors.is_terminal) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """Print a table, or one sentence where there are no rows."""
    if not rows:
        say(empty)
        return
    say(f"[bold]{title}[/bold]")
    made = Table(box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(plain(cell) for cell in row))
    console.print(made)


def in_credits(amount: int) -> str:
    """Micro-credits as credits, to the last one that is not zero, at least to the cent."""
    whole, rest = divmod(abs(amount), 1_000_000)
    decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if amount < 0 else ''}{whole:,}.{decimals}"
