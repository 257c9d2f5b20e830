"""Asking for logs, and filters that follow the chain."""

from typing import Any

import pytest

from ledger.devnet.chain import Devnet
from ledger.devnet.limits import Limits, Settings
from tests.devnet.contracts import KEPT, REGISTER, keep, keep_twice, word
from tests.devnet.people import Person, RpcFailure, ask


def hexed(value: int) -> str:
    return "0x" + word(value).hex()


TOPIC = "0x" + KEPT.hex()


def get_logs(devnet: Devnet, **question: Any) -> list[dict[str, Any]]:
    if "blockHash" not in question:
        question = {"fromBlock": "earliest"} | question
    return ask(devnet.rpc, "eth_getLogs", question)


def keys_of(logs: list[dict[str, Any]]) -> list[int]:
    return [int(log["topics"][1], 16) for log in logs]


@pytest.fixture
def second_register(lab: Person) -> str:
    return lab.deploy(REGISTER)


def test_the_log_index_counts_through_the_block(devnet: Devnet, anna: Person, register: str) -> None:
    raws = [
        anna.sign(register, payload)
        for payload in (keep_twice(1, 1), keep(0, 1), keep(2, 1), keep_twice(3, 1))
    ]
    for answer in devnet.sequencer.intake.submit_all(raws):
        answer.result()

    logs = get_logs(devnet)

    assert [(int(log["transactionIndex"], 16), int(log["logIndex"], 16)) for log in logs] == [
        (0, 0), (0, 1), (2, 2), (3, 3), (3, 4),
    ]  # fmt: skip
    in_receipts = [
        log for receipt in ask(devnet.rpc, "eth_getBlockReceipts", "latest") for log in receipt["logs"]
    ]
    assert logs == in_receipts


def test_logs_are_found_by_address_and_topics(
    devnet: Devnet, anna: Person, register: str, second_register: str
) -> None:
    for key in (1, 2, 3):
        anna.send(register, keep(key, 1))
        anna.send(second_register, keep(key + 10, 1))

    assert keys_of(get_logs(devnet, address=register)) == [1, 2, 3]
    assert keys_of(get_logs(devnet, address=[register, second_register])) == [1, 11, 2, 12, 3, 13]
    assert keys_of(get_logs(devnet, topics=[TOPIC, [hexed(2), hexed(13)]])) == [2, 13]
    assert keys_of(get_logs(devnet, address=register, topics=[None, hexed(3)])) == [3]
    assert keys_of(get_logs(devnet, topics=[[TOPIC, hexed(1)]])) == [1, 11, 2, 12, 3, 13]
    assert keys_of(get_logs(devnet, topics=[])) == [1, 11, 2, 12, 3, 13]
    assert keys_of(get_logs(devnet, topics=[TOPIC, [None, hexed(2)]])) == [1, 11, 2, 12, 3, 13]
    assert get_logs(devnet, topics=[hexed(1)]) == []
    # Such a log would have three topics, and these have two.
    assert get_logs(devnet, topics=[TOPIC, None, None]) == []


def test_logs_are_found_in_a_range_and_in_one_block(devnet: Devnet, anna: Person, register: str) -> None:
    receipts = [anna.send(register, keep(key, 1)) for key in (1, 2, 3)]
    second = receipts[1]

    assert keys_of(get_logs(devnet, fromBlock=second["blockNumber"])) == [2, 3]
    assert keys_of(get_logs(devnet, toBlock=second["blockNumber"])) == [1, 2]
    assert keys_of(get_logs(devnet, blockHash=second["blockHash"])) == [2]
    assert keys_of(ask(devnet.rpc, "eth_getLogs", {})) == [3]


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ({"blockHash": "0x" + "ab" * 32}, "unknown_block"),
        ({"fromBlock": "0x0", "toBlock": "0x99"}, "beyond_head"),
        ({"fromBlock": "0x99"}, "beyond_head"),
        ({"fromBlock": "0x1", "toBlock": "0x0"}, "invalid_params"),
        ({"blockHash": "0x" + "ab" * 32, "fromBlock": "0x0"}, "invalid_params"),
        ({"address": "0x12"}, "invalid_params"),
        ({"address": {}}, "invalid_params"),
        ({"topics": ["0x12"]}, "invalid_params"),
        ({"topics": [None] * 5}, "invalid_params"),
        ({"topics": [[hexed(1)] * 1001]}, "invalid_params"),
    ],
)
def test_a_question_that_has_no_honest_answer_is_an_error(
    devnet: Devnet, register: str, question: dict[str, Any], code: str
) -> None:
    with pytest.raises(RpcFailure) as failure:
        ask(devnet.rpc, "eth_getLogs", question)
    assert failure.value.code == code


def test_a_question_with_too_long_an_answer_says_where_to_stop() -> None:
    settings = Settings(idle_block_after=None, limits=Limits(log_results=3, log_blocks=100))
    with Devnet.in_memory(settings=settings) as devnet:
        anna = Person(devnet.rpc)
        register = anna.deploy(REGISTER)
        for key in range(1, 5):
            anna.send(register, keep(key, 1))

        with pytest.raises(RpcFailure, match="up to block 4") as failure:
            get_logs(devnet)
        assert (failure.value.number, failure.value.code) == (-32005, "too_many_logs")
        assert len(get_logs(devnet, toBlock="0x4")) == 3

        for _ in range(100):
            devnet.mine()
        with pytest.raises(RpcFailure) as failure:
            get_logs(devnet)
        assert failure.value.code == "too_many_blocks"


def test_a_log_filter_tells_each_log_once(devnet: Devnet, anna: Person, register: str) -> None:
    anna.send(register, keep(1, 1))
    name = ask(devnet.rpc, "eth_newFilter", {"address": register, "fromBlock": "earliest"})
    anna.send(register, keep(2, 1))
    anna.send(register, keep(3, 1))

    assert keys_of(ask(devnet.rpc, "eth_getFilterChanges", name)) == [2, 3]
    assert ask(devnet.rpc, "eth_getFilterChanges", name) == []
    assert keys_of(ask(devnet.rpc, "eth_getFilterLogs", name)) == [1, 2, 3]
    anna.send(register, keep(4, 1))
    assert keys_of(ask(devnet.rpc, "eth_getFilterChanges", name)) == [4]


def test_a_filter_from_the_newest_block_remembers_which_that_was(
    devnet: Devnet, anna: Person, register: str
) -> None:
    anna.send(register, keep(1, 1))
    name = ask(devnet.rpc, "eth_newFilter", {})
    anna.send(register, keep(2, 1))

    assert keys_of(ask(devnet.rpc, "eth_getFilterLogs", name)) == [1, 2]


def test_a_block_filter_tells_hashes(devnet: Devnet) -> None:
    name = ask(devnet.rpc, "eth_newBlockFilter")
    devnet.mine()
    devnet.mine()

    told = ask(devnet.rpc, "eth_getFilterChanges", name)

    assert told == [
        ask(devnet.rpc, "eth_getBlockByNumber", number, False)["hash"] for number in ("0x1", "0x2")
    ]
    assert ask(devnet.rpc, "eth_getFilterChanges", name) == []


def test_a_filter_that_was_uninstalled_is_gone(devnet: Devnet) -> None:
    name = ask(devnet.rpc, "eth_newBlockFilter")

    assert ask(devnet.rpc, "eth_uninstallFilter", name) is True
    assert ask(devnet.rpc, "eth_uninstallFilter", name) is False
    with pytest.raises(RpcFailure, match="filter not found"):
        ask(devnet.rpc, "eth_getFilterChanges", name)


def test_more_filters_than_allowed_are_refused() -> None:
    settings = Settings(idle_block_after=None, limits=Limits(filters=2))
    with Devnet.in_memory(settings=settings) as devnet:
        for _ in range(2):
            ask(devnet.rpc, "eth_newBlockFilter")
        with pytest.raises(RpcFailure) as failure:
            ask(devnet.rpc, "eth_newFilter", {})
        assert failure.value.code == "too_many_filters"
