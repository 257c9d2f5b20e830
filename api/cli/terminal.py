"""How commands speak: one console, one way to fail."""

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

from ledger.keys import KeyFileError
from ledger.node import LedgerError
from marketplace.errors import StoaError

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

EXIT_REFUSED = 1
EXIT_INTERRUPTED = 130


@contextmanager
def speaking() -> Generator[None]:
    """Turns a refusal into its one sentence and exit code 1, and Ctrl-C into one sentence and 130."""
    try:
        yield
    except (StoaError, LedgerError, KeyFileError) as error:
        errors.print(f"[bold]{error.code}[/bold]: {error}", markup=True)
        sys.exit(EXIT_REFUSED)
    except KeyboardInterrupt:
        errors.print("Stopped. Everything that was done is kept; the same command goes on from here.")
        sys.exit(EXIT_INTERRUPTED)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """Print a table, or one sentence where there are no rows."""
    if not rows:
        console.print(empty)
        return
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(str(cell) for cell in row))
    console.print(made)


def in_credits(amount: int) -> str:
    """Micro-credits as credits, to the last one that is not zero, at least to the cent."""
    whole, rest = divmod(abs(amount), 1_000_000)
    decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if amount < 0 else ''}{whole:,}.{decimals}"
