"""Engines that are not ours, for asking whether the same city comes out on them: eth-tester's chain and anvil."""

import ast
import re
import subprocess
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from eth_tester import EthereumTester, PyEVMBackend
from eth_tester.exceptions import TransactionFailed
from web3 import EthereumTesterProvider, Web3
from web3.providers import BaseProvider
from web3.types import RPCEndpoint, RPCResponse

from ledger.node import REVERT_CODE, Node

ANVIL = Path(__file__).parent.parent / "contracts/toolchain/node_modules/.bin/anvil"


class TesterProvider(BaseProvider):
    """eth-tester as a node: web3's provider for it, with the answers a JSON-RPC server would have given."""

    def __init__(self) -> None:
        super().__init__()
        parameters = {**PyEVMBackend.generate_genesis_params(), "base_fee_per_gas": 0}
        tester = EthereumTester(PyEVMBackend(genesis_parameters=parameters))
        inner = EthereumTesterProvider(tester)
        w3 = Web3(inner)
        self._ask = inner.request_func(w3, w3.middleware_onion)

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        if method == "eth_call":  # eth-tester has the caller pay for what is asked
            params = [{**params[0], "gasPrice": "0x0"}, *params[1:]]
        try:
            answer = self._ask(method, params)
        except TransactionFailed as failed:
            error = {
                "code": REVERT_CODE,
                "message": "execution reverted",
                "data": "0x" + revert_data(failed).hex(),
            }
            return cast("RPCResponse", {"error": error})
        return cast("RPCResponse", as_json(answer))


def revert_data(failed: TransactionFailed) -> bytes:
    """What the contract said, out of eth-tester's sentence: it writes the bytes as Python does."""
    _, _, said = str(failed).partition("execution reverted: ")
    return cast("bytes", ast.literal_eval(said)) if said.startswith("b") else b""


def as_json(value: object) -> object:
    match value:
        case bool() | None | str():
            return value
        case int():
            return hex(value)
        case bytes():
            return "0x" + value.hex()
        case Mapping():
            return {name: as_json(one) for name, one in value.items()}
        case _:
            return [as_json(one) for one in cast("list[object]", value)]


@contextmanager
def eth_tester() -> Generator[Node]:
    yield Node(TesterProvider())


@contextmanager
def anvil() -> Generator[Node]:
    """Foundry's chain, as a process that says where it listens."""
    command = [
        ANVIL,
        "--port",
        "0",
        "--hardfork",
        "prague",
        "--gas-price",
        "0",
        "--block-base-fee-per-gas",
        "0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = next(
                found[0] for line in process.stdout if (found := re.findall(r"Listening on (\S+)", line))
            )
            # It says every request: nobody reads on, and it stands still once the pipe is full.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            yield Node.at("http://" + url)
        finally:
            process.kill()
