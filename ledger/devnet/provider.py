"""web3.py without a network: a provider that asks the chain in this process."""

from typing import Any, cast

import orjson
from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from ledger.devnet.chain import Devnet


class InProcessProvider(JSONBaseProvider):
    """Asks `devnet` through the same dispatcher as the server does, without HTTP."""

    def __init__(self, devnet: Devnet, **options: Any) -> None:
        super().__init__(**options)
        self._devnet = devnet

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        request = orjson.loads(self.encode_rpc_request(method, params))
        return cast("RPCResponse", self._devnet.rpc(request))

    def make_batch_request(self, requests: list[tuple[RPCEndpoint, Any]]) -> list[RPCResponse] | RPCResponse:
        batch = orjson.loads(self.encode_batch_rpc_request(requests))
        return cast("list[RPCResponse] | RPCResponse", self._devnet.rpc(batch))

    def is_connected(self, show_traceback: bool = False) -> bool:
        return True
