"""One set of exit codes, and one line for each refusal.

It imports nothing of the city, so that a mistyped command is refused at once.
"""

import sys
import unicodedata
from enum import IntEnum

from rich.console import Console
from rich.markup import escape

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


def refuse(code: str, sentence: str, exit_code: Exit = Exit.REFUSED) -> None:
    """Say a refusal on one line, and end."""
    errors.print(f"[bold]{escape(code)}[/bold]: {plain(sentence)}", soft_wrap=True)
    sys.exit(exit_code)


def plain(text: object) -> str:
    """Somebody's text for the console: no markup, and no character that moves the cursor or turns the direction."""
    harmless = "".join(
        character
        if character == "\n" or unicodedata.category(character) not in ("Cc", "Cf", "Cs")
        else "\N{REPLACEMENT CHARACTER}"
        for character in str(text)
    )
    return escape(harmless)
