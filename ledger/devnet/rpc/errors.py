"""Answers that are errors. `data.code` is stable; the message is for a person."""

from collections.abc import Mapping, Sequence

from ledger.devnet.transactions import TransactionRefusedError

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
SERVER_ERROR = -32000
LIMIT_EXCEEDED = -32005
EXECUTION_REVERTED = 3

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]


class RpcError(Exception):
    """What the caller is told instead of a result."""

    def __init__(self, number: int, message: str, data: Json = None) -> None:
        super().__init__(message)
        self.number = number
        self.message = message
        self.data = data

    def as_json(self) -> dict[str, Json]:
        body: dict[str, Json] = {"code": self.number, "message": self.message}
        if self.data is not None:
            body["data"] = self.data
        return body


def named(number: int, code: str, message: str) -> RpcError:
    """An error that programs may tell by `code`."""
    return RpcError(number, message, {"code": code})


def invalid_params(message: str) -> RpcError:
    return named(INVALID_PARAMS, "invalid_params", message)


def refused(refusal: TransactionRefusedError) -> RpcError:
    return named(SERVER_ERROR, refusal.code, str(refusal))
