"""Whose key signs what a command puts. One command signs for one person."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.cli.context import Opened
from api.deputy import deputy_sender
from ledger.keys import KeyStore


class Signing(StrEnum):
    """The two persons that some acts take."""

    OPERATOR = "operator"
    """Signs with the key that the workers hold."""
    DEPUTY = "deputy"
    """Signs with a key of her own, in this very command."""

    @property
    def other(self) -> "Signing":
        return Signing.OPERATOR if self is Signing.DEPUTY else Signing.DEPUTY


As = Annotated[Signing, typer.Option("--as", help="who signs: the operator, or the second person")]
Keys = Annotated[
    Path | None,
    typer.Option(
        help="the deputy's folder of keys, with its passphrase", show_default="deputy, in the city's folder"
    ),
]


def carrying(city: Opened, signing: Signing, keys: Path | None) -> Callable[[], object]:
    """What carries this person's messages while her command waits; nothing where the workers do.

    Raises:
        KeyFileError: the deputy's key is not there, or cannot be opened.
    """
    if signing is Signing.OPERATOR:
        return lambda: None
    store = None if keys is None else KeyStore(keys)
    return deputy_sender(city.home, city.house, city.node, store).step
