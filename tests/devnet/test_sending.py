"""What becomes of a transaction that is sent."""

import threading
from pathlib import Path

import pytest
from eth_account import Account
from eth_hash.auto import keccak

from ledger.devnet.chain import Devnet
from ledger.devnet.door import OpenDoor
from ledger.devnet.limits import Limits, Settings
from ledger.devnet.records import Commit, StoredWaiting
from ledger.devnet.store import Store
from ledger.devnet.transactions import TransactionRefusedError
from tests.devnet.conftest import Clock
from tests.devnet.contracts import DEEP, LOOP, keep
from tests.devnet.people import Person, RpcFailure, ask

SOMEBODY = "0x" + "11" * 20


def test_an_account_without_money_sends_at_price_zero(devnet: Devnet, anna: Person) -> None:
    assert ask(devnet.rpc, "eth_getBalance", anna.address) == "0x0"

    receipt = anna.send(SOMEBODY)

    assert receipt["status"] == "0x1"
    assert receipt["effectiveGasPrice"] == "0x0"


def test_transactions_of_types_0_1_and_2_are_mined(devnet: Devnet, anna: Person, register: str) -> None:
    listed = [{"address": register, "storageKeys": ["0x" + "00" * 31 + "05"]}]
    kinds = [
        anna.send(register, keep(5, 1), gasPrice=0),
        anna.send(register, keep(5, 2), gasPrice=0, type=1, accessList=listed),
        anna.send(register, keep(5, 3), accessList=listed),
    ]

    assert [(each["type"], each["status"]) for each in kinds] == [
        ("0x0", "0x1"),
        ("0x1", "0x1"),
        ("0x2", "0x1"),
    ]
    told = ask(devnet.rpc, "eth_getTransactionByHash", kinds[1]["transactionHash"])
    assert told["accessList"] == [{"address": register, "storageKeys": ["0x" + "00" * 31 + "05"]}]


def test_a_batch_becomes_one_block(devnet: Devnet, anna: Person) -> None:
    batch = [
        {
            "jsonrpc": "2.0",
            "id": number,
            "method": "eth_sendRawTransaction",
            "params": ["0x" + anna.sign(SOMEBODY).hex()],
        }
        for number in range(20)
    ]

    answers = devnet.rpc(batch)

    assert [each["id"] for each in answers] == list(range(20))  # type: ignore[union-attr, index]
    assert ask(devnet.rpc, "eth_getBlockTransactionCountByNumber", "0x1") == hex(20)
    assert devnet.head.block_number == 1


def test_one_bad_transaction_in_a_batch_does_not_fail_the_others(
    devnet: Devnet, anna: Person, lab: Person
) -> None:
    good = [anna.sign(SOMEBODY), lab.sign(SOMEBODY), anna.sign(SOMEBODY)]
    bad = [lab.sign(SOMEBODY, value=10**18), b"\x02junk", anna.sign(SOMEBODY, gas=1_000)]
    payload = [
        {"jsonrpc": "2.0", "id": number, "method": "eth_sendRawTransaction", "params": ["0x" + raw.hex()]}
        for number, raw in enumerate([good[0], bad[0], good[1], bad[1], good[2], bad[2]])
    ]

    answers: list[dict[str, object]] = devnet.rpc(payload)  # type: ignore[assignment]

    assert ["result" in each for each in answers] == [True, False, True, False, True, False]
    assert ask(devnet.rpc, "eth_getBlockTransactionCountByNumber", "latest") == "0x3"


def test_a_waiting_transaction_that_the_evm_refuses_is_dropped_and_the_block_goes_on(tmp_path: Path) -> None:
    """It cannot be sent that way; it can be there after a fault, and must not stop the chain then."""
    settings = Settings(idle_block_after=None)
    with Devnet.open(tmp_path, door=OpenDoor(), settings=settings) as devnet:
        anna, mallory = Person(devnet.rpc), Person(devnet.rpc)
        good, bad = anna.sign(SOMEBODY), mallory.sign(SOMEBODY, value=1)
    store = Store(tmp_path / "chain.sqlite")
    store.commit(
        Commit(now_waiting=[StoredWaiting(keccak(raw), raw, turn) for turn, raw in enumerate([bad, good])])
    )
    store.close()

    with Devnet.open(tmp_path, door=OpenDoor(), settings=settings) as devnet:
        devnet.mine()

        assert ask(devnet.rpc, "eth_getTransactionCount", anna.address, "latest") == "0x1"
        assert ask(devnet.rpc, "eth_getTransactionCount", mallory.address, "pending") == "0x0"
        devnet.send_raw(anna.sign(SOMEBODY))
    store = Store(tmp_path / "chain.sqlite")
    assert store.waiting() == []
    store.close()


def test_a_nonce_gap_is_held_until_it_is_filled(devnet: Devnet, anna: Person) -> None:
    later = anna.sign(SOMEBODY, nonce=1)

    digest = anna.send_raw(later)

    assert ask(devnet.rpc, "eth_getTransactionReceipt", digest) is None
    assert ask(devnet.rpc, "eth_getTransactionByHash", digest)["blockNumber"] is None
    assert ask(devnet.rpc, "eth_getTransactionCount", anna.address, "pending") == "0x0"
    assert devnet.head.block_number == 0

    anna.send_raw(anna.sign(SOMEBODY, nonce=0))

    assert ask(devnet.rpc, "eth_getTransactionReceipt", digest)["status"] == "0x1"
    assert devnet.head.block_number == 1


def test_another_transaction_with_a_waiting_nonce_is_refused(devnet: Devnet, anna: Person) -> None:
    anna.send_raw(anna.sign(SOMEBODY, nonce=3))

    with pytest.raises(RpcFailure, match="replacement transaction underpriced") as refusal:
        anna.send_raw(anna.sign(SOMEBODY, b"other", nonce=3))

    assert refusal.value.code == "nonce_taken"


@pytest.mark.parametrize("nonce", [0, 1])
def test_a_transaction_that_is_known_is_called_so(devnet: Devnet, anna: Person, nonce: int) -> None:
    raw = anna.sign(SOMEBODY, nonce=nonce)
    anna.send_raw(raw)

    with pytest.raises(RpcFailure, match="already known") as refusal:
        anna.send_raw(raw)

    assert refusal.value.code == "already_known"


def test_a_transaction_sent_twice_at_once_is_mined_once(devnet: Devnet, anna: Person) -> None:
    raw = anna.sign(SOMEBODY)
    answers: list[str] = []

    def send() -> None:
        try:
            answers.append("0x" + devnet.send_raw(raw).hex())
        except TransactionRefusedError as refusal:
            answers.append(refusal.code)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers)[1:] == ["already_known"] * 7
    assert devnet.head.block_number == 1


def _unsigned(**changes: object) -> dict[str, object]:
    fields: dict[str, object] = {
        "nonce": 0, "gas": 21_000, "value": 0, "to": SOMEBODY, "chainId": 1337042,
        "maxFeePerGas": 0, "maxPriorityFeePerGas": 0,
    }  # fmt: skip
    return fields | changes


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"chainId": 1}, "wrong_chain"),
        ({"gas": 20_999}, "intrinsic_gas"),
        ({"gas": 30_000_001}, "gas_above_block"),
        ({"value": 1}, "insufficient_funds"),
        ({"maxFeePerGas": 1}, "insufficient_funds"),
        ({"nonce": 5_000}, "nonce_too_high"),
        # EIP-7623: the data costs at least 10 gas per token, more than its intrinsic gas.
        ({"data": b"\1" * 1_000, "gas": 21_000 + 16 * 1_000}, "intrinsic_gas"),
        ({"data": b"\1" * 131_073, "gas": 30_000_000}, "transaction_too_large"),
        ({"data": b"\0" * 49_153, "gas": 30_000_000, "to": b""}, "initcode_too_large"),
    ],
)
def test_a_transaction_that_no_block_may_hold_is_refused(
    devnet: Devnet, changes: dict[str, object], code: str
) -> None:
    raw = Account.create().sign_transaction(_unsigned(**changes)).raw_transaction

    with pytest.raises(RpcFailure) as refusal:
        ask(devnet.rpc, "eth_sendRawTransaction", "0x" + raw.hex())

    assert refusal.value.code == code
    assert devnet.head.block_number == 0


def test_a_transaction_without_a_chain_id_is_refused(devnet: Devnet) -> None:
    unsigned = {"nonce": 0, "gas": 21_000, "gasPrice": 0, "value": 0, "to": SOMEBODY}
    raw = Account.create().sign_transaction(unsigned).raw_transaction

    with pytest.raises(TransactionRefusedError, match="replay-protected"):
        devnet.send_raw(bytes(raw))


@pytest.mark.parametrize("raw", ["0x", "0x03c0", "0x04c0", "0x7f", "0xc0", "0x02", "0x02f8", "0x01c3010203"])
def test_bytes_that_are_no_transaction_are_refused(devnet: Devnet, raw: str) -> None:
    with pytest.raises(RpcFailure) as refusal:
        ask(devnet.rpc, "eth_sendRawTransaction", raw)

    assert refusal.value.code in {"unsupported_type", "malformed_transaction"}


def test_the_other_signature_of_the_same_transaction_is_refused(devnet: Devnet, anna: Person) -> None:
    """s and n - s both verify; only one of them may make a transaction hash (EIP-2)."""
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    raw = anna.sign(SOMEBODY)
    s = int.from_bytes(raw[-32:], "big")
    parity = raw[-67]
    assert parity in (0x01, 0x80)
    twin = raw[:-67] + bytes([0x80 if parity == 1 else 0x01]) + raw[-66:-32] + (order - s).to_bytes(32, "big")

    with pytest.raises(TransactionRefusedError) as refusal:
        devnet.send_raw(twin)

    assert refusal.value.code == "bad_signature"


def test_too_many_waiting_transactions_of_one_sender_are_refused(clock: Clock) -> None:
    settings = Settings(idle_block_after=None, limits=Limits(waiting_per_sender=3))
    with Devnet.in_memory(settings=settings, clock=clock) as devnet:
        mallory = Person(devnet.rpc)
        for nonce in (1, 2, 3):
            mallory.send_raw(mallory.sign(SOMEBODY, nonce=nonce))

        with pytest.raises(RpcFailure) as refusal:
            mallory.send_raw(mallory.sign(SOMEBODY, nonce=4))

        assert refusal.value.code == "pool_full"


def test_what_does_not_fit_in_a_block_is_in_the_next_and_the_base_fee_stays_zero(
    devnet: Devnet, anna: Person
) -> None:
    """Ten of these fill 28 of the 30 million gas that a block may have."""
    large = [anna.sign(SOMEBODY, b"\1" * 70_000, gas=3_000_000) for _ in range(12)]

    digests = [answer.result().hex() for answer in devnet.sequencer.intake.submit_all(large)]
    devnet.mine()

    mined_in = [ask(devnet.rpc, "eth_getTransactionReceipt", "0x" + each)["blockNumber"] for each in digests]
    assert mined_in == ["0x1"] * 10 + ["0x2"] * 2
    assert int(ask(devnet.rpc, "eth_getBlockByNumber", "0x1", False)["gasUsed"], 16) > 28_000_000
    assert ask(devnet.rpc, "eth_getBlockByNumber", "0x2", False)["baseFeePerGas"] == "0x0"


def test_a_transaction_that_uses_up_its_gas_is_mined_as_failed(devnet: Devnet, anna: Person) -> None:
    receipt = anna.send(anna.deploy(LOOP), gas=200_000)

    assert receipt["status"] == "0x0"
    assert receipt["gasUsed"] == hex(200_000)


def test_a_contract_that_calls_itself_to_the_end_of_its_gas_is_mined(devnet: Devnet, anna: Person) -> None:
    receipt = anna.send(anna.deploy(DEEP), gas=10_000_000)

    assert receipt["status"] == "0x1"


def test_a_snapshot_is_come_back_to_again_and_again(devnet: Devnet, anna: Person, register: str) -> None:
    anna.send_raw(anna.sign(SOMEBODY, nonce=1))
    snapshot, head = devnet.snapshot(), devnet.head.hash

    for value in (7, 8):
        anna.next_nonce = 0
        anna.send(register, keep(5, value))
        assert int(ask(devnet.rpc, "eth_getStorageAt", register, "0x5", "latest"), 16) == value
        assert ask(devnet.rpc, "eth_getTransactionCount", anna.address, "latest") == "0x2"

        devnet.revert(snapshot)

        assert devnet.head.hash == head
        assert int(ask(devnet.rpc, "eth_getStorageAt", register, "0x5", "latest"), 16) == 0
        assert ask(devnet.rpc, "eth_getLogs", {"fromBlock": "earliest"}) == []
