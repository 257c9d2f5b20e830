"""What a method is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ledger.devnet.rpc.errors import Json
from ledger.devnet.rpc.node import Node

Params = list[Any]


@dataclass(frozen=True)
class Method:
    """A function, and how many parameters it takes."""

    function: Callable[[Node, Params], Json]
    least: int
    most: int
