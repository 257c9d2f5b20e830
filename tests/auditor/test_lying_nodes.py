"""Nodes that lie are named; nodes that are silent, slow or broken leave a gap and never a verdict."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from stoa_audit.report import Exit

from tests.auditor.conftest import Audit, Honest, named
from tests.town import Town

Json = Any
Lie = Callable[[dict[str, Json], Json], Json]
"""Gets the request and the honest result, gives the result that is told."""


class Lying:
    """The city's node, with one method that it does not answer truly."""

    def __init__(self, ask: Callable[[Json], Json], method: str, lie: Lie) -> None:
        self._ask, self._method, self._lie = ask, method, lie

    def __call__(self, payload: Json) -> Json:
        if isinstance(payload, list):
            return [self(one) for one in payload]
        answer = copy.deepcopy(self._ask(payload))
        if payload["method"] == self._method and "result" in answer:
            answer["result"] = self._lie(payload, answer["result"])
        return answer


def told(change: Callable[[Json], Json], *, block: int | None = None) -> Lie:
    """Change the result in place, of every question or of the one about a block."""

    def lie(request: dict[str, Json], result: Json) -> Json:
        if block is None or request["params"][0] == hex(block):
            change(result)
        return result

    return lie


def instead(value: Json) -> Lie:
    return lambda _request, _result: value


def flip(text: str) -> str:
    return text[:-1] + ("0" if text[-1] != "0" else "1")


def alter_log(result: Json) -> None:
    result[40]["data"] = flip(result[40]["data"])


def invent_log(result: Json) -> None:
    result.append({**result[40], "logIndex": hex(999)})


def last_proof_node_flipped(result: Json) -> None:
    for proof in result["storageProof"]:
        proof["proof"] = [flip(node) if index else node for index, node in enumerate(proof["proof"])]


def other_value(result: Json) -> None:
    for proof in result["storageProof"]:
        proof["value"] = "0x1"


LIES: dict[str, tuple[str, Lie, str, str]] = {
    "another chain": ("eth_chainId", instead("0x1"), "node.ledger", "serves chain 1"),
    "another genesis": (
        "eth_getBlockByNumber",
        told(lambda block: block.update(gasLimit="0x1"), block=0),
        "node.ledger",
        "has another genesis block",
    ),
    "another state root": (
        "eth_getBlockByNumber",
        told(lambda block: block.update(stateRoot="0x" + "11" * 32), block=30),
        "node.headers",
        "block 30 of the node: has fields that hash to",
    ),
    "another time": (
        "eth_getBlockByNumber",
        told(lambda block: block.update(timestamp="0x1"), block=31),
        "node.headers",
        "block 31 of the node",
    ),
    "another block hash": (
        "eth_getBlockByNumber",
        told(lambda block: block.update(hash="0x" + "11" * 32), block=32),
        "node.headers",
        "block 32 of the node: names another hash than its fields have",
    ),
    "a field left out of a header": (
        "eth_getBlockByNumber",
        told(lambda block: block.pop("receiptsRoot"), block=33),
        "node.headers",
        "block 33 of the node: INVALID: the field 'receiptsRoot' is missing",
    ),
    "an event concealed": ("eth_getLogs", told(lambda logs: logs.pop(40)), "node.logs", "conceals an event"),
    "the last event concealed": (
        "eth_getLogs",
        told(lambda logs: logs.pop()),
        "node.logs",
        "conceals an event",
    ),
    "an event altered": ("eth_getLogs", told(alter_log), "node.logs", "tells an event otherwise"),
    "an event invented": ("eth_getLogs", told(invent_log), "node.logs", "not in the block"),
    "an event told twice": (
        "eth_getLogs",
        told(lambda logs: logs.append(logs[40])),
        "node.logs",
        "not in the block",
    ),
    "no events": ("eth_getLogs", instead([]), "node.logs", "conceals an event"),
    "events that are none": (
        "eth_getLogs",
        instead({"logs": 3}),
        "node.logs",
        "INVALID: a list of logs is wanted",
    ),
    "a proof of storage altered": (
        "eth_getProof",
        told(last_proof_node_flipped),
        "node.state",
        "INVALID: the proof has no node with the hash",
    ),
    "a proof of storage left out": (
        "eth_getProof",
        told(lambda proof: proof.update(storageProof=[])),
        "node.state",
        "INVALID: the proof has no node with the hash",
    ),
    "a proof of another account": (
        "eth_getProof",
        told(lambda proof: proof.update(accountProof=[])),
        "node.state",
        "INVALID: the proof has no node with the hash",
    ),
    "an answer of a contract altered": (
        "eth_call",
        lambda _request, result: flip(result),
        "node.calls",
        "Settlement.owed() of the node: answers",
    ),
    "an answer cut short": ("eth_call", instead("0x01"), "node.calls", "INVALID: a word is missing"),
    "an answer that is none": ("eth_call", instead(7), "node.calls", "INVALID"),
}


@pytest.mark.parametrize("kind", LIES)
def test_a_lie_of_a_node_is_named(kind: str, honest: Honest, audit: Audit) -> None:
    method, lie, check, fragment = LIES[kind]

    report = audit(honest.bundle, Lying(honest.ask, method, lie))

    assert named(report, check, fragment)
    assert [found.id for found in report.findings] == [check]


def test_values_beside_a_proof_are_not_believed(honest: Honest, audit: Audit) -> None:
    """A node says `value` beside the proof; only what the proof leads to counts."""
    report = audit(honest.bundle, Lying(honest.ask, "eth_getProof", told(other_value)))

    assert report.exit is Exit.HOLDS


@pytest.mark.parametrize(
    ("method", "check"),
    [
        ("eth_chainId", "node.ledger"),
        ("eth_getBlockByNumber", "node.ledger"),
        ("eth_getLogs", "node.logs"),
        ("eth_getProof", "node.state"),
        ("eth_call", "node.calls"),
    ],
)
def test_a_node_that_refuses_leaves_a_gap(method: str, check: str, honest: Honest, audit: Audit) -> None:
    def ask(payload: Json) -> Json:
        if isinstance(payload, list):
            return [ask(one) for one in payload]
        if payload["method"] == method:
            return {
                "jsonrpc": "2.0",
                "id": payload["id"],
                "error": {"code": -32601, "message": "no such method"},
            }
        return honest.ask(payload)

    report = audit(honest.bundle, ask)

    assert report.exit is Exit.INCOMPLETE
    assert "no such method" in report[check].gap


@pytest.mark.parametrize("answer", [None, [], "pardon?", 7, {"result": []}, [{"id": 0}], {"id": 0}])
def test_a_node_that_talks_nonsense_is_no_crash_and_no_good_verdict(
    answer: Json, honest: Honest, audit: Audit
) -> None:
    report = audit(honest.bundle, lambda _payload: answer)

    assert report.exit in {Exit.INCOMPLETE, Exit.WRONG}


def test_a_node_that_is_down_leaves_a_gap(honest: Honest, audit: Audit) -> None:
    def ask(_payload: Json) -> Json:
        raise ConnectionRefusedError

    report = audit(honest.bundle, ask)

    assert report.exit is Exit.INCOMPLETE
    assert report["node.ledger"].gap.startswith("the node does not answer")


def test_a_node_that_lags_behind_leaves_a_gap(honest: Honest, audit: Audit) -> None:
    def lag(request: dict[str, Json], result: Json) -> Json:
        return None if int(request["params"][0], 16) > 100 else result

    report = audit(honest.bundle, Lying(honest.ask, "eth_getBlockByNumber", lag))

    assert report.exit is Exit.INCOMPLETE
    assert "does not have block 101" in report["node.headers"].gap


def test_the_node_of_another_city_is_named(honest: Honest, town: Town, audit: Audit) -> None:
    report = audit(honest.bundle, town.devnet.rpc)

    assert named(report, "node.ledger", "has another genesis block than the city file names")
    assert report["node.logs"].gap == "the node does not serve this city's ledger"


def test_a_node_that_gives_few_events_at_once_is_asked_in_smaller_steps(honest: Honest, audit: Audit) -> None:
    def ask(payload: Json) -> Json:
        if isinstance(payload, list):
            return [ask(one) for one in payload]
        answer = honest.ask(payload)
        if payload["method"] == "eth_getLogs" and len(answer["result"]) > 30:
            return {
                "jsonrpc": "2.0",
                "id": payload["id"],
                "error": {"code": -32005, "message": "too many logs"},
            }
        return answer

    report = audit(honest.bundle, ask)

    assert report.exit is Exit.HOLDS
    assert report["node.logs"].count > 200
