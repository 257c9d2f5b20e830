"""How commands speak: one console, and one way to fail."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.measure import Measurement
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from api.cli.refusing import Exit, errors, plain, refuse
from api.entry.saying import named

console = Console(highlight=False)


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


def say(sentence: str) -> None:
    """Print one sentence on one line, with markup in it; names and texts of others go through `plain` first."""
    console.print(sentence, soft_wrap=True)


def tell(sentence: str) -> None:
    """Say on standard error what begins now and takes seconds; progress is no answer."""
    errors.print(sentence, soft_wrap=True)


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
    """Print a table, or one sentence where there are no rows.

    Where a row does not fit on one line of the terminal, each of its cells gets a line of its own.
    """
    if not rows:
        say(empty)
        return
    say(f"[bold]{title}[/bold]")
    cells = [[plain(cell) for cell in row] for row in rows]
    side_by_side = Table(box=None, pad_edge=False)
    for column in columns:
        side_by_side.add_column(column)
    for row in cells:
        side_by_side.add_row(*row)
    needed = Measurement.get(console, console.options.update(max_width=10_000), side_by_side).maximum
    if needed <= console.width:
        console.print(side_by_side)
        return
    for row in cells:
        say("")
        one_below_the_other(columns, row)


def one_below_the_other(columns: Sequence[str], cells: Sequence[str]) -> None:
    width = max(map(len, columns))
    for column, cell in zip(columns, cells, strict=True):
        say(f"[bold]{column.ljust(width)}[/bold]  {cell}".rstrip())


def in_credits(amount: int) -> str:
    """Micro-credits as credits, to the last one that is not zero, at least to the cent."""
    whole, rest = divmod(abs(amount), 1_000_000)
    decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if amount < 0 else ''}{whole:,}.{decimals}"
