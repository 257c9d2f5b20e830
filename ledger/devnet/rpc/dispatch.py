"""From a JSON-RPC request or batch to its answer. Whatever comes in, what goes out is JSON-RPC."""

import logging
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from itertools import groupby
from typing import Any, TypeVar, cast

import orjson

from ledger.devnet.errors import StoppedError
from ledger.devnet.rpc import values
from ledger.devnet.rpc.errors import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    LIMIT_EXCEEDED,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    SERVER_ERROR,
    Json,
    RpcError,
    invalid_params,
    named,
    refused,
)
from ledger.devnet.rpc.filters import Filters
from ledger.devnet.rpc.method import Method, Params
from ledger.devnet.rpc.methods import METHODS
from ledger.devnet.rpc.node import Node
from ledger.devnet.rpc.values import hex_bytes
from ledger.devnet.transactions import TransactionRefusedError

logger = logging.getLogger(__name__)

SEND = "eth_sendRawTransaction"

SEND_METHOD = METHODS[SEND]

T = TypeVar("T")


class Dispatcher:
    """Answers for one node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._methods = METHODS | _filter_methods(Filters(node))

    def answer_bytes(self, body: bytes) -> bytes:
        """The answer to what came over the wire; empty when none is asked for."""
        if len(body) > self._node.limits.body_bytes:
            return orjson.dumps(self.too_large())
        try:
            payload = orjson.loads(body)
        except ValueError:
            return orjson.dumps(
                _failed(None, named(PARSE_ERROR, "parse_error", "parse error: this is not JSON"))
            )
        answer = self.answer(payload)
        return b"" if answer is None else orjson.dumps(answer)

    def too_large(self) -> Json:
        most = self._node.limits.body_bytes
        return _failed(
            None, named(LIMIT_EXCEEDED, "body_too_large", f"the request is longer than {most} bytes")
        )

    def answer(self, payload: object) -> Json:
        """The answer to a request or a batch of them; None when none is asked for."""
        if not isinstance(payload, list):
            return self._answer_all([payload])[0]
        batch = cast("list[object]", payload)
        if not batch:
            return _failed(None, named(INVALID_REQUEST, "invalid_request", "an empty batch asks for nothing"))
        if len(batch) > self._node.limits.batch_length:
            most = self._node.limits.batch_length
            return _failed(
                None, named(LIMIT_EXCEEDED, "batch_too_long", f"a batch may have at most {most} requests")
            )
        return [each for each in self._answer_all(batch) if each is not None] or None

    def _answer_all(self, requests: list[object]) -> list[Json]:
        """Answers in order. Transactions that follow each other are taken together, so that one block holds them."""
        answers: list[Json] = []
        room = _Room(self._node.limits.batch_results)
        for are_sent, consecutive in groupby(requests, _sends):
            group = list(consecutive)
            outcomes = self._send(group) if are_sent else (self._outcome(each, room) for each in group)
            answers.extend(map(_reply, group, outcomes))
        return answers

    def _outcome(self, request: object, room: "_Room") -> "Json | RpcError":
        if not _is_request(request):
            return named(
                INVALID_REQUEST, "invalid_request", "not a JSON-RPC 2.0 request with a method and an id"
            )
        fields = cast("dict[str, Any]", request)
        return _caught(lambda: room.take(partial(self._call, fields["method"], fields.get("params"))))

    def _call(self, name: str, params: Any) -> Json:
        method = self._methods.get(name)
        if method is None:
            raise named(METHOD_NOT_FOUND, "method_not_found", f"the method {name[:80]} does not exist")
        return method.function(self._node, _arguments(method, params))

    def _send(self, requests: list[object]) -> "list[Json | RpcError]":
        raws = [_caught(partial(_raw_of, request)) for request in requests]
        answers = iter(
            self._node.sequencer.intake.submit_all([raw for raw in raws if isinstance(raw, bytes)])
        )
        sent = [next(answers) if isinstance(raw, bytes) else raw for raw in raws]
        return [_caught(partial(_hash_in, each)) if isinstance(each, Future) else each for each in sent]


class _Room:
    """What is left of the room for the answers to one batch."""

    def __init__(self, results: int) -> None:
        self._left = results

    def take(self, work: Callable[[], Json]) -> Json:
        if self._left <= 0:
            raise named(
                LIMIT_EXCEEDED,
                "batch_too_large",
                "the answers to this batch are too long: ask for less at once",
            )
        result = work()
        self._left -= len(result) if isinstance(result, list) else 1
        return result


def _hash_in(answer: "Future[bytes]") -> str:
    return hex_bytes(answer.result())


def _raw_of(request: object) -> bytes:
    arguments = _arguments(SEND_METHOD, cast("dict[str, Any]", request).get("params"))
    return values.some_bytes(arguments[0], "transaction")


def _caught(work: Callable[[], T]) -> "T | RpcError":
    """What `work` returns, or the error to tell. Nothing is raised, whatever happens."""
    try:
        return work()
    except RpcError as error:
        return error
    except TransactionRefusedError as refusal:
        return refused(refusal)
    except StoppedError as error:
        return named(SERVER_ERROR, error.code, str(error))
    except Exception:
        logger.exception("A method failed.")
        return named(INTERNAL_ERROR, "internal_error", "internal error: the log of the node says more")


def _reply(request: object, outcome: "Json | RpcError") -> Json:
    """None for a request that wants no answer because it has no id."""
    fields = cast("dict[str, Any]", request) if _is_request(request) else {"id": None}
    if "id" not in fields:
        return None
    if isinstance(outcome, RpcError):
        return _failed(fields["id"], outcome)
    return {"jsonrpc": "2.0", "id": fields["id"], "result": outcome}


def _is_request(request: object) -> bool:
    if not isinstance(request, dict):
        return False
    fields = cast("dict[str, Any]", request)
    identifier = fields.get("id")
    return (
        fields.get("jsonrpc") == "2.0"
        and isinstance(fields.get("method"), str)
        and (identifier is None or isinstance(identifier, str | int | float))
        and not isinstance(identifier, bool)
    )


def _sends(request: object) -> bool:
    return _is_request(request) and cast("dict[str, Any]", request)["method"] == SEND


def _arguments(method: Method, params: Any) -> Params:
    if params is None:
        params = []
    if not isinstance(params, list):
        raise invalid_params("params must be a list")
    arguments = cast("Params", params)
    while len(arguments) > method.least and arguments[-1] is None:
        arguments = arguments[:-1]
    if len(arguments) < method.least:
        raise invalid_params(f"missing value for required argument {len(arguments)}")
    if len(arguments) > method.most:
        raise invalid_params(f"too many arguments, want at most {method.most}")
    return arguments


def _failed(reply_to: Json, error: RpcError) -> dict[str, Json]:
    return {"jsonrpc": "2.0", "id": reply_to, "error": error.as_json()}


def _filter_methods(filters: Filters) -> dict[str, Method]:
    def new_filter(_: Node, params: Params) -> Json:
        if not isinstance(params[0], dict):
            raise invalid_params("the filter must be an object")
        return filters.new_log_filter(cast("dict[str, Any]", params[0]))

    return {
        "eth_newFilter": Method(new_filter, 1, 1),
        "eth_newBlockFilter": Method(lambda _, params: filters.new_block_filter(), 0, 0),
        "eth_getFilterChanges": Method(lambda _, params: filters.changes(params[0]), 1, 1),
        "eth_getFilterLogs": Method(lambda _, params: filters.logs(params[0]), 1, 1),
        "eth_uninstallFilter": Method(lambda _, params: filters.uninstall(params[0]), 1, 1),
    }
