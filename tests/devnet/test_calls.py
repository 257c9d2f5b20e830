"""Calls, estimates and reading the state, now and as it was."""

from typing import Any

import pytest
from eth_hash.auto import keccak

from ledger.devnet.chain import Devnet
from tests.devnet.conftest import Clock
from tests.devnet.contracts import (
    FORWARDER,
    LOOP,
    NOW,
    REFUSED,
    REGISTER,
    get,
    keep,
    keep_twice,
    through,
    word,
)
from tests.devnet.people import Person, RpcFailure, ask

ZERO_WORD = "0x" + "00" * 32


def call(devnet: Devnet, to: str, payload: bytes, *more: Any, **fields: Any) -> str:
    return ask(devnet.rpc, "eth_call", {"to": to, "data": "0x" + payload.hex()} | fields, *more)


def test_a_call_reads_the_state_of_the_block_that_it_names(
    devnet: Devnet, anna: Person, register: str
) -> None:
    first = anna.send(register, keep(5, 7))
    anna.send(register, keep(5, 8))

    assert int(call(devnet, register, get(5)), 16) == 8
    assert int(call(devnet, register, get(5), "pending"), 16) == 8
    assert int(call(devnet, register, get(5), first["blockNumber"]), 16) == 7
    assert int(call(devnet, register, get(5), {"blockHash": first["blockHash"]}), 16) == 7
    assert int(call(devnet, register, get(5), {"blockNumber": "0x1"}), 16) == 0
    assert call(devnet, register, get(5), "earliest") == "0x"


def test_state_is_read_at_old_blocks_too(devnet: Devnet, anna: Person, register: str) -> None:
    before = hex(devnet.head.block_number)
    anna.send(register, keep(5, 7))

    assert int(ask(devnet.rpc, "eth_getStorageAt", register, "0x5", "latest"), 16) == 7
    assert ask(devnet.rpc, "eth_getStorageAt", register, "0x5", before) == ZERO_WORD
    assert ask(devnet.rpc, "eth_getTransactionCount", anna.address, before) == "0x0"
    assert ask(devnet.rpc, "eth_getCode", register, "0x0") == "0x"
    assert REGISTER.hex().endswith(ask(devnet.rpc, "eth_getCode", register, before)[2:])


def test_a_block_that_is_not_there_is_an_error(devnet: Devnet, register: str) -> None:
    for reference in ("0x99", {"blockHash": "0x" + "ab" * 32}):
        with pytest.raises(RpcFailure, match="header not found") as failure:
            call(devnet, register, get(5), reference)
        assert failure.value.code == "unknown_block"


def test_a_call_has_the_time_of_its_block_and_a_pending_one_has_the_clock(
    devnet: Devnet, clock: Clock, register: str
) -> None:
    mined_at = clock.now
    clock.now += 1_000

    latest, pending = call(devnet, register, NOW), call(devnet, register, NOW, "pending")

    assert latest == "0x" + (word(1) + word(mined_at)).hex()
    assert pending == "0x" + (word(2) + word(clock.now)).hex()


def test_a_revert_is_error_3_with_the_raw_bytes(devnet: Devnet, anna: Person, register: str) -> None:
    for method in ("eth_call", "eth_estimateGas"):
        with pytest.raises(RpcFailure, match="execution reverted") as failure:
            ask(devnet.rpc, method, {"to": register, "input": "0x" + keep(0, 1).hex()})
        assert failure.value.number == 3
        assert failure.value.data == "0x" + (REFUSED + word(0)).hex()


def test_a_revert_with_a_reason_says_it(devnet: Devnet) -> None:
    # Initcode that copies what comes after it to memory and reverts with it: Error("no") as Solidity encodes it.
    reason = bytes.fromhex("08c379a0") + word(32) + word(2) + b"no".ljust(32, b"\0")
    initcode = bytes.fromhex("606480600a5f395ffd00") + reason

    with pytest.raises(RpcFailure, match="execution reverted: no"):
        ask(devnet.rpc, "eth_call", {"data": "0x" + initcode.hex()})


def test_a_call_that_runs_out_of_gas_says_so(devnet: Devnet, anna: Person) -> None:
    loop = anna.deploy(LOOP)

    with pytest.raises(RpcFailure, match="out of gas") as failure:
        call(devnet, loop, b"", gas="0x7530")
    assert failure.value.code == "call_failed"
    with pytest.raises(RpcFailure, match="gas required exceeds allowance"):
        ask(devnet.rpc, "eth_estimateGas", {"to": loop, "gas": "0x7530"})


def test_a_call_changes_nothing(devnet: Devnet, register: str) -> None:
    root = devnet.head.state_root

    call(devnet, register, keep(5, 7))

    assert devnet.head.state_root == root
    assert int(call(devnet, register, get(5)), 16) == 0


def test_a_call_with_more_value_than_the_sender_has_is_refused(
    devnet: Devnet, anna: Person, register: str
) -> None:
    with pytest.raises(RpcFailure) as failure:
        call(devnet, register, get(5), value="0x1", **{"from": anna.address})
    assert failure.value.code == "call_refused"


def _cases(register: str, forwarder: str) -> dict[str, tuple[str | None, bytes]]:
    return {
        "plain": ("0x" + "22" * 20, b""),
        "data": ("0x" + "22" * 20, b"\1" * 500),
        "new slot": (register, keep(900, 1)),
        "two logs": (register, keep_twice(901, 1)),
        "refund": (register, keep(5, 0)),
        "refund and data": (register, keep(5, 0) + b"\1" * 900),
        "inner call": (forwarder, through(register, keep(902, 1))),
        "deployment": (None, REGISTER),
    }


@pytest.mark.parametrize("case", _cases("0x0", "0x0"))
def test_an_estimate_is_enough_and_one_less_is_not(
    devnet: Devnet, anna: Person, register: str, case: str
) -> None:
    anna.send(register, keep(5, 7))
    to, payload = _cases(register, anna.deploy(FORWARDER))[case]
    fields = {"from": anna.address, "data": "0x" + payload.hex()} | ({"to": to} if to else {})

    estimate = int(ask(devnet.rpc, "eth_estimateGas", fields), 16)

    snapshot, nonce = devnet.snapshot(), anna.next_nonce
    assert anna.send(to, payload, gas=estimate)["status"] == "0x1"
    devnet.revert(snapshot)
    anna.next_nonce = nonce
    assert not _succeeds(anna, to, payload, estimate - 1)


def _succeeds(anna: Person, to: str | None, payload: bytes, gas: int) -> bool:
    """Whether it is mined and does what it shall; False also when it may not even be sent with so little."""
    try:
        return anna.send(to, payload, gas=gas)["status"] == "0x1"
    except RpcFailure as refusal:
        if refusal.code != "intrinsic_gas":
            raise
        return False


def test_an_estimate_for_a_failing_transaction_names_the_gas_that_it_may_have(
    devnet: Devnet, register: str
) -> None:
    with pytest.raises(RpcFailure) as failure:
        ask(devnet.rpc, "eth_estimateGas", {"to": register, "data": "0x" + keep(5, 1).hex(), "gas": "0x5300"})
    assert failure.value.number == -32000


def test_state_overrides_are_refused_rather_than_ignored(devnet: Devnet, register: str) -> None:
    with pytest.raises(RpcFailure) as failure:
        call(devnet, register, get(5), "latest", {register: {"balance": "0x1"}})
    assert failure.value.code == "no_overrides"


def test_block_hashes_are_seen_by_contracts(devnet: Devnet) -> None:
    """BLOCKHASH of the block before, as the returned data of initcode."""
    devnet.mine()
    devnet.mine()

    answer = ask(devnet.rpc, "eth_call", {"data": "0x" + "60014303405f5260205ff3"}, "latest")

    parent = ask(devnet.rpc, "eth_getBlockByNumber", "0x1", False)
    assert answer == parent["hash"]
    assert keccak(bytes.fromhex(ask(devnet.rpc, "debug_getRawHeader", "0x1")[2:])).hex() == parent["hash"][2:]
