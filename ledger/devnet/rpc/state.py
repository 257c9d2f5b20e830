"""Methods that read the state, prove it, and execute on it."""

from typing import Any, cast

from ledger.devnet.accounts import StateAt
from ledger.devnet.rpc import calls, values
from ledger.devnet.rpc.errors import LIMIT_EXCEEDED, SERVER_ERROR, Json, invalid_params, named
from ledger.devnet.rpc.method import Params
from ledger.devnet.rpc.node import Node
from ledger.devnet.rpc.values import hex_bytes, hex_quantity


def transaction_count(node: Node, params: Params) -> Json:
    address = values.address(params[0], "address")
    reference = _reference(params, 1)
    if reference == "pending":
        return hex_quantity(node.sequencer.intake.next_nonce(address))
    return hex_quantity(node.state_at(node.block(reference)).account(address).nonce)


def balance(node: Node, params: Params) -> Json:
    return hex_quantity(_state(node, params, 1).account(values.address(params[0], "address")).balance)


def code(node: Node, params: Params) -> Json:
    return hex_bytes(_state(node, params, 1).code(values.address(params[0], "address")))


def storage_at(node: Node, params: Params) -> Json:
    address, slot = values.address(params[0], "address"), values.slot(params[1], "position")
    return hex_bytes(_state(node, params, 2).storage(address, slot).to_bytes(32, "big"))


def proof(node: Node, params: Params) -> Json:
    address = values.address(params[0], "address")
    if not isinstance(params[1], list):
        raise invalid_params("storageKeys must be a list")
    slots = [values.slot(key, "storageKeys") for key in cast("list[Any]", params[1])]
    if len(slots) > node.limits.proof_keys:
        raise named(
            LIMIT_EXCEEDED, "too_many_keys", f"ask for at most {node.limits.proof_keys} keys at a time"
        )
    state = _state(node, params, 2)
    account = state.account(address)
    return {
        "address": hex_bytes(address),
        "balance": hex_quantity(account.balance),
        "nonce": hex_quantity(account.nonce),
        "codeHash": hex_bytes(account.code_hash),
        "storageHash": hex_bytes(account.storage_root),
        "accountProof": [hex_bytes(part) for part in state.account_proof(address)],
        "storageProof": [
            {
                "key": hex_quantity(slot),
                "value": hex_quantity(state.storage(address, slot)),
                "proof": [hex_bytes(part) for part in parts],
            }
            for slot, parts in zip(slots, state.storage_proofs(address, slots), strict=True)
        ],
    }


def call(node: Node, params: Params) -> Json:
    _refuse_overrides(params)
    return calls.call(node, params[0], node.block(_reference(params, 1)))


def estimate_gas(node: Node, params: Params) -> Json:
    """In the block that comes next, unless the caller names one: that is where the transaction will be."""
    _refuse_overrides(params)
    return calls.estimate_gas(
        node, params[0], node.block(params[1] if len(params) > 1 and params[1] else "pending").header
    )


def _refuse_overrides(params: Params) -> None:
    if len(params) > 2 and params[2]:
        raise named(SERVER_ERROR, "no_overrides", "state overrides are not supported by this chain")


def _reference(params: Params, place: int) -> Any:
    return params[place] if len(params) > place and params[place] is not None else "latest"


def _state(node: Node, params: Params, place: int) -> StateAt:
    return node.state_at(node.block(_reference(params, place)))
