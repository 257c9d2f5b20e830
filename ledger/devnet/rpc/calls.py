"""eth_call and eth_estimateGas: from JSON to a call and back."""

from typing import Any, cast

from eth.abc import BlockHeaderAPI

from ledger.devnet.execution import Call, CallFailedError, CallRefusedError, CallRevertedError
from ledger.devnet.rpc import values
from ledger.devnet.rpc.errors import EXECUTION_REVERTED, SERVER_ERROR, RpcError, invalid_params, named
from ledger.devnet.rpc.node import BlockAt, Node

ZERO_ADDRESS = "0x" + "00" * 20


def parse_call(fields: Any) -> Call:
    """The call in a transaction object. Fees are left out, for there are none here."""
    if not isinstance(fields, dict):
        raise invalid_params("the transaction must be an object")
    known = cast("dict[str, Any]", {name: value for name, value in fields.items() if value is not None})
    return Call(
        sender=values.address(known.get("from", ZERO_ADDRESS), "from"),
        to=_to(known),
        value=values.quantity(known.get("value", "0x0"), "value"),
        payload=_payload(known),
        gas=values.quantity(known["gas"], "gas") if "gas" in known else None,
        access_list=_access_list(known.get("accessList", [])),
    )


def _to(known: dict[str, Any]) -> bytes:
    return values.address(known["to"], "to") if known.get("to", "0x") != "0x" else b""


def _payload(known: dict[str, Any]) -> bytes:
    given = [values.some_bytes(known[name], name) for name in ("input", "data") if name in known]
    if len(set(given)) > 1:
        raise invalid_params("input and data differ: give one of them")
    return given[0] if given else b""


def _access_list(entries: Any) -> tuple[tuple[bytes, tuple[int, ...]], ...]:
    try:
        return tuple(
            (
                values.address(entry["address"], "address"),
                tuple(values.slot(key, "storageKeys") for key in entry["storageKeys"]),
            )
            for entry in entries
        )
    except (KeyError, TypeError) as error:
        raise invalid_params("accessList must be a list of objects with address and storageKeys") from error


def call(node: Node, fields: Any, block: BlockAt) -> str:
    try:
        return values.hex_bytes(node.executor().call(parse_call(fields), block.header))
    except (CallRefusedError, CallFailedError) as error:
        raise _told(error) from error


def estimate_gas(node: Node, fields: Any, context: BlockHeaderAPI) -> str:
    try:
        return values.hex_quantity(node.executor().estimate_gas(parse_call(fields), context))
    except (CallRefusedError, CallFailedError) as error:
        raise _told(error) from error


def _told(error: CallRefusedError | CallFailedError) -> RpcError:
    if isinstance(error, CallRevertedError):
        return RpcError(EXECUTION_REVERTED, str(error), values.hex_bytes(error.output))
    code = "call_refused" if isinstance(error, CallRefusedError) else "call_failed"
    return named(SERVER_ERROR, code, str(error))
