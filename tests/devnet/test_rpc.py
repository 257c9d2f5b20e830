"""JSON-RPC itself: requests, batches, errors, and everything that is none of these."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.devnet.chain import Devnet
from ledger.devnet.limits import Limits, Settings
from ledger.devnet.rpc.methods import METHODS
from tests.devnet.contracts import keep
from tests.devnet.people import Person, RpcFailure, ask

SOMEBODY = "0x" + "11" * 20


def request(method: str, *params: Any, **more: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)} | more


def over_the_wire(devnet: Devnet, body: bytes) -> Any:
    return json.loads(devnet.rpc_bytes(body))


@pytest.mark.parametrize(
    ("body", "number"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 100_000, -32700),
        (b"null", -32600),
        (b"1", -32600),
        (b"[]", -32600),
        (b"{}", -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"eth_chainId"}', -32600),
        (b'{"jsonrpc":"2.0","id":{},"method":"eth_chainId"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":1}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_sendTransaction","params":[{}]}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"evm_snapshot"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":{}}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[1]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":[]}', -32602),
    ],
)
def test_what_is_no_proper_request_gets_the_standard_error(devnet: Devnet, body: bytes, number: int) -> None:
    assert over_the_wire(devnet, body)["error"]["code"] == number


def test_a_batch_is_answered_in_order_with_errors_in_their_places(devnet: Devnet) -> None:
    batch = [request("eth_chainId", id="a"), 1, request("nope", id=3), request("eth_blockNumber", id=4)]

    answers = over_the_wire(devnet, json.dumps(batch).encode())

    assert [(each["id"], "result" in each) for each in answers] == [
        ("a", True),
        (None, False),
        (3, False),
        (4, True),
    ]


def test_a_request_without_an_id_is_carried_out_and_not_answered(devnet: Devnet, anna: Person) -> None:
    silent = {
        "jsonrpc": "2.0",
        "method": "eth_sendRawTransaction",
        "params": ["0x" + anna.sign(SOMEBODY).hex()],
    }

    assert devnet.rpc_bytes(json.dumps(silent).encode()) == b""
    assert devnet.rpc([silent | {"method": "eth_chainId"}]) is None
    assert devnet.head.block_number == 1


def test_too_large_a_body_and_too_long_a_batch_are_refused() -> None:
    limits = Limits(body_bytes=2_000, batch_length=3)
    with Devnet.in_memory(settings=Settings(idle_block_after=None, limits=limits)) as devnet:
        assert over_the_wire(devnet, b" " * 2_001)["error"]["data"] == {"code": "body_too_large"}
        long = json.dumps([request("eth_chainId")] * 4).encode()
        assert over_the_wire(devnet, long)["error"]["data"] == {"code": "batch_too_long"}


def test_the_answers_to_a_batch_have_an_end() -> None:
    with Devnet.in_memory(settings=Settings(idle_block_after=None, limits=Limits(batch_results=3))) as devnet:
        answers: list[dict[str, Any]] = devnet.rpc([request("eth_chainId")] * 5)  # type: ignore[assignment]

    assert ["result" in each for each in answers] == [True, True, True, False, False]
    assert answers[4]["error"]["data"] == {"code": "batch_too_large"}


def test_a_block_is_told_by_number_hash_and_tag(devnet: Devnet, anna: Person, register: str) -> None:
    receipt = anna.send(register, keep(5, 7))
    number, digest = receipt["blockNumber"], receipt["blockHash"]

    block = ask(devnet.rpc, "eth_getBlockByNumber", number, True)

    assert block["hash"] == digest
    assert block == ask(devnet.rpc, "eth_getBlockByHash", digest, True)
    for tag in ("latest", "safe", "finalized"):
        assert ask(devnet.rpc, "eth_getBlockByNumber", tag, True) == block
    assert ask(devnet.rpc, "eth_getBlockByNumber", "earliest", False)["number"] == "0x0"
    assert ask(devnet.rpc, "eth_getBlockByNumber", "0x99", False) is None
    assert ask(devnet.rpc, "eth_getBlockByHash", "0x" + "ab" * 32, False) is None
    pending = ask(devnet.rpc, "eth_getBlockByNumber", "pending", False)
    assert (pending["number"], pending["hash"], pending["parentHash"]) == ("0x3", None, digest)


def test_a_transaction_is_told_the_same_by_every_method(devnet: Devnet, anna: Person, register: str) -> None:
    raw = anna.sign(register, keep(5, 7))
    digest = anna.send_raw(raw)
    block = ask(devnet.rpc, "eth_getBlockByNumber", "latest", True)

    told = ask(devnet.rpc, "eth_getTransactionByHash", digest)

    assert told == block["transactions"][0]
    assert told == ask(devnet.rpc, "eth_getTransactionByBlockNumberAndIndex", block["number"], "0x0")
    assert told == ask(devnet.rpc, "eth_getTransactionByBlockHashAndIndex", block["hash"], "0x0")
    assert ask(devnet.rpc, "eth_getTransactionByBlockNumberAndIndex", block["number"], "0x1") is None
    assert ask(devnet.rpc, "eth_getRawTransactionByHash", digest) == "0x" + raw.hex()
    assert ask(devnet.rpc, "eth_getBlockTransactionCountByHash", block["hash"]) == "0x1"
    assert ask(devnet.rpc, "eth_getTransactionReceipt", "0x" + "ab" * 32) is None
    assert ask(devnet.rpc, "eth_getTransactionByHash", "0x" + "ab" * 32) is None


def test_fees_are_zero_wherever_a_client_asks(devnet: Devnet) -> None:
    devnet.mine()

    assert ask(devnet.rpc, "eth_gasPrice") == "0x0"
    assert ask(devnet.rpc, "eth_maxPriorityFeePerGas") == "0x0"
    history = ask(devnet.rpc, "eth_feeHistory", "0x5", "latest", [25, 75])
    assert history["oldestBlock"] == "0x0"
    assert history["baseFeePerGas"] == ["0x0"] * 3
    assert history["reward"] == [["0x0", "0x0"]] * 2


def test_what_clients_ask_first_is_answered(devnet: Devnet) -> None:
    assert ask(devnet.rpc, "eth_chainId") == hex(1337042)
    assert ask(devnet.rpc, "net_version") == "1337042"
    assert ask(devnet.rpc, "eth_syncing") is False
    assert ask(devnet.rpc, "net_listening") is True
    assert ask(devnet.rpc, "eth_accounts") == []
    assert ask(devnet.rpc, "web3_clientVersion").startswith("Stoa/devnet")


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("eth_getBalance", ["0x12", "latest"]),
        ("eth_getBalance", [SOMEBODY, "newest"]),
        ("eth_getBalance", [SOMEBODY, "0x01"]),
        ("eth_getBalance", [SOMEBODY, {}]),
        ("eth_getBalance", [SOMEBODY, {"blockHash": "0x12"}]),
        ("eth_getBalance", [SOMEBODY, {"blockNumber": {"blockNumber": "0x0"}}]),
        ("eth_getBalance", [SOMEBODY, []]),
        ("eth_getStorageAt", [SOMEBODY, "0x" + "1" * 65, "latest"]),
        ("eth_getBlockByNumber", ["0x" + "f" * 65, False]),
        ("eth_getBlockByNumber", ["0x0", "yes"]),
        ("eth_call", ["0x"]),
        ("eth_call", [{"to": 5}]),
        ("eth_call", [{"to": SOMEBODY, "data": "0x1"}]),
        ("eth_call", [{"to": SOMEBODY, "data": "0x01", "input": "0x02"}]),
        ("eth_call", [{"to": SOMEBODY, "accessList": [1]}]),
        ("eth_feeHistory", [5_000, "latest"]),
        ("eth_getProof", [SOMEBODY, "0x0", "latest"]),
        ("eth_getTransactionReceipt", ["0x12"]),
        ("eth_getTransactionByBlockNumberAndIndex", ["latest", 0]),
    ],
)
def test_a_wrong_parameter_is_named(devnet: Devnet, method: str, params: list[Any]) -> None:
    with pytest.raises(RpcFailure) as failure:
        ask(devnet.rpc, method, *params)
    assert (failure.value.number, failure.value.code) == (-32602, "invalid_params")


PLACES = ["blockHash", "blockNumber", "fromBlock", "toBlock", "address", "topics"]
FIELDS = ["to", "from", "data", "input", "gas", "value", "accessList", "storageKeys", *PLACES]
ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**63), max_value=2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(
        ["0x", "0x0", "0x00", "0x1", "latest", "pending", "earliest", SOMEBODY, "0x" + "ab" * 32, "0xzz"]
    )
    | st.integers(min_value=0, max_value=2**256).map(hex),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=8,
)


@given(
    method=st.sampled_from([*METHODS, "eth_newFilter", "eth_getFilterChanges"]),
    params=st.lists(ODD, max_size=4),
)
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_odd_parameters_never_break_a_method(devnet: Devnet, method: str, params: list[Any]) -> None:
    answer = over_the_wire(devnet, orjson.dumps(request(method, *params)))

    assert "result" in answer or answer["error"]["code"] != -32603, answer


@given(ODD | st.lists(ODD))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_odd_payloads_get_an_answer(devnet: Devnet, payload: Any) -> None:
    answer = over_the_wire(devnet, orjson.dumps(payload))

    for each in answer if isinstance(answer, list) else [answer]:
        assert each["error"]["code"] == -32600


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_odd_bytes_as_a_transaction_are_refused(devnet: Devnet, raw: bytes) -> None:
    for kind in (b"", b"\x01", b"\x02"):
        with pytest.raises(RpcFailure) as refusal:
            ask(devnet.rpc, "eth_sendRawTransaction", "0x" + (kind + raw).hex())
        assert refusal.value.number == -32000


@given(where=st.integers(0, 10_000), change=st.integers(1, 255))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_transaction_is_refused_or_is_somebody_else_s(
    devnet: Devnet, where: int, change: int
) -> None:
    """A changed byte either breaks the transaction or makes it one of an address that nobody has a key of."""
    anna = Person(devnet.rpc)
    raw = bytearray(anna.sign(SOMEBODY, b"some data"))
    raw[where % len(raw)] ^= change
    try:
        digest = anna.send_raw(bytes(raw))
    except RpcFailure as refusal:
        if refusal.number != -32000:
            raise
    else:
        assert ask(devnet.rpc, "eth_getTransactionByHash", digest)["from"] != anna.address.lower()
