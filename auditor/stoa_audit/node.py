"""A node of the ledger, asked over JSON-RPC. It is trusted with nothing: what it says is compared or proven."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import httpx
import orjson

from stoa_audit.errors import NodeError

BATCH = 100
SECONDS = 60.0

Transport = Callable[[Any], Any]
"""Takes a JSON-RPC request, or a list of them, and gives the answer, both as JSON values. May raise OSError."""


def over_http(url: str) -> Transport:
    """Asks the node at `url`."""
    client = httpx.Client(timeout=SECONDS, headers={"content-type": "application/json"})

    def ask(payload: Any) -> Any:
        try:
            return orjson.loads(client.post(url, content=orjson.dumps(payload)).content)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NodeError(f"the node at {url} does not answer ({type(error).__name__})") from error
        except orjson.JSONDecodeError as error:
            raise NodeError(f"the node at {url} does not answer in JSON") from error

    return ask


class RefusedError(NodeError):
    """The node answered with an error of its own."""


class Node:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def ask(self, method: str, *parameters: Any) -> Any:
        """Raises NodeError when there is no answer, RefusedError when it is an error."""
        return self.ask_all(method, [parameters])[0]

    def ask_all(self, method: str, wanted: Sequence[Sequence[Any]]) -> list[Any]:
        """The same question about many things, in batches; the answers in the order of the questions."""
        found: list[Any] = []
        for start in range(0, len(wanted), BATCH):
            requests = [
                {"jsonrpc": "2.0", "id": index, "method": method, "params": list(parameters)}
                for index, parameters in enumerate(wanted[start : start + BATCH])
            ]
            found += self._answers(method, requests)
        return found

    def _answers(self, method: str, requests: list[dict[str, Any]]) -> list[Any]:
        try:
            single = len(requests) == 1
            answer = self._transport(requests[0] if single else requests)
        except OSError as error:
            raise NodeError(f"the node does not answer ({error.strerror or type(error).__name__})") from error
        answers = cast("list[Any]", [answer] if single or not isinstance(answer, list) else answer)
        by_id = {one.get("id"): one for one in answers if isinstance(one, dict)}
        return [self._result(method, by_id.get(request["id"])) for request in requests]

    @staticmethod
    def _result(method: str, answer: Any) -> Any:
        if not isinstance(answer, dict):
            raise NodeError(f"the node left {method} unanswered")
        known = cast("dict[str, Any]", answer)
        if known.get("error") is not None:
            error = known["error"]
            message = cast("dict[str, Any]", error).get("message") if isinstance(error, dict) else error
            raise RefusedError(f"the node refuses {method}: {str(message)[:200]}")
        return known.get("result")
