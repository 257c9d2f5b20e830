"""Nodes that refuse, forget or lie in one thing and are the city's own in all others."""

from collections.abc import Callable
from typing import Any, cast

from web3.providers import BaseProvider

from ledger.devnet.chain import Devnet
from ledger.devnet.provider import InProcessProvider

Ask = Callable[[], dict[str, Any]]
Change = Callable[[Ask], dict[str, Any]]


class Crooked(BaseProvider):
    """The city's own node, but for one method, where `change` decides what becomes of the question and the answer."""

    def __init__(self, devnet: Devnet, method: str, change: Change) -> None:
        super().__init__()
        self._true = InProcessProvider(devnet)
        self._method, self._change = method, change

    def make_request(self, method: Any, params: Any) -> Any:
        def ask() -> dict[str, Any]:
            return cast("dict[str, Any]", self._true.make_request(method, params))

        return self._change(ask) if method == self._method else ask()
